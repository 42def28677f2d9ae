"""Optimizations over HTTP: changes on probation, and what people decide about them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import Field

from orcaops.interfaces.rest.arguments import (
    House,
    InWorkspace,
    JsonBody,
    NoteText,
    PageAsked,
    SearchText,
    parsed,
)
from orcaops.interfaces.rest.contract import answers, body_of
from orcaops.interfaces.rest.jobs import BY, shown
from orcaops.interfaces.rest.once import Once
from orcaops.model.identity import Id
from orcaops.model.job import Workspace
from orcaops.model.optimization import FieldMode, Mode, Optimization, State
from orcaops.model.override import OptimizedField
from orcaops.model.query import Page
from orcaops.model.word import Word

router = APIRouter(tags=["advice"])

OptimizationId = Annotated[Id, Path(description="Id of an optimization.")]


class OptimizationsAsked(PageAsked):
    """Which optimizations."""

    q: SearchText = Field("", description="A part of the key; `*` stands for anything.")
    state: State | None = Field(None, description="Only those in this state.")
    key: Annotated[str, Field(max_length=4096, description="Only those of this job.")] | None = None


class OptimizationDecision(Word):
    """What is said with a decision about an optimization; all of it may be left out."""

    reason: Annotated[NoteText, Field(description="Why.")] | None = None


class ModeChosen(Word):
    """How much may happen by itself; without a field it holds for all of them."""

    mode: Mode
    field: OptimizedField | None = None


class Modes(Word):
    """How much may happen by itself, per field."""

    workspace: Workspace
    items: tuple[FieldMode, ...]


@router.get(
    "/optimizations",
    operation_id="listOptimizations",
    summary="List optimizations",
    response_model=Page[Optimization],
    responses=answers(404, 422, 503),
)
def list_optimizations(house: House, asked: Annotated[OptimizationsAsked, Query()]) -> Response:
    """Changes of limits on probation, the one that moved last first."""
    return shown(
        house.optimizations.optimizations(
            asked.workspace,
            state=asked.state,
            key=asked.key,
            text=asked.q,
            limit=asked.limit,
            cursor=asked.cursor,
        )
    )


@router.get(
    "/optimizations/{optimization_id}",
    operation_id="getOptimization",
    summary="Look up an optimization",
    response_model=Optimization,
    responses=answers(404, 422, 503),
)
def get_optimization(house: House, optimization_id: OptimizationId, asked: InWorkspace) -> Response:
    """One change with its evidence and its history."""
    return shown(house.optimizations.optimization(asked.workspace, optimization_id))


@router.post(
    "/optimizations/{optimization_id}/approve",
    operation_id="approveOptimization",
    summary="Approve an optimization",
    response_model=Optimization,
    responses=answers(404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(OptimizationDecision, required=False),
)
def approve_optimization(
    house: House,
    once: Once,
    optimization_id: OptimizationId,
    body: JsonBody,
    asked: InWorkspace,
) -> Response:
    """Let a proposed change be tried on some of the runs."""
    reason = parsed(OptimizationDecision, body or b"{}").reason
    return once(house.optimizations.approve, asked.workspace, optimization_id, by=BY, reason=reason)


@router.post(
    "/optimizations/{optimization_id}/reject",
    operation_id="rejectOptimization",
    summary="Reject an optimization",
    response_model=Optimization,
    responses=answers(404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(OptimizationDecision, required=False),
)
def reject_optimization(
    house: House,
    once: Once,
    optimization_id: OptimizationId,
    body: JsonBody,
    asked: InWorkspace,
) -> Response:
    """Say no to a proposed change."""
    reason = parsed(OptimizationDecision, body or b"{}").reason
    return once(house.optimizations.reject, asked.workspace, optimization_id, by=BY, reason=reason)


@router.post(
    "/optimizations/{optimization_id}/rollback",
    operation_id="rollBackOptimization",
    summary="Take an optimization back",
    response_model=Optimization,
    responses=answers(404, 409, 413, 415, 422, 503),
    openapi_extra=body_of(OptimizationDecision, required=False),
)
def roll_back_optimization(
    house: House,
    once: Once,
    optimization_id: OptimizationId,
    body: JsonBody,
    asked: InWorkspace,
) -> Response:
    """No run that starts from now on has the change."""
    reason = parsed(OptimizationDecision, body or b"{}").reason
    return once(house.optimizations.rollback, asked.workspace, optimization_id, by=BY, reason=reason)


@router.get(
    "/optimization-modes",
    operation_id="listOptimizationModes",
    summary="Show how much may happen by itself",
    response_model=Modes,
    responses=answers(422, 503),
)
def list_optimization_modes(house: House, asked: InWorkspace) -> Response:
    """The mode of every field."""
    return shown(Modes(workspace=asked.workspace, items=house.optimizations.modes(asked.workspace)))


@router.post(
    "/optimization-modes",
    operation_id="setOptimizationMode",
    summary="Decide how much may happen by itself",
    response_model=Modes,
    responses=answers(409, 413, 415, 422, 503),
    openapi_extra=body_of(ModeChosen),
)
def set_optimization_mode(
    house: House,
    once: Once,
    body: JsonBody,
    asked: InWorkspace,
) -> Response:
    """Decide it for one field of a workspace, or for all of them."""
    chosen = parsed(ModeChosen, body)

    def decide(workspace: str, mode: Mode, field: OptimizedField | None) -> Modes:
        items = house.optimizations.set_mode(workspace, mode, field=field, by=BY)
        return Modes(workspace=workspace, items=items)

    return once(decide, asked.workspace, chosen.mode, chosen.field)
