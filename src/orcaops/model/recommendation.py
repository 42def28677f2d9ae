"""Recommendation: one change worth making, with proof."""

from enum import StrEnum
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, NonNegativeInt

from orcaops.model.identity import Id
from orcaops.model.job import DEFAULT_WORKSPACE, Workspace
from orcaops.model.quantities import Finite, UtcTime
from orcaops.model.word import Word

SavingUnit = Literal["seconds", "gib_hours", "cpu_hours", "failures", "exposures"]
"""What a change saves, counted per run: waiting, memory held, processors held, failures, open doors."""

Share = Annotated[float, Field(ge=0, le=1)]


class Priority(StrEnum):
    """How soon a recommendation deserves to be looked at."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Change(Word):
    """One field of a job's specification and its two values, for a machine to apply.

    ``field`` names it as in :class:`orcaops.model.job.JobSpec`, or ``pull_policy`` or ``retries``. Sizes are
    bytes, times seconds; None is "not set". A ``sandbox`` that becomes None is removed.
    """

    model_config = ConfigDict(validate_by_name=True, serialize_by_alias=True)

    field: str
    before: int | float | str | None = Field(None, alias="from")
    after: int | float | str | None = Field(None, alias="to")


class Saving(Word):
    """What a change is expected to bring.

    Per run the estimate and an interval that is meant to hold the *mean of the next runs* with probability
    ``coverage``; per day the same at the present rate of runs; money per month (30.4 days) by the price file,
    null without one.
    """

    unit: SavingUnit
    per_run: Finite
    low: Finite
    high: Finite
    coverage: Share = 0.8
    runs_per_day: Finite
    per_day: Finite
    per_day_low: Finite
    per_day_high: Finite
    money_per_month: Finite | None = None
    money_low: Finite | None = None
    money_high: Finite | None = None
    currency: str | None = None


class Trial(Word):
    """A proposal tried on real runs: those runs, and what they showed."""

    state: Literal["untried", "running", "confirmed", "refuted"] = "untried"
    job_ids: tuple[str, ...] = ()
    sentence: str = "not tried yet"


class Effect(Word):
    """What became of a recommendation that was applied: promised and realised side by side, per run.

    ``pending`` until enough runs have ended; ``kept`` where the realised mean lies inside the promised
    interval or above it, ``worse`` where even the upper end of its own interval stays below the promise.
    """

    unit: SavingUnit
    promised: Finite
    promised_low: Finite
    promised_high: Finite
    realised: Finite | None = None
    realised_low: Finite | None = None
    realised_high: Finite | None = None
    coverage: Share = 0.8
    runs_before: NonNegativeInt = 0
    runs_after: NonNegativeInt = 0
    verdict: Literal["pending", "kept", "better", "worse"] = "pending"
    sentence: str = ""


class Recommendation(Word):
    """One change worth making.

    The id follows from advisor, key and field, so that asking twice gives the same one. ``score`` is
    ``impact_score * frequency * ease_score``: minutes (or what is worth as much) that a run saves at the
    lower end of the interval, runs per week, and 1, ⅓ or ⅑ by how much work it is. ``state`` follows from
    decisions: ``open``, ``dismissed`` or ``applied``; ``remark`` says what else is to be known, for example
    why a dismissed one is open again.
    """

    id: Id
    type: Literal["performance", "cost", "reliability", "security"]
    priority: Priority
    title: str
    description: str
    impact: str
    action: str
    evidence: dict[str, Any] = Field(default_factory=dict)
    created_at: UtcTime
    key: str
    workspace: Workspace = DEFAULT_WORKSPACE
    advisor: str
    field: str
    score: Finite = 0.0
    impact_score: Finite = 0.0
    frequency: Finite = 0.0
    ease_score: Finite = 1.0
    saving: Saving | None = None
    change: Change | None = None
    trial: Trial | None = None
    effect: Effect | None = None
    remark: str | None = None
    state: Literal["open", "dismissed", "applied"] = "open"


class Nearly(Word):
    """A key that has too few runs yet for advice: ``have`` of the ``need`` successes."""

    key: str
    workspace: Workspace = DEFAULT_WORKSPACE
    have: NonNegativeInt
    need: NonNegativeInt
