"""Advice for agents: what could be improved, and what was decided about it."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from orcaops.interfaces.mcp.call import BY, Call
from orcaops.interfaces.mcp.jobs import Cursor, Limit
from orcaops.interfaces.mcp.tool import Asked, tool
from orcaops.model.identity import Id
from orcaops.model.query import Page
from orcaops.model.recommendation import Recommendation


class RecommendationsAsked(Asked):
    """Which recommendations."""

    state: Literal["open", "dismissed", "applied", "all"] = "open"
    limit: Limit = 20
    cursor: Cursor = None


class DecisionAsked(Asked):
    """What to decide about a recommendation."""

    recommendation_id: Id
    decision: Literal["dismiss", "apply"]
    reason: Annotated[str, StringConstraints(max_length=4096, pattern=r"^[^\x00]*$")] | None = Field(
        None, description="Why; required for `dismiss`."
    )


@tool("What could be improved")
async def get_recommendations(call: Call, asked: RecommendationsAsked) -> Page[Recommendation]:
    """Changes worth making, the most worthwhile first: what, why, how much it brings, and the proof."""
    return await call.ask(
        call.house.advice.recommendations,
        call.workspace(asked.workspace),
        state=None if asked.state == "all" else asked.state,
        limit=asked.limit,
        cursor=asked.cursor,
    )


@tool("Decide about a recommendation", writes=True)
async def decide_recommendation(call: Call, asked: DecisionAsked) -> Recommendation:
    """Dismiss a recommendation, with a reason, or note that it has been applied, as of now.

    Applying changes no job by itself: change the job first, then note it here.
    """
    advice, place = call.house.advice, (call.workspace(asked.workspace), asked.recommendation_id)
    if asked.decision == "apply":
        return await call.ask(advice.apply, *place, by=BY)
    return await call.ask(advice.dismiss, *place, by=BY, reason=asked.reason or "")


TOOLS = (get_recommendations, decide_recommendation)
