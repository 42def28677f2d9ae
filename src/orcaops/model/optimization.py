"""Optimization: a change of one limit of one job on probation."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

from pydantic import Field, NonNegativeInt

from orcaops.model.identity import Id
from orcaops.model.job import DEFAULT_WORKSPACE, Workspace
from orcaops.model.override import OptimizedField, Value
from orcaops.model.quantities import Finite, UtcTime
from orcaops.model.word import Word


class Mode(StrEnum):
    """How much OrcaOps may do by itself, per workspace and field.

    ``off``: propose nothing, change nothing, lay no change over a job. ``suggest``: propose; a change
    starts only if somebody approves it. ``approve``: the same, and whoever runs the job is told what
    waits. ``auto``: safe changes start by themselves, significant ones wait for approval.
    """

    OFF = "off"
    SUGGEST = "suggest"
    APPROVE = "approve"
    AUTO = "auto"


ASKING = (Mode.APPROVE, Mode.AUTO)
"""The modes in which people are told what waits for their approval."""


class State(StrEnum):
    """Where a change is on its way."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    CANARY = "canary"
    HALF = "half"
    KEPT = "kept"
    PAUSED = "paused"
    ROLLED_BACK = "rolled_back"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"

    @property
    def trying(self) -> bool:
        """Whether some runs have the change and others have not, to compare them."""
        return self in (State.CANARY, State.HALF)

    @property
    def ended(self) -> bool:
        """Whether it has no effect on any run, and will have none without a new proposal."""
        return self in (State.ROLLED_BACK, State.REJECTED, State.SUPERSEDED)


class Benefit(Word):
    """What a change brings: an amount per run with an interval that holds it in 80 % of cases.

    ``runs`` is on how many runs it rests.
    """

    amount: Finite
    low: Finite
    high: Finite
    unit: str
    runs: NonNegativeInt
    sentence: str = ""


class TrialEvidence(Word):
    """What the runs of the present trial say so far.

    ``e_value`` is the evidence that failures have become more frequent: the trial ends above 20.
    ``no_worse`` is the probability that the failure rate has risen by less than two points.
    ``duration_ratio`` compares the medians of both sides, candidate over control.
    """

    candidates: NonNegativeInt = 0
    candidate_failures: NonNegativeInt = 0
    controls: NonNegativeInt = 0
    control_failures: NonNegativeInt = 0
    of_stage: NonNegativeInt = 0
    needed: NonNegativeInt = 0
    e_value: Finite = 1.0
    no_worse: Finite | None = None
    duration_ratio: Finite | None = None
    duration_p: Finite | None = None


class HistoryEntry(Word):
    """One line of an optimization's log: who moved it where, when and why."""

    at: UtcTime
    by: str
    event: str
    state: State
    reason: str


class Optimization(Word):
    """One change of one field of one job, and how far it has come.

    The id follows from workspace, key, field and step, so that proposing twice gives the same one.
    ``own`` is what the job asks for itself, ``before`` what was in force when it was proposed,
    ``after`` what it tries, ``target`` where the steps lead. ``asks`` says why a person has to
    approve it; null: safe enough to start by itself in mode ``auto``. ``round`` counts its trials.
    ``failures_before`` of ``runs_before`` runs had failed when the trial began. ``quarantine_runs``
    is how many runs of the job still have to pass before it may be proposed again. ``work`` is the image
    and the command that it was learned of, where the job has a name that could be given to others; null:
    whatever the key stands for.
    """

    id: Id
    workspace: Workspace = DEFAULT_WORKSPACE
    key: str
    field: OptimizedField
    work: str | None = None
    step: Annotated[int, Field(ge=1)] = 1
    round: Annotated[int, Field(ge=1)] = 1
    state: State = State.PROPOSED
    paused_from: State | None = None
    title: str = ""
    reason: str = ""
    asks: str | None = None
    own: Value = None
    before: Value = None
    after: Value = None
    target: Value = None
    flaky: bool = False
    busy: bool = False
    promised: Benefit | None = None
    realised: Benefit | None = None
    counterfactual: dict[str, Any] = Field(default_factory=dict)
    share: Annotated[float, Field(ge=0, le=1)] = 0.0
    assigned: NonNegativeInt = 0
    last_candidate: Id | None = None
    runs_before: NonNegativeInt = 0
    failures_before: NonNegativeInt = 0
    evidence: TrialEvidence = TrialEvidence()
    rollbacks: NonNegativeInt = 0
    quarantine_runs: NonNegativeInt = 0
    approved_by: str | None = None
    proposed_at: UtcTime
    changed_at: UtcTime
    history: tuple[HistoryEntry, ...] = ()

    @property
    def measuring(self) -> bool:
        """Whether it is kept while a tenth of the runs go on without it, to measure what it brings."""
        return self.state is State.KEPT and self.realised is None

    def changed(self, **changes: Any) -> "Optimization":
        """The same with some fields replaced (they are not validated again)."""
        return self.model_copy(update=changes)


class FieldMode(Word):
    """The mode of one field in one workspace; ``by`` and ``at`` are null where it is the default."""

    workspace: Workspace = DEFAULT_WORKSPACE
    field: OptimizedField
    mode: Mode = Mode.SUGGEST
    by: str | None = None
    at: UtcTime | None = None

    @property
    def asks(self) -> bool:
        """Whether people are told what waits for their approval."""
        return self.mode in ASKING


class Asked(NamedTuple):
    """A change that waits for somebody's approval, and since when people are asked about it."""

    change: Optimization
    since: datetime


def asked_about(proposed: Iterable[Optimization], modes: Iterable[FieldMode]) -> tuple[Asked, ...]:
    """The proposed changes that people want to be asked about.

    They are asked since a change was proposed, or since its mode was chosen, where that was later.
    """
    asking = {each.field: each.at for each in modes if each.asks}
    return tuple(
        Asked(each, max(each.proposed_at, asking[each.field] or each.proposed_at))
        for each in proposed
        if each.field in asking
    )
