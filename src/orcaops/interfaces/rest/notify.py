"""Telling over HTTP: what is on its way to people, and whether the channels work."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from orcaops.interfaces.rest.arguments import House, InWorkspace, PageAsked, SearchText
from orcaops.interfaces.rest.contract import answers
from orcaops.interfaces.rest.jobs import shown
from orcaops.interfaces.rest.once import Once
from orcaops.model.notice import Delivery, DeliveryState, Reached
from orcaops.model.query import Page
from orcaops.model.word import Word

router = APIRouter(tags=["insights"])


class DeliveriesAsked(PageAsked):
    """Which deliveries."""

    q: SearchText = Field("", description="A part of the title or the channel; `*` stands for anything.")
    state: DeliveryState | None = Field(None, description="`failed` is what was given up.")


class Retried(Word):
    """How many notices are tried again."""

    count: int


@router.get(
    "/notices",
    operation_id="listNotices",
    summary="List notices on their way to people",
    response_model=Page[Delivery],
    responses=answers(404, 422, 503),
)
def list_notices(house: House, asked: Annotated[DeliveriesAsked, Query()]) -> Response:
    """What was or is on its way, one entry for each channel, latest first."""
    return shown(
        house.telling.deliveries(
            asked.workspace, state=asked.state, text=asked.q, limit=asked.limit, cursor=asked.cursor
        )
    )


@router.post(
    "/notices/retry",
    operation_id="retryNotices",
    summary="Try undelivered notices again",
    response_model=Retried,
    responses=answers(409, 422, 503),
)
def retry_notices(house: House, once: Once, asked: InWorkspace) -> Response:
    """Let everything that was given up be tried again."""

    def retried(workspace: str) -> Retried:
        return Retried(count=house.telling.retry(workspace))

    return once(retried, asked.workspace)


@router.post(
    "/notices/test",
    operation_id="testNotices",
    summary="Send a test notice",
    response_model=Page[Reached],
    responses=answers(409, 422, 503),
)
def send_test_notice(house: House, once: Once, asked: InWorkspace) -> Response:
    """Send a test notice through every channel at once, and say what became of it."""

    def sent(workspace: str) -> Page[Reached]:
        found = house.telling.test(workspace)
        return Page[Reached](items=tuple(found), total=len(found))

    return once(sent, asked.workspace)
