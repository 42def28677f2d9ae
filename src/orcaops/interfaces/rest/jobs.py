"""Jobs over HTTP: submit, look up, wait for, cancel, run again, and what they left."""

from typing import Annotated

import anyio
from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.responses import FileResponse

from orcaops.interfaces.rest.arguments import (
    Asked,
    House,
    InPages,
    InWorkspace,
    JobId,
    JsonBody,
    NoQuery,
    PageAsked,
    SearchText,
    in_waiting_thread,
    parsed,
)
from orcaops.interfaces.rest.contract import answers, body_of
from orcaops.interfaces.rest.once import IdempotencyKey, Once
from orcaops.model.job import JobSpec
from orcaops.model.query import Page, page_of
from orcaops.model.run import Artifact, Run
from orcaops.model.summary import Summary

router = APIRouter(tags=["jobs"])

LONGEST_WAIT_S = 60.0
_SLICE_S = 1.0  # how soon a wait ends when the server does

BY = "rest"
"""Whose decisions these are, until people have names."""


class SearchAsked(Asked):
    """What to look for."""

    q: SearchText = Field(
        "",
        description="Search, e.g. `status:failed image:python* duration:>60 label:team=a words of the log`.",
    )


class JobsAsked(PageAsked):
    """Which jobs to list."""

    q: SearchText = Field(
        "",
        description="Search, e.g. `status:failed image:python* duration:>60 label:team=a words of the log`.",
    )


class JobAsked(Asked):
    """Which job, and how long to wait for its end."""

    wait: Annotated[float, Field(ge=0, le=LONGEST_WAIT_S, allow_inf_nan=False)] = Field(
        0.0, description="Answer once the job is final, or after so many seconds as it is then."
    )


class Facets(BaseModel):
    """How matches spread: for each field its values with their counts."""

    facets: dict[str, dict[str, int]]


@router.post(
    "/jobs",
    operation_id="submitJob",
    summary="Submit a job",
    status_code=202,
    response_model=Run,
    responses=answers(403, 409, 413, 415, 422, 503),
    openapi_extra=body_of(JobSpec),
)
def submit_job(
    house: House, body: JsonBody, _asked: NoQuery, idempotency_key: IdempotencyKey = None
) -> Response:
    """Accept a job: once this answers it will run, even if the server dies.

    The answer is the record of the run with what is predicted of it. `Location` is where to look for it. The
    workspace is that of the specification.
    """
    return accepted(house.jobs.submit(parsed(JobSpec, body), idempotency_key=idempotency_key))


@router.get(
    "/jobs",
    operation_id="listJobs",
    summary="List jobs",
    response_model=Page[Run],
    responses=answers(404, 422, 503),
)
def list_jobs(house: House, asked: Annotated[JobsAsked, Query()]) -> Response:
    """Runs that match a search, latest submission first."""
    return shown(house.jobs.page(asked.workspace, q=asked.q, limit=asked.limit, cursor=asked.cursor))


@router.get(
    "/jobs/facets",
    operation_id="countJobs",
    summary="Count jobs by field",
    response_model=Facets,
    responses=answers(422, 503),
)
def count_jobs(house: House, asked: Annotated[SearchAsked, Query()]) -> Response:
    """How the matches of a search spread over status, cause, executor, image and key."""
    return shown(Facets(facets=house.jobs.facets(asked.workspace, q=asked.q)))


@router.get(
    "/jobs/{job_id}",
    operation_id="getJob",
    summary="Look up a job",
    response_model=Run,
    responses=answers(404, 422, 503),
)
async def get_job(
    request: Request, house: House, job_id: JobId, asked: Annotated[JobAsked, Query()]
) -> Response:
    """The record of a run as it is now, or with `wait` once it is final."""
    if job_id == "import":  # another address, which knows POST only
        raise HTTPException(405)
    if not asked.wait:
        return shown(await run_in_threadpool(house.jobs.get, asked.workspace, job_id))
    deadline = anyio.current_time() + asked.wait
    while True:
        left = deadline - anyio.current_time()
        run = await in_waiting_thread(
            request, house.jobs.wait, asked.workspace, job_id, timeout_s=max(0.0, min(left, _SLICE_S))
        )
        ended = run.status.final or left <= _SLICE_S or request.app.state.feeds.closed
        if ended or await request.is_disconnected():
            return shown(run)


@router.post(
    "/jobs/{job_id}/cancel",
    operation_id="cancelJob",
    summary="Cancel a job",
    response_model=Run,
    responses=answers(404, 409, 422, 503),
)
async def cancel_job(
    request: Request, house: House, once: Once, job_id: JobId, asked: InWorkspace
) -> Response:
    """Stop the whole process tree of a job: TERM, grace, KILL. Answers with the final record.

    A final run stays as it is, so asking again changes nothing.
    """
    return await in_waiting_thread(request, once, house.jobs.cancel, asked.workspace, job_id, by=BY)


@router.post(
    "/jobs/{job_id}/rerun",
    operation_id="rerunJob",
    summary="Run a job again",
    status_code=202,
    response_model=Run,
    responses=answers(403, 404, 409, 422, 503),
)
def rerun_job(
    house: House, job_id: JobId, asked: InWorkspace, idempotency_key: IdempotencyKey = None
) -> Response:
    """Submit a job as it was asked for the first time. Its `parent_job_id` names the old one."""
    spec = house.jobs.rerun(asked.workspace, job_id)
    return accepted(house.jobs.submit(spec, idempotency_key=idempotency_key))


@router.get(
    "/jobs/{job_id}/summary",
    operation_id="summariseJob",
    summary="Tell a job in a few lines",
    response_model=Summary,
    responses=answers(404, 422, 503),
)
def summarise_job(house: House, job_id: JobId, asked: InWorkspace) -> Response:
    """One line, key events, errors, what is unusual, what to do next."""
    return shown(house.jobs.summary(asked.workspace, job_id))


@router.get(
    "/jobs/{job_id}/artifacts",
    operation_id="listArtifacts",
    summary="List what a job left",
    response_model=Page[Artifact],
    responses=answers(404, 422, 503),
)
def list_artifacts(house: House, job_id: JobId, asked: InPages) -> Response:
    """The files that were copied out of a job, with size and SHA-256."""
    found = house.jobs.artifacts(asked.workspace, job_id)
    return shown(
        page_of(found, limit=asked.limit, cursor=asked.cursor, text=asked.q, told=lambda each: [each.path])
    )


@router.get(
    "/jobs/{job_id}/artifacts/{path:path}",
    operation_id="downloadArtifact",
    summary="Download a file that a job left",
    response_class=FileResponse,
    responses=answers(404, 422, 503)
    | {
        200: {
            "description": "The file.",
            "content": {"application/octet-stream": {"schema": {"type": "string"}}},
        }
    },
)
def download_artifact(
    house: House,
    job_id: JobId,
    path: str,
    asked: InWorkspace,
    _range: Annotated[str | None, Header(alias="Range", include_in_schema=False)] = None,
) -> Response:
    """One artifact, by its path as `artifacts` lists it."""
    place = house.jobs.artifact(asked.workspace, job_id, path)
    # Never shown by a browser as a page of ours: what is in it was made by a job.
    return FileResponse(
        place,
        filename=place.name,
        media_type="application/octet-stream",
        headers={"X-Content-Type-Options": "nosniff"},
    )


def shown(word: BaseModel, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """A word as a response."""
    return Response(word.model_dump_json(), status, headers=headers, media_type="application/json")


def accepted(run: Run) -> Response:
    """The record of an accepted job, and where to look for it."""
    place = f"/orcaops/jobs/{run.job_id}"
    if run.workspace != Asked().workspace:
        place += f"?workspace={run.workspace}"
    return shown(run, 202, {"Location": place})
