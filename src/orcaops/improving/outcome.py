"""Outcome: what a change brought, beside what was promised. Pure.

The runs after the change are compared with those before it in the unit of the promise. The realised saving
has an interval of its own; only where all of it lies below the promised estimate *and* the realised mean
below the promised interval is the change called worse than promised.
"""

from collections.abc import Sequence

from orcaops.improving.dossier import cpus_of, held_of, memory_limit_of, phase_s, wait_s
from orcaops.model.amounts import show_amount, show_between
from orcaops.model.recommendation import Effect, Recommendation, Saving, SavingUnit
from orcaops.model.run import Cause, PhaseName, Run, Status
from orcaops.stats.interval import difference

NEEDED = 10
"""Runs after the change until anything is said of it."""

_LEAST_SHARE = 0.01  # a promise of a constant job has no width; a hundredth off is as promised
_GIB = 1024**3
_WAITING = frozenset(("schedule", "concurrency"))
_BEFORE_THE_COMMAND = (PhaseName.PULL, PhaseName.CREATE, PhaseName.START)
_OWN_DOING = frozenset((Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT))


def effect_of(promise: Recommendation, before: Sequence[Run], after: Sequence[Run]) -> Effect | None:
    """Promised and realised side by side; None where the recommendation promised nothing measurable."""
    saving = promise.saving
    if saving is None or saving.unit == "exposures":
        return None
    costs = [_costs(saving.unit, runs, promise.field) for runs in (before, after)]
    effect = Effect(
        unit=saving.unit,
        promised=saving.per_run,
        promised_low=saving.low,
        promised_high=saving.high,
        coverage=saving.coverage,
        runs_before=len(costs[0]),
        runs_after=len(costs[1]),
    )
    if len(costs[0]) < 2 or len(costs[1]) < NEEDED:
        have = len(costs[1])
        words = f"{have} of {NEEDED} runs since it was applied; too early to tell"
        return effect.model_copy(update={"sentence": words})
    realised = difference(costs[0], costs[1], coverage=saving.coverage)
    least = _LEAST_SHARE * abs(saving.per_run)
    verdict = (
        "worse"
        if realised.middle < saving.low - least and realised.high < saving.per_run - least
        else "better"
        if realised.middle > saving.high + least
        else "kept"
    )
    return effect.model_copy(
        update={
            "realised": realised.middle,
            "realised_low": realised.low,
            "realised_high": realised.high,
            "verdict": verdict,
            "sentence": _sentence(saving, realised.middle, verdict, len(costs[1])),
        }
    )


def _sentence(saving: Saving, realised: float, verdict: str, n: int) -> str:
    told = {"worse": "worse than promised", "better": "more than promised", "kept": "as promised"}[verdict]
    promised = show_between(saving.unit, saving.per_run, saving.low, saving.high)
    return f"{told}: {show_amount(saving.unit, realised)} a run over {n} runs; promised was {promised}"


def _costs(unit: SavingUnit, runs: Sequence[Run], field: str) -> list[float]:
    """What each run cost in the unit of the promise; runs that say nothing about it are left out."""
    found = [_cost(unit, run, field) for run in runs]
    return [cost for cost in found if cost is not None]


def _cost(unit: SavingUnit, run: Run, field: str) -> float | None:
    seconds = run.duration_s
    if unit == "failures":
        return float(run.status is not Status.SUCCEEDED) if run.status in _OWN_DOING else None
    if seconds is None:
        return None
    if unit == "seconds":
        if field in ("timeout", "idle_timeout"):  # what a hung run cost: all of them count
            return seconds if run.cause in (Cause.TIMEOUT_TOTAL, Cause.TIMEOUT_IDLE) else 0.0
        if run.cause is not Cause.SUCCESS:
            return None
        if field in _WAITING:
            return wait_s(run)
        beside = _BEFORE_THE_COMMAND if field == "image" else ()
        return seconds + sum(phase_s(run, name) for name in beside)
    if run.cause is not Cause.SUCCESS:
        return None
    if unit == "gib_hours":
        limit = memory_limit_of(run)
        held = limit if limit is not None else held_of(run)
        return held / _GIB * seconds / 3600 if held is not None else None
    cpus = cpus_of(run)
    return cpus * seconds / 3600 if cpus is not None else None
