"""Failures over HTTP: a failed job explained, and failures like it."""

from fastapi import APIRouter, Response

from orcaops.interfaces.rest.arguments import House, InWorkspace, JobId
from orcaops.interfaces.rest.contract import answers
from orcaops.interfaces.rest.jobs import shown
from orcaops.model.debug import DebugAnalysis, PastFailure
from orcaops.model.query import Page

router = APIRouter(tags=["failures"])


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
    "/jobs/{job_id}/similar",
    operation_id="listSimilarFailures",
    summary="List failures like that of a job",
    response_model=Page[PastFailure],
    responses=answers(404, 422, 503),
)
def list_similar(house: House, job_id: JobId, asked: InWorkspace) -> Response:
    """Earlier failures of any job that are the same or read alike, and the success that ended each."""
    found = house.knowledge.similar(asked.workspace, job_id)
    return shown(Page[PastFailure](items=found, total=len(found)))
