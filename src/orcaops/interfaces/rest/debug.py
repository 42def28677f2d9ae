"""Debugging over HTTP: a failed job explained, a language model's prompt, and actions that are taken."""

from typing import Annotated

from fastapi import APIRouter, Query, Response
from pydantic import Field

from orcaops.interfaces.rest.arguments import Asked, House, InWorkspace, JobId, JsonBody, YesOrNo, parsed
from orcaops.interfaces.rest.contract import answers, body_of
from orcaops.interfaces.rest.jobs import BY, shown
from orcaops.interfaces.rest.once import Once
from orcaops.model.debug import DebugAnalysis, Prompt
from orcaops.model.remedy import FixAsked, RemedyTaken

router = APIRouter(tags=["failures"])


class _DebugAsked(Asked):
    """Which job, and whether a language model is asked too."""

    ai: YesOrNo = Field(
        "false", description="Ask the configured language model too; it is sent masked evidence."
    )


@router.get(
    "/jobs/{job_id}/debug",
    operation_id="debugJob",
    summary="Explain a failed job",
    response_model=DebugAnalysis,
    responses=answers(404, 409, 422, 503),
)
def debug_job(house: House, job_id: JobId, asked: Annotated[_DebugAsked, Query()]) -> Response:
    """Likely causes with quotations from the log, what helps, similar failures, and what to do next.

    Bounded whatever the size of the log. Quotations are data of the job, checked against the stored log.
    """
    return shown(house.failures.debug(asked.workspace, job_id, ai=asked.ai == "true"))


@router.get(
    "/jobs/{job_id}/debug/prompt",
    operation_id="showDebugPrompt",
    summary="Show what a language model would be sent",
    response_model=Prompt,
    responses=answers(404, 422, 503),
)
def show_debug_prompt(house: House, job_id: JobId, asked: InWorkspace) -> Response:
    """Everything that `ai=true` would send about this job, masked and bounded. Nothing is sent."""
    return shown(house.failures.prompt(asked.workspace, job_id))


@router.post(
    "/jobs/{job_id}/debug/fix",
    operation_id="fixJob",
    summary="Take an action that was proposed",
    response_model=RemedyTaken,
    responses=answers(403, 404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(FixAsked),
)
def fix_job(house: House, once: Once, job_id: JobId, asked: InWorkspace, body: JsonBody) -> Response:
    """Take one of the `remedies` of the explanation: run it again, as it was or with what it lacked.

    Only what `policy.remediate` allows, each once for a job. Without `action` the only one that is allowed.
    """
    return once(house.remediation.fix, asked.workspace, job_id, parsed(FixAsked, body).action, by=BY)
