"""Failures over HTTP: failures like that of a job."""

from fastapi import APIRouter, Response

from orcaops.interfaces.rest.arguments import House, InPages, JobId
from orcaops.interfaces.rest.contract import answers
from orcaops.interfaces.rest.jobs import shown
from orcaops.model.debug import PastFailure
from orcaops.model.query import Page, page_of

router = APIRouter(tags=["failures"])


@router.get(
    "/jobs/{job_id}/similar",
    operation_id="listSimilarFailures",
    summary="List failures like that of a job",
    response_model=Page[PastFailure],
    responses=answers(404, 422, 503),
)
def list_similar(house: House, job_id: JobId, asked: InPages) -> Response:
    """Earlier failures of any job that are the same or read alike, and the success that ended each."""
    found = house.knowledge.similar(asked.workspace, job_id)
    return shown(
        page_of(
            found,
            limit=asked.limit,
            cursor=asked.cursor,
            text=asked.q,
            told=lambda each: [each.text, each.job_id],
        )
    )
