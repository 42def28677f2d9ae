"""Advice over HTTP: recommendations, and what people decide about them."""

from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from orcaops.interfaces.rest.arguments import (
    House,
    InPages,
    InWorkspace,
    JsonBody,
    NoteText,
    PageAsked,
    SearchText,
    parsed,
)
from orcaops.interfaces.rest.contract import answers, body_of
from orcaops.interfaces.rest.jobs import BY, shown
from orcaops.interfaces.rest.once import Once
from orcaops.model.identity import Id
from orcaops.model.query import Page, page_of
from orcaops.model.recommendation import Nearly, Recommendation
from orcaops.model.word import Word

router = APIRouter(tags=["advice"])

RecommendationId = Annotated[Id, Path(description="Id of a recommendation.")]


class AdviceAsked(PageAsked):
    """Which recommendations."""

    q: SearchText = Field("", description="A part of the key; `*` stands for anything.")
    state: Literal["open", "dismissed", "applied", "all"] = Field("open", description="What was decided.")


class Dismissal(Word):
    """Why a recommendation is not taken."""

    reason: Annotated[NoteText, Field(min_length=1, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]


@router.get(
    "/recommendations",
    operation_id="listRecommendations",
    summary="List recommendations",
    response_model=Page[Recommendation],
    responses=answers(404, 422, 503),
)
def list_recommendations(house: House, asked: Annotated[AdviceAsked, Query()]) -> Response:
    """What could be improved, the most worthwhile first."""
    state = None if asked.state == "all" else asked.state
    return shown(
        house.advice.recommendations(
            asked.workspace, state=state, text=asked.q, limit=asked.limit, cursor=asked.cursor
        )
    )


@router.get(
    "/recommendations/nearly",
    operation_id="listNearlyAdvised",
    summary="List jobs that are advised soon",
    response_model=Page[Nearly],
    responses=answers(404, 422, 503),
)
def list_nearly_advised(house: House, asked: InPages) -> Response:
    """Jobs that have run, and not often enough yet for advice: how many runs they have of those needed."""
    found = house.advice.nearly(asked.workspace)
    return shown(
        page_of(found, limit=asked.limit, cursor=asked.cursor, text=asked.q, told=lambda each: [each.key])
    )


@router.get(
    "/recommendations/{recommendation_id}",
    operation_id="getRecommendation",
    summary="Look up a recommendation",
    response_model=Recommendation,
    responses=answers(404, 422, 503),
)
def get_recommendation(house: House, recommendation_id: RecommendationId, asked: InWorkspace) -> Response:
    """One change worth making, with its evidence."""
    return shown(house.advice.recommendation(asked.workspace, recommendation_id))


@router.post(
    "/recommendations/{recommendation_id}/dismiss",
    operation_id="dismissRecommendation",
    summary="Dismiss a recommendation",
    response_model=Recommendation,
    responses=answers(404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(Dismissal),
)
def dismiss_recommendation(
    house: House,
    once: Once,
    recommendation_id: RecommendationId,
    body: JsonBody,
    asked: InWorkspace,
) -> Response:
    """Say no to it, and why."""
    reason = parsed(Dismissal, body).reason
    return once(house.advice.dismiss, asked.workspace, recommendation_id, by=BY, reason=reason)


@router.post(
    "/recommendations/{recommendation_id}/apply",
    operation_id="applyRecommendation",
    summary="Mark a recommendation as applied",
    response_model=Recommendation,
    responses=answers(404, 409, 422, 503),
)
def apply_recommendation(
    house: House,
    once: Once,
    recommendation_id: RecommendationId,
    asked: InWorkspace,
) -> Response:
    """Carry it out where OrcaOps can, and note that it applies; `effect` will say what it brought."""
    return once(house.advice.apply, asked.workspace, recommendation_id, by=BY)


@router.post(
    "/recommendations/{recommendation_id}/try",
    operation_id="tryRecommendation",
    summary="Try a recommendation on a real run",
    response_model=Recommendation,
    responses=answers(403, 404, 409, 422, 503),
)
def try_recommendation(
    house: House,
    once: Once,
    recommendation_id: RecommendationId,
    asked: InWorkspace,
) -> Response:
    """Run the job once as proposed. Nothing is learned from that run; what it showed stands in `trial`."""
    return once(house.advice.try_out, asked.workspace, recommendation_id, by=BY)
