"""Benefits: what a change saves per run, promised from the past and realised on trial. Pure."""

import math
from collections.abc import Sequence

from orcaops.model.optimization import Benefit, Optimization
from orcaops.model.override import Arm, OptimizedField, Value
from orcaops.model.run import PhaseName, Run, Status
from orcaops.stats.student import critical

UNITS = {
    OptimizedField.MEMORY: "GiB hours",
    OptimizedField.CPUS: "CPU hours",
    OptimizedField.TIMEOUT: "seconds of hung runs",
    OptimizedField.RETRIES: "failed jobs",
    OptimizedField.PULL_POLICY: "seconds of pulling",
}
WORSE = "worse than promised"

_OUTSIDE = 0.2  # intervals hold the mean in 80 % of cases


def saving_of(field: OptimizedField, before: Value, after: Value, run: Run) -> float | None:
    """What one run saves by the change: memory or CPUs held less for its time, or hung less long."""
    if field is OptimizedField.PULL_POLICY:
        phase = run.phases.get(PhaseName.PULL)
        return phase.duration_s if phase is not None else 0.0
    if field is OptimizedField.RETRIES:
        return 1.0 if run.attempt > 1 and run.status is Status.SUCCEEDED else 0.0
    if not isinstance(before, int | float) or not isinstance(after, int | float) or run.duration_s is None:
        return None
    hours = run.duration_s / 3600
    if field is OptimizedField.MEMORY:
        return (before - after) / 1024**3 * hours
    if field is OptimizedField.CPUS:
        return (before - after) * hours
    hung = run.status is Status.TIMED_OUT  # only a run that hangs is ended sooner
    return max(0.0, float(before - after)) if hung else 0.0


def benefit(field: OptimizedField, savings: Sequence[float], sentence: str = "") -> Benefit:
    """The mean of what runs save, with an interval that holds it in 80 % of cases."""
    n = len(savings)
    mean = math.fsum(savings) / n if n else 0.0
    half = 0.0
    if n > 1:
        variance = math.fsum((each - mean) ** 2 for each in savings) / (n - 1)
        half = critical(_OUTSIDE, n - 1) * math.sqrt(variance / n)
    return Benefit(
        amount=mean, low=mean - half, high=mean + half, unit=UNITS[field], runs=n, sentence=sentence
    )


def realised(optimization: Optimization, runs: Sequence[Run]) -> Benefit:
    """What the change has brought to the runs that had it in the present round, against its promise."""
    having = [
        run
        for run in runs
        if run.trial is not None
        and run.trial.optimization_id == optimization.id
        and run.trial.round == optimization.round
        and run.trial.arm is Arm.CANDIDATE
    ]
    found = [
        saving
        for run in having
        if (saving := saving_of(optimization.field, optimization.before, optimization.after, run)) is not None
    ]
    told = benefit(optimization.field, found)
    promised = optimization.promised
    if promised is None or not found:
        return told
    worse = told.high < promised.low
    verdict = WORSE if worse else "as promised" if told.low <= promised.high else "better"
    ratio = optimization.evidence.duration_ratio
    speed = f"; runs take {ratio:.2f} times as long as those without it" if ratio is not None else ""
    return told.model_copy(update={"sentence": verdict + speed})
