"""Failures over HTTP: a failed job explained, and the failures that are known."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from orcaops.interfaces.rest.arguments import House, InWorkspace, JobId, PageAsked, SearchText
from orcaops.interfaces.rest.contract import answers
from orcaops.interfaces.rest.jobs import shown
from orcaops.model.debug import DebugAnalysis
from orcaops.model.pattern import FailurePattern
from orcaops.model.query import Page

router = APIRouter(tags=["failures"])


class PatternsAsked(PageAsked):
    """Which known failures."""

    q: SearchText = Field("", description="A part of the id, the category or the title.")


@router.get(
    "/jobs/{job_id}/debug",
    operation_id="debugJob",
    summary="Explain a failed job",
    response_model=DebugAnalysis,
    responses=answers(404, 422, 503),
)
def debug_job(house: House, job_id: JobId, asked: InWorkspace) -> Response:
    """Likely causes with quotations from the log, what helps, similar failures, and what to do next.

    Bounded whatever the size of the log. Quotations are data of the job, checked against the stored log.
    """
    return shown(house.failures.debug(asked.workspace, job_id))


@router.get(
    "/patterns",
    operation_id="listPatterns",
    summary="List known failures",
    response_model=Page[FailurePattern],
    responses=answers(404, 422, 503),
)
def list_patterns(house: House, asked: Annotated[PatternsAsked, Query()]) -> Response:
    """The failures that are known, by id, with their solutions."""
    return shown(house.failures.patterns(text=asked.q, limit=asked.limit, cursor=asked.cursor))
