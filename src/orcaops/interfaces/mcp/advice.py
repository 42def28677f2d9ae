"""Advice for agents: what could be improved, and what was decided about it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from orcaops.interfaces.mcp.call import BY, Call
from orcaops.interfaces.mcp.jobs import Cursor, Limit
from orcaops.interfaces.mcp.tool import Asked, tool
from orcaops.model.identity import Id
from orcaops.model.query import Page
from orcaops.model.recommendation import Nearly, Recommendation


class RecommendationsAsked(Asked):
    """Which recommendations."""

    state: Literal["open", "dismissed", "applied", "all"] = "open"
    limit: Limit = 20
    cursor: Cursor = None


class Advised(Page[Recommendation]):
    """A page of recommendations, and the jobs that are advised soon."""

    nearly: tuple[Nearly, ...] = ()


class DecisionAsked(Asked):
    """What to decide about a recommendation."""

    recommendation_id: Id
    decision: Literal["dismiss", "apply", "try"]
    reason: Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")] | None = Field(
        None, description="Why; required for `dismiss`."
    )


@tool("What could be improved")
async def get_recommendations(call: Call, asked: RecommendationsAsked) -> Advised:
    """Changes worth making, the most worthwhile first: what, why, how much it brings, and the proof.

    An applied one has its `effect`; `nearly` names jobs with too few runs yet.
    """
    workspace = call.workspace(asked.workspace)
    page = await call.ask(
        call.house.advice.recommendations,
        workspace,
        state=None if asked.state == "all" else asked.state,
        limit=asked.limit,
        cursor=asked.cursor,
    )
    nearly = await call.ask(call.house.advice.nearly, workspace)
    return Advised(items=page.items, next_cursor=page.next_cursor, total=page.total, nearly=tuple(nearly))


@tool("Decide about a recommendation", writes=True)
async def decide_recommendation(call: Call, asked: DecisionAsked) -> Recommendation:
    """Dismiss a recommendation with a reason, apply it, or try it once on a real run (see `trial`).

    Applying edits no job: `remark` says what is left to do by hand.
    """
    advice, place = call.house.advice, (call.workspace(asked.workspace), asked.recommendation_id)
    if asked.decision == "apply":
        return await call.ask(advice.apply, *place, by=BY)
    if asked.decision == "try":
        return await call.ask(advice.try_out, *place, by=BY)
    return await call.ask(advice.dismiss, *place, by=BY, reason=asked.reason or "")


TOOLS = (get_recommendations, decide_recommendation)
