"""Upkeep over HTTP: whether the server lives, whether it is ready, and its figures."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field

from orcaops.interfaces.rest.arguments import House
from orcaops.interfaces.rest.contract import answers
from orcaops.interfaces.rest.jobs import shown
from orcaops.interfaces.rest.metrics import MEDIA_TYPE, Metrics
from orcaops.model.errors import unavailable

router = APIRouter(tags=["server"])


class Alive(BaseModel):
    """That the server answers at all."""

    status: Literal["alive"] = "alive"


class Ready(BaseModel):
    """That the server can do its work; ``degraded`` names what it does without."""

    status: Literal["ready"] = "ready"
    degraded: tuple[str, ...] = Field(
        description="Parts that fail, such as a learner or an executor, while other jobs go on."
    )


@router.get("/healthz", operation_id="isAlive", summary="Is it alive?", response_model=Alive)
async def is_alive() -> Response:
    """Answers as long as the process does. Needs no token."""
    return shown(Alive())


@router.get(
    "/readyz",
    operation_id="isReady",
    summary="Is it ready?",
    response_model=Ready,
    responses={503: answers(503)[503]},
)
def is_ready(house: House) -> Response:
    """Whether jobs can be accepted: the store answers and the queue is worked off. Needs no token."""
    failing = house.upkeep.health()
    if "store" in failing:
        raise unavailable("the store does not answer", where="store", hint="`orcaops doctor` says more.")
    if not house.dispatcher.started:
        raise unavailable(
            "the queue is not worked off", where="queue", hint="The server is starting or ending."
        )
    return shown(Ready(degraded=tuple(sorted(failing))))


@router.get(
    "/metrics",
    operation_id="getMetrics",
    summary="Figures for Prometheus",
    responses=answers(503)
    | {200: {"description": "Figures.", "content": {"text/plain": {"schema": {"type": "string"}}}}},
    response_class=Response,
)
def get_metrics(request: Request) -> Response:
    """Runs by status, how many wait and run, how far learning is behind, and how requests were answered."""
    metrics: Metrics = request.app.state.metrics
    return Response(metrics.text(), media_type=MEDIA_TYPE)
