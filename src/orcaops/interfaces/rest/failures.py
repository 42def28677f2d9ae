"""Failures over HTTP: failures like that of a job."""

from fastapi import APIRouter, Response

from orcaops.interfaces.rest.arguments import House, InWorkspace, JobId
from orcaops.interfaces.rest.contract import answers
from orcaops.interfaces.rest.jobs import shown
from orcaops.model.debug import PastFailure
from orcaops.model.query import Page

router = APIRouter(tags=["failures"])


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
