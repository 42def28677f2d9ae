"""What stands ready, and what is planned, over HTTP."""

from fastapi import APIRouter, Response

from orcaops.interfaces.rest.arguments import House, InWorkspace
from orcaops.interfaces.rest.contract import answers
from orcaops.interfaces.rest.jobs import shown
from orcaops.model.readiness import WarmPlan, WarmStatus

router = APIRouter(tags=["advice"])


@router.get(
    "/warm",
    operation_id="getWarmStatus",
    summary="See what stands ready",
    response_model=WarmStatus,
    responses=answers(422, 503),
)
def get_warm_status(house: House, asked: InWorkspace) -> Response:
    """Containers that stand ready, the budget, and what they have brought in seven days."""
    return shown(house.warming.status(asked.workspace))


@router.get(
    "/warm/plan",
    operation_id="getWarmPlan",
    summary="See what would be held ready",
    response_model=WarmPlan,
    responses=answers(422, 503),
)
def get_warm_plan(house: House, asked: InWorkspace) -> Response:
    """What is expected of each image, what would be held for it now, and why."""
    return shown(house.warming.plan(asked.workspace))
