"""How the knowledge base grows, over HTTP: coverage, and proposals that people decide about."""

from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import Field

from orcaops.interfaces.rest.arguments import (
    House,
    InPages,
    InWorkspace,
    JsonBody,
    NoteText,
    parsed,
)
from orcaops.interfaces.rest.contract import answers, body_of
from orcaops.interfaces.rest.jobs import BY, shown
from orcaops.interfaces.rest.once import Once
from orcaops.model.identity import Id
from orcaops.model.pattern import FailurePattern, KnowledgeCoverage, PatternProposal, ProposalEdited
from orcaops.model.query import Page, page_of
from orcaops.model.word import Word

router = APIRouter(tags=["failures"])

ProposalId = Annotated[Id, Path(description="Id of a proposed pattern.")]


class ProposalDismissed(Word):
    """Why a proposed pattern is none."""

    reason: Annotated[NoteText, Field(min_length=1, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]


@router.get(
    "/knowledge/coverage",
    operation_id="getCoverage",
    summary="How much of what failed is explained",
    response_model=KnowledgeCoverage,
    responses=answers(422, 503),
)
def get_coverage(house: House, asked: InWorkspace) -> Response:
    """The share of failures that a specific pattern explains, by which, and the largest other groups."""
    return shown(house.knowledge.coverage(asked.workspace))


@router.get(
    "/knowledge/proposals",
    operation_id="listProposals",
    summary="List proposed patterns",
    response_model=Page[PatternProposal],
    responses=answers(404, 422, 503),
)
def list_proposals(house: House, asked: InPages) -> Response:
    """Failures that recur and that nothing explains, as patterns that a person may accept."""
    found = house.knowledge.proposals(asked.workspace)
    return shown(
        page_of(
            found,
            limit=asked.limit,
            cursor=asked.cursor,
            text=asked.q,
            told=lambda each: [each.title, each.category, each.signature],
        )
    )


@router.post(
    "/knowledge/proposals/{proposal_id}/accept",
    operation_id="acceptProposal",
    summary="Make a proposal a pattern",
    response_model=FailurePattern,
    responses=answers(404, 409, 422, 503),
)
def accept_proposal(
    house: House,
    once: Once,
    proposal_id: ProposalId,
    asked: InWorkspace,
) -> Response:
    """From now on it is a known failure, of the past too."""
    return once(house.knowledge.accept, asked.workspace, proposal_id, by=BY)


@router.post(
    "/knowledge/proposals/{proposal_id}/dismiss",
    operation_id="dismissProposal",
    summary="Dismiss a proposal",
    response_model=PatternProposal,
    responses=answers(404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(ProposalDismissed),
)
def dismiss_proposal(
    house: House,
    once: Once,
    proposal_id: ProposalId,
    body: JsonBody,
    asked: InWorkspace,
) -> Response:
    """Say no to it, and why: it is not made again."""
    reason = parsed(ProposalDismissed, body).reason
    return once(house.knowledge.dismiss, asked.workspace, proposal_id, by=BY, reason=reason)


@router.post(
    "/knowledge/proposals/{proposal_id}/edit",
    operation_id="editProposal",
    summary="Change a proposal",
    response_model=PatternProposal,
    responses=answers(404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(ProposalEdited),
)
def edit_proposal(
    house: House,
    once: Once,
    proposal_id: ProposalId,
    body: JsonBody,
    asked: InWorkspace,
) -> Response:
    """Change its expression, title, category or advice before it is accepted."""
    edits = parsed(ProposalEdited, body)
    return once(house.knowledge.edit, asked.workspace, proposal_id, edits, by=BY)
