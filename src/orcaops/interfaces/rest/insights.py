"""Insights over HTTP: baselines, and anomalies with what people say about them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from orcaops.interfaces.rest.arguments import (
    Asked,
    House,
    InWorkspace,
    JsonBody,
    NoteText,
    PageAsked,
    SearchText,
    YesOrNo,
    parsed,
)
from orcaops.interfaces.rest.contract import answers, body_of
from orcaops.interfaces.rest.jobs import BY, shown
from orcaops.interfaces.rest.once import Once
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.baseline import Baseline
from orcaops.model.identity import Id
from orcaops.model.query import Page
from orcaops.model.word import Word

router = APIRouter(tags=["insights"])

Key = Annotated[
    str, Path(description="A baseline key, percent-encoded.", examples=["image:python:3.11|command:pytest"])
]
AnomalyId = Annotated[Id, Path(description="Id of an anomaly.")]


class BaselinesAsked(PageAsked):
    """Which baselines."""

    q: SearchText = Field("", description="A part of the key; `*` stands for anything.")
    tests_of: Annotated[str, Field(min_length=1, max_length=1024)] | None = Field(
        None, description="Those of the tests inside the jobs of this key instead; `q` is a part of the id."
    )


class AnomaliesAsked(PageAsked):
    """Which anomalies."""

    q: SearchText = Field("", description="A part of the title or the key; `*` stands for anything.")
    type: Annotated[str, Field(max_length=64)] | None = Field(
        None, description="`duration`, `memory`, `error`, …"
    )
    severity: Severity | None = None
    key: Annotated[str, Field(max_length=1024)] | None = Field(None, description="Of this baseline key.")
    job_id: Id | None = Field(None, description="That this job began or belongs to.")
    acknowledged: YesOrNo | None = Field(None, description="Whether somebody has seen it.")
    open: YesOrNo | None = Field(None, description="Whether it is going on.")
    resolved: YesOrNo | None = Field(None, description="Whether somebody has said what ended it.")
    muted: YesOrNo | None = Field(
        None, description="Whether it is listed and not told, because somebody called one like it no problem."
    )


class Reason(Asked):
    """Why a baseline is reset."""

    reason: NoteText | None = Field(None, description="Kept with the decision.")


class Note(Word):
    """What somebody says about an anomaly."""

    note: NoteText | None = None


class Resolution(Word):
    """What ended an anomaly."""

    resolution: Annotated[NoteText, Field(min_length=1, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")]
    not_a_problem: bool = Field(False, description="List later ones alike and not larger, and tell nobody.")


class Automation(Word):
    """Whether what acts by itself (reruns, canaries, holding things ready) may do so now."""

    paused: bool
    reason: str | None = Field(description="Which incident pauses it; resolving that ends the pause.")


@router.get(
    "/baselines",
    operation_id="listBaselines",
    summary="List baselines",
    response_model=Page[Baseline],
    responses=answers(404, 422, 503),
)
def list_baselines(house: House, asked: Annotated[BaselinesAsked, Query()]) -> Response:
    """What is normal for each key, latest update first."""
    return shown(
        house.insights.baselines(
            asked.workspace,
            text=asked.q,
            tests_of=asked.tests_of,
            limit=asked.limit,
            cursor=asked.cursor,
        )
    )


@router.get(
    "/baselines/{key:path}",
    operation_id="getBaseline",
    summary="Look up a baseline",
    response_model=Baseline,
    responses=answers(404, 422, 503),
)
def get_baseline(house: House, key: Key, asked: InWorkspace) -> Response:
    """What is normal for one key; figures that are not known yet are null."""
    return shown(house.insights.baseline(asked.workspace, key))


@router.delete(
    "/baselines/{key:path}",
    operation_id="resetBaseline",
    summary="Reset a baseline",
    status_code=204,
    responses=answers(404, 422, 503),
)
def reset_baseline(house: House, key: Key, asked: Annotated[Reason, Query()]) -> Response:
    """Forget what is normal for a key; its runs stay."""
    house.insights.reset_baseline(asked.workspace, key, by=BY, reason=asked.reason)
    return Response(status_code=204)


@router.get(
    "/anomalies",
    operation_id="listAnomalies",
    summary="List anomalies",
    response_model=Page[Anomaly],
    responses=answers(404, 422, 503),
)
def list_anomalies(house: House, asked: Annotated[AnomaliesAsked, Query()]) -> Response:
    """What was unusual, latest first."""
    wanted = asked.model_dump(mode="json", exclude={"workspace", "limit", "cursor", "q"}, exclude_none=True)
    return shown(
        house.insights.anomalies(
            asked.workspace, filters=wanted, text=asked.q, limit=asked.limit, cursor=asked.cursor
        )
    )


@router.get(
    "/automation",
    operation_id="getAutomation",
    summary="Is automation paused?",
    response_model=Automation,
    responses=answers(422, 503),
)
def get_automation(house: House, asked: InWorkspace) -> Response:
    """During an incident nothing happens by itself: no confirming reruns, no canaries, nothing held ready."""
    reason = house.incidents.automation_paused(asked.workspace)
    return shown(Automation(paused=reason is not None, reason=reason))


@router.get(
    "/anomalies/{anomaly_id}",
    operation_id="getAnomaly",
    summary="Look up an anomaly",
    response_model=Anomaly,
    responses=answers(404, 422, 503),
)
def get_anomaly(house: House, anomaly_id: AnomalyId, asked: InWorkspace) -> Response:
    """One episode, with the numbers that are its evidence."""
    return shown(house.insights.anomaly(asked.workspace, anomaly_id))


@router.post(
    "/anomalies/{anomaly_id}/acknowledge",
    operation_id="acknowledgeAnomaly",
    summary="Acknowledge an anomaly",
    response_model=Anomaly,
    responses=answers(404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(Note, required=False),
)
def acknowledge_anomaly(
    house: House,
    once: Once,
    anomaly_id: AnomalyId,
    body: JsonBody,
    asked: InWorkspace,
) -> Response:
    """Note that somebody has seen it."""
    note = parsed(Note, body or b"{}").note
    return once(house.insights.acknowledge, asked.workspace, anomaly_id, by=BY, note=note)


@router.post(
    "/anomalies/{anomaly_id}/resolve",
    operation_id="resolveAnomaly",
    summary="Resolve an anomaly",
    response_model=Anomaly,
    responses=answers(404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(Resolution),
)
def resolve_anomaly(
    house: House,
    once: Once,
    anomaly_id: AnomalyId,
    body: JsonBody,
    asked: InWorkspace,
) -> Response:
    """Note what ended it. With `not_a_problem` later ones alike and not larger are told to nobody."""
    said = parsed(Resolution, body)
    return once(
        house.insights.resolve,
        asked.workspace,
        anomaly_id,
        by=BY,
        resolution=said.resolution,
        not_a_problem=said.not_a_problem,
    )


@router.post(
    "/anomalies/{anomaly_id}/reopen",
    operation_id="reopenAnomaly",
    summary="Reopen an anomaly",
    response_model=Anomaly,
    responses=answers(404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(Note, required=False),
)
def reopen_anomaly(
    house: House,
    once: Once,
    anomaly_id: AnomalyId,
    body: JsonBody,
    asked: InWorkspace,
) -> Response:
    """Take back an acknowledgement or a resolution."""
    note = parsed(Note, body or b"{}").note
    return once(house.insights.reopen, asked.workspace, anomaly_id, by=BY, note=note)
