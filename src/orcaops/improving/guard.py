"""Guard: what the runs of a trial say about the change, after each of them. Pure.

A run that is killed by the change, or comes within 5 % of its limit, ends the trial at once: no
statistics are needed to know why it died. Failures that have other reasons are weighed by an e-value
(:mod:`orcaops.stats.sequential`), which may be looked at after every run; durations are compared when
the number of candidates has doubled, so that looking often finds nothing by chance.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.optimizations import Event, runs_needed
from orcaops.model.attempts import INFRASTRUCTURE, hung, killed_by_override
from orcaops.model.optimization import Optimization, State, TrialEvidence
from orcaops.model.override import Arm, OptimizedField, Override, show_value
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.run import Run, Status
from orcaops.stats.sequential import e_values, larger, no_worse

NEAR = 0.95
"""A run that used this share of its new limit was too near."""

STOPPING_EVIDENCE = 20.0
"""The e-value that ends a trial: a harmless change reaches it with probability 1/20 at most."""

SLOWER = 1.1
_SLOWER_P = 0.02
_SURE = 0.9
_LOOKS = {10: _SLOWER_P / 2, 20: _SLOWER_P / 4, 40: _SLOWER_P / 8, 80: _SLOWER_P / 16, 160: _SLOWER_P / 32}
"""After so many candidates durations are compared, each time at this level: together at most 2 %."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the evidence asks for: an event, or to wait (None); why; and the evidence itself."""

    event: Event | None
    reason: str
    evidence: TrialEvidence


def too_tight(run: Run, optimization_id: str | None = None) -> tuple[Override, str] | None:
    """The override that a run shows to be too tight, and how; None if it shows nothing of the kind."""
    killed = killed_by_override(run)
    if killed is not None and optimization_id in (None, killed.optimization_id):
        own = show_value(killed.field, killed.own)
        return killed, f"{run.job_id} was killed at {_limit(killed)}; its own limit is {own}"
    for override in run.overrides:
        if not override.lowers or optimization_id not in (None, override.optimization_id):
            continue
        if override.field is OptimizedField.MEMORY:
            held = run.usage.memory_resident_bytes
            if held and isinstance(override.after, int) and held >= NEAR * override.after:
                return override, f"{run.job_id} held {show_size(held)} of {_limit(override)}"
        elif override.field is OptimizedField.TIMEOUT and not (override.busy and hung(run)):
            limit = override.after
            if run.duration_s and isinstance(limit, int | float) and run.duration_s >= NEAR * limit:
                return override, f"{run.job_id} took {show_duration(run.duration_s)} of {_limit(override)}"
    return None


def judge(optimization: Optimization, runs: Sequence[Run]) -> Judgement:
    """What to do, given the runs of the present round, oldest first; others are passed over."""
    own = [run for run in runs if _of_round(optimization, run)]
    having = [run for run in own if run.trial is not None and run.trial.arm is Arm.CANDIDATE]
    candidates = [run for run in having if says_something(run)]
    without = [run for run in own if run.trial is not None and run.trial.arm is Arm.CONTROL]
    controls = [run for run in without if says_something(run)]
    failures, control_failures = [failed(run) for run in candidates], [failed(run) for run in controls]
    stage = sum(run.trial is not None and run.trial.stage == optimization.state for run in candidates)
    before, failed_before = optimization.runs_before, optimization.failures_before
    weighed = [run for run in own if says_something(run) and run.trial is not None]
    changed = [run.trial is not None and run.trial.arm is Arm.CANDIDATE for run in weighed]
    weight = e_values([failed(run) for run in weighed], failed_before, before, changed=changed)
    e = max((each.e_value for each in weight), default=1.0)
    look = max((n for n in _LOOKS if n <= len(candidates)), default=0)
    slower = larger(*_durations_at(look, controls, candidates))
    evidence = TrialEvidence(
        candidates=len(candidates),
        candidate_failures=sum(failures),
        controls=len(controls),
        control_failures=sum(control_failures),
        of_stage=stage,
        needed=runs_needed(optimization.state),
        e_value=min(e, 1e12),
        duration_ratio=slower.ratio if slower else None,
        duration_p=slower.p_value if slower else None,
    )
    for run in having:
        if (found := too_tight(run, optimization.id)) is not None:
            return Judgement(Event.STOP, found[1], evidence)
    for run in without:
        if (needed := _would_not_fit(run, optimization)) is not None:
            return Judgement(Event.STOP, needed, evidence)
    if e > STOPPING_EVIDENCE:
        reason = (
            f"{sum(failures)} of {len(failures)} runs with the change failed, and {failed_before} of "
            f"{before} before it (e-value {e:.0f}, the limit is {STOPPING_EVIDENCE:.0f})"
        )
        return Judgement(Event.STOP, reason, evidence)
    if slower and slower.p_value < _LOOKS.get(look, 0.0) and slower.ratio > SLOWER:
        reason = f"runs with the change take {slower.ratio:.2f} times as long (p = {slower.p_value:.2g})"
        return Judgement(Event.STOP, reason, evidence)
    if not optimization.state.trying or stage < evidence.needed:
        return Judgement(None, f"{stage} of {evidence.needed} runs", evidence)
    chance = no_worse(
        sum(failures), len(failures), failed_before + sum(control_failures), before + len(control_failures)
    )
    evidence = evidence.model_copy(update={"no_worse": chance})
    if chance <= _SURE:
        return Judgement(None, f"no worse with probability {chance:.2f}, {_SURE} is needed", evidence)
    reason = f"{len(candidates)} runs with the change: none near its limit, failures no more frequent"
    return Judgement(Event.GROW, reason, evidence)


def _would_not_fit(run: Run, optimization: Optimization) -> str | None:
    """Why a run without the change says that it would have been killed by it."""
    after = optimization.after
    if not isinstance(after, int | float):
        return None
    if optimization.field is OptimizedField.MEMORY:
        held = run.usage.memory_resident_bytes
        if held and held > after:
            return f"{run.job_id}, which ran without it, held {show_size(held)} and would have been killed"
    elif optimization.busy and hung(run):
        return None
    elif optimization.field is OptimizedField.TIMEOUT and run.duration_s and run.duration_s > after:
        took = show_duration(run.duration_s)
        return f"{run.job_id}, which ran without it, took {took} and would have been killed"
    return None


def says_something(run: Run) -> bool:
    """Whether the end of a run says anything about the work: not if it was cancelled or never ran."""
    return run.cause not in INFRASTRUCTURE and run.status not in (Status.CANCELLED, Status.LOST)


def failed(run: Run) -> bool:
    """Whether it failed by its own doing."""
    return run.status is not Status.SUCCEEDED


def _limit(override: Override) -> str:
    return show_value(override.field, override.after)


def _of_round(optimization: Optimization, run: Run) -> bool:
    trial = run.trial
    stages = (State.CANARY, State.HALF, State.KEPT)
    return (
        trial is not None
        and trial.optimization_id == optimization.id
        and trial.round == optimization.round
        and trial.stage in stages
    )


def _durations_at(
    look: int, controls: Sequence[Run], candidates: Sequence[Run]
) -> tuple[list[float], list[float]]:
    """Durations without the change and with it, up to that candidate; all of them before the first look.

    However many runs have ended since, the data of a look stays the same: looking at it again finds nothing
    new by chance, and a look is not missed when several runs ended at once.
    """
    if not look:
        return _durations(controls), _durations(candidates)
    until = candidates[look - 1].submitted_at
    return _durations([run for run in controls if run.submitted_at <= until]), _durations(candidates[:look])


def _durations(runs: Sequence[Run]) -> list[float]:
    return [run.duration_s for run in runs if run.status is Status.SUCCEEDED and run.duration_s]
