"""Overrides: what is laid over a job when it is submitted, and taken away again. Pure.

The job as its user asked for it is never edited: the overrides are kept beside it, each with the job's
own value, so that taking one away restores exactly what was there.
"""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass

from orcaops.model.job import JobSpec
from orcaops.model.optimization import Mode, Optimization, State
from orcaops.model.override import Arm, Assignment, OptimizedField, Override, Value


@dataclass(frozen=True, slots=True)
class Laid:
    """A job with its overrides, the trial it takes part in, and the optimizations that this changed.

    ``superseded`` are those whose field the user has edited since they were proposed.
    """

    spec: JobSpec
    overrides: tuple[Override, ...] = ()
    trial: Assignment | None = None
    changed: tuple[Optimization, ...] = ()
    superseded: tuple[Optimization, ...] = ()


def lay(
    spec: JobSpec,
    optimizations: Sequence[Optimization],
    modes: Mapping[OptimizedField, Mode],
    *,
    job_id: str,
    ceilings: Mapping[OptimizedField, Value],
    in_flight: Callable[[str], bool],
    work: str | None = None,
) -> Laid:
    """Lay the changes in force over a job, and assign it to an arm of the trial there may be.

    ``ceilings`` are a policy's maxima; a change beyond one, or above what the job asks for, is left out
    unless a person approved it (never above a ceiling). ``in_flight`` says whether a run has not ended: a
    canary has one candidate at a time, so that a bad change can hurt one run at most before it is undone.
    ``work`` is what the job runs: what was learned of another one under the same name is not laid over it.
    """
    overrides: list[Override] = []
    changed: list[Optimization] = []
    superseded: list[Optimization] = []
    trial: Assignment | None = None
    for name in OptimizedField:
        own: Value = getattr(spec, name)
        value, by = own, None
        for each in sorted((o for o in optimizations if o.field is name), key=lambda o: o.step):
            waiting = each.state in (State.PROPOSED, State.APPROVED)
            if each.work not in (None, work):
                continue
            if each.state.ended or (waiting and each.own == own):
                continue
            if each.own != own:
                superseded.append(each)
                continue
            if modes.get(name, Mode.SUGGEST) is Mode.OFF or not _within(each, own, ceilings.get(name)):
                continue
            if each.state is State.KEPT and not each.measuring:
                value, by = each.after, each
            elif trial is None and (each.state.trying or each.measuring):
                assigned = assign(each, job_id, in_flight)
                changed.append(assigned)
                arm = Arm.CANDIDATE if assigned.last_candidate == job_id else Arm.CONTROL
                trial = Assignment(optimization_id=each.id, round=each.round, stage=str(each.state), arm=arm)
                if arm is Arm.CANDIDATE:
                    value, by = each.after, each
        if by is not None and value != own:
            overrides.append(
                Override(
                    optimization_id=by.id,
                    field=name,
                    own=own,
                    before=by.before,
                    after=value,
                    flaky=by.flaky,
                    busy=by.busy,
                )
            )
    return Laid(
        laid_over(spec, overrides) if overrides else spec,
        tuple(overrides),
        trial,
        tuple(changed),
        tuple(superseded),
    )


def assign(optimization: Optimization, job_id: str, in_flight: Callable[[str], bool]) -> Optimization:
    """Count one more run of the trial; it is a candidate if ``last_candidate`` is now its id.

    Both sides are interleaved: with a share of 20 % every fifth run is a candidate.
    """
    turn = optimization.assigned + 1
    share = optimization.share
    due = math.floor(turn * share + 1e-9) > math.floor((turn - 1) * share + 1e-9)
    last = optimization.last_candidate
    if due and optimization.state is State.CANARY and last is not None and in_flight(last):
        return optimization  # it stays this run's turn: the next one is the candidate
    if not due:
        return optimization.changed(assigned=turn)
    return optimization.changed(assigned=turn, last_candidate=job_id)


def laid_over(spec: JobSpec, overrides: Collection[Override]) -> JobSpec:
    """The job with the overrides in force."""
    return spec.model_copy(update={str(each.field): each.after for each in overrides})


def lifted(spec: JobSpec, overrides: Collection[Override]) -> JobSpec:
    """The job with its own values again, exactly as they were."""
    return spec.model_copy(update={str(each.field): each.own for each in overrides})


def _within(optimization: Optimization, own: Value, ceiling: Value) -> bool:
    after = optimization.after
    if not isinstance(after, int | float):
        return True
    if isinstance(ceiling, int | float) and after > ceiling:
        return False
    limits = (OptimizedField.MEMORY, OptimizedField.CPUS, OptimizedField.TIMEOUT)
    raises = isinstance(own, int | float) and after > own and optimization.field in limits
    return not raises or optimization.approved_by not in (None, "orcaops")
