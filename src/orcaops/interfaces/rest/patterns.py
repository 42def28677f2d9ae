"""Patterns over HTTP: the failures that are known, their solutions, and what is taught."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from orcaops.interfaces.rest.arguments import (
    House,
    InPages,
    InWorkspace,
    JsonBody,
    PageAsked,
    SearchText,
    parsed,
)
from orcaops.interfaces.rest.contract import answers, body_of
from orcaops.interfaces.rest.jobs import BY, shown
from orcaops.interfaces.rest.once import Once
from orcaops.model.identity import Id
from orcaops.model.pattern import FailurePattern, KnowledgeDocument, KnowledgeImported, PatternTaught
from orcaops.model.query import Page, page_of
from orcaops.model.solution import Effect, FeedbackGiven, Solution, SolutionTaught

router = APIRouter(tags=["failures"])

PatternId = Annotated[Id, Path(description="Id of a known failure.")]
SolutionId = Annotated[Id, Path(description="Id of a solution.")]


class PatternsAsked(PageAsked):
    """Which known failures."""

    q: SearchText = Field("", description="A part of the id, the category, the title or the source.")


@router.get(
    "/patterns",
    operation_id="listPatterns",
    summary="List known failures",
    response_model=Page[FailurePattern],
    responses=answers(404, 422, 503),
)
def list_patterns(house: House, asked: Annotated[PatternsAsked, Query()]) -> Response:
    """The failures that are known, by id, with how many failed jobs each explains."""
    return shown(
        house.knowledge.patterns(asked.workspace, text=asked.q, limit=asked.limit, cursor=asked.cursor)
    )


@router.post(
    "/patterns",
    operation_id="teachPattern",
    summary="Teach a failure",
    response_model=FailurePattern,
    responses=answers(409, 413, 415, 422, 503),
    openapi_extra=body_of(PatternTaught),
)
def teach_pattern(house: House, once: Once, body: JsonBody, asked: InWorkspace) -> Response:
    """Keep a pattern for the failures of a workspace, or change one that was taught.

    It must match its examples, and is applied to past failures at once.
    """
    taught = parsed(PatternTaught, body)
    return once(house.knowledge.teach, asked.workspace, taught, by=BY)


@router.get(
    "/patterns/{pattern_id}",
    operation_id="getPattern",
    summary="Look up a known failure",
    response_model=FailurePattern,
    responses=answers(404, 422, 503),
)
def get_pattern(house: House, pattern_id: PatternId, asked: InWorkspace) -> Response:
    """One known failure, with how many failed jobs it explains."""
    return shown(house.knowledge.pattern(asked.workspace, pattern_id))


@router.delete(
    "/patterns/{pattern_id}",
    operation_id="forgetPattern",
    summary="Let go of a taught failure",
    status_code=204,
    response_class=Response,
    responses=answers(404, 422, 503),
)
def forget_pattern(house: House, pattern_id: PatternId, asked: InWorkspace) -> Response:
    """Forget a pattern that was taught; shipped ones stay."""
    house.knowledge.forget(asked.workspace, pattern_id, by=BY)
    return Response(status_code=204)


@router.get(
    "/patterns/{pattern_id}/solutions",
    operation_id="listSolutions",
    summary="List solutions of a known failure",
    response_model=Page[Solution],
    responses=answers(404, 422, 503),
)
def list_solutions(house: House, pattern_id: PatternId, asked: InPages) -> Response:
    """What may help, with how often each was followed by success, best first."""
    found = house.knowledge.solutions(asked.workspace, pattern_id)
    return shown(
        page_of(found, limit=asked.limit, cursor=asked.cursor, text=asked.q, told=lambda each: [each.text])
    )


@router.post(
    "/solutions",
    operation_id="teachSolution",
    summary="Teach a solution",
    response_model=Solution,
    responses=answers(404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(SolutionTaught),
)
def teach_solution(house: House, once: Once, body: JsonBody, asked: InWorkspace) -> Response:
    """Keep advice for a known failure or for one signature of failures."""
    given = parsed(SolutionTaught, body)
    return once(house.knowledge.teach_solution, asked.workspace, given, by=BY)


@router.post(
    "/solutions/{solution_id}/feedback",
    operation_id="giveFeedback",
    summary="Say whether a solution helped",
    response_model=Effect,
    responses=answers(404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(FeedbackGiven),
)
def give_feedback(
    house: House,
    once: Once,
    solution_id: SolutionId,
    body: JsonBody,
    asked: InWorkspace,
) -> Response:
    """Count for or against a solution; answers with what people have said of it so far."""
    given = parsed(FeedbackGiven, body)
    return once(
        house.knowledge.feedback,
        asked.workspace,
        solution_id,
        helped=given.helped,
        job_id=given.job_id,
        note=given.note,
        by=BY,
    )


@router.get(
    "/knowledge",
    operation_id="exportKnowledge",
    summary="Export what was taught",
    response_model=KnowledgeDocument,
    responses=answers(422, 503),
)
def export_knowledge(house: House, asked: InWorkspace) -> Response:
    """Taught patterns and solutions as one document, to be imported elsewhere."""
    return shown(house.knowledge.export(asked.workspace))


@router.post(
    "/knowledge",
    operation_id="importKnowledge",
    summary="Import what was taught elsewhere",
    response_model=KnowledgeImported,
    responses=answers(409, 413, 415, 422, 503),
    openapi_extra=body_of(KnowledgeDocument),
)
def import_knowledge(house: House, once: Once, body: JsonBody, asked: InWorkspace) -> Response:
    """Teach what a document holds; the same twice adds nothing, and what cannot be used is named."""
    document = parsed(KnowledgeDocument, body)
    return once(house.knowledge.import_, asked.workspace, document, by=BY)
