"""Tests over HTTP: what became of the tests inside a job."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from orcaops.interfaces.rest.arguments import House, JobId, PageAsked, SearchText
from orcaops.interfaces.rest.contract import answers
from orcaops.interfaces.rest.jobs import shown
from orcaops.model.query import Page
from orcaops.model.test_case import TestCase
from orcaops.services.test_results import Wanted

router = APIRouter(tags=["jobs"])


class TestsAsked(PageAsked):
    """Which tests."""

    q: SearchText = Field("", description="A part of the id or the message; `*` stands for anything.")
    status: Wanted | None = Field(None, description="Only these; `failed` are those that erred, too.")


@router.get(
    "/jobs/{job_id}/tests",
    operation_id="listTests",
    summary="List the tests inside a job",
    response_model=Page[TestCase],
    responses=answers(404, 422, 503),
)
def list_tests(house: House, job_id: JobId, asked: Annotated[TestsAsked, Query()]) -> Response:
    """What became of each test, as a report or the output named it: what failed first.

    Empty where the job had no tests, or its runner only counted them: the record's `tests` says which.
    """
    return shown(
        house.tests.page(
            asked.workspace,
            job_id,
            status=asked.status,
            text=asked.q,
            limit=asked.limit,
            cursor=asked.cursor,
        )
    )
