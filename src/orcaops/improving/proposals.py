"""Proposals: which limit of a job could be another, from its own past runs. Pure.

Every proposal is replayed over the stored runs first: how many of them would it have killed? One that
would have killed a single healthy run is not made.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from orcaops.improving.benefits import benefit, saving_of
from orcaops.improving.passing import went_away
from orcaops.improving.targets import WORTH, cpu_use, cpus_target, hung_beside, memory_target, timeout_target
from orcaops.model.attempts import INFRASTRUCTURE, held_bytes
from orcaops.model.optimization import Benefit
from orcaops.model.override import OptimizedField, Value, show_value
from orcaops.model.run import Cause, PhaseName, Run, Status
from orcaops.stats.ceiling import growth

RECENT = timedelta(days=90)
"""Runs that are older than this, seen from the latest, say nothing: a job run once a month is left alone."""

STAGE = 0.7
"""One step lowers a limit to this share at most; more takes several steps, each tried."""

_SETTLED = 5  # so many of the latest runs have to agree on the limit
_CPU_RUNS = 20
_BUSY = 0.05  # of a processor: five times what a run that hangs may use
_INFRASTRUCTURE_FAILURES = 3
_PULLS = 20
_STEP_BYTES = 16 * 1024 * 1024
_GROWN_OVER = 50  # runs: growth that is less than a twentieth over these is none


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """One change: from what the job asks for itself and what is in force to what is tried and aimed at."""

    field: OptimizedField
    own: Value
    before: Value
    after: Value
    target: Value
    title: str
    reason: str
    promised: Benefit
    counterfactual: dict[str, int | float]
    flaky: bool = False
    busy: bool = False
    work: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Past:
    """What is known of one key: its runs here, newest first, and whether it is known to be flaky.

    ``work`` is what all of the runs ran, where the key does not say it.
    """

    runs: Sequence[Run]
    work: str | None = None
    flaky: bool = False
    in_force: dict[OptimizedField, Value] = field(default_factory=dict)

    def own(self, name: OptimizedField) -> Value:
        """What the job asks for itself now: of its latest run, without what optimizations changed."""
        return own_value(self.runs[0], name) if self.runs else None

    def before(self, name: OptimizedField) -> Value:
        """What is in force now: a kept change, or the job's own value."""
        return self.in_force.get(name, self.own(name))

    def successes(self) -> list[Run]:
        """The runs that did what they should, oldest first."""
        return [run for run in reversed(self.runs) if run.cause is Cause.SUCCESS]


def own_value(run: Run, name: OptimizedField) -> Value:
    """What a run's job asked for itself, a policy's or a setting's default counted in."""
    for override in run.overrides:
        if override.field is name:
            return override.own
    spec = run.effective or run.requested
    value: Value = getattr(spec, name) if spec is not None else None
    return value


def recent(runs: Sequence[Run]) -> list[Run]:
    """Those of the runs, newest first, that say something about the latest one."""
    return [run for run in runs if runs[0].submitted_at - run.submitted_at <= RECENT]


def propose(past: Past) -> Iterator[Proposal]:
    """Everything worth trying, the surest first; nothing about a limit that its user is changing."""
    for proposer in _PROPOSERS:
        found = proposer(past)
        if found is not None and all(
            own_value(run, found.field) == found.own for run in past.runs[:_SETTLED]
        ):
            yield found


def asked_for(past: Past, name: OptimizedField, own: Value, target: Value, reason: str) -> Proposal:
    """A change that a person asked for, with its first step: a limit is lowered by steps, whoever lowers it.

    ``own`` is what the job asks for itself. What the past says of the change is kept with it.
    """
    before = past.in_force.get(name, own)
    after = target
    if (
        name in _NOUNS
        and isinstance(before, int | float)
        and isinstance(target, int | float)
        and target < before
    ):
        after = _step(name, before, target)
        if name is OptimizedField.MEMORY:
            after = int(after)
    runs = [run for run in past.runs if run.status is not Status.LOST]
    savings = [saved for run in runs if (saved := saving_of(name, before, after, run)) is not None]
    noun = _NOUNS.get(name, str(name).replace("_", " "))
    steps = f", towards {show_value(name, target)}" if after != target else ""
    was = f"from {show_value(name, before)} " if before is not None else ""
    return Proposal(
        field=name,
        own=own,
        before=before,
        after=after,
        target=target,
        title=f"Change the {noun} {was}to {show_value(name, after)}{steps}",
        reason=reason,
        promised=benefit(name, savings),
        counterfactual={"runs": len(runs)},
        busy=_busy(past),
        work=past.work,
    )


def _step(name: OptimizedField, before: float, wanted: float) -> float:
    """How far one step of a trial goes on the way down."""
    if name is OptimizedField.MEMORY:
        return max(wanted, math.ceil(STAGE * before / _STEP_BYTES) * _STEP_BYTES)
    if name is OptimizedField.CPUS:
        return max(wanted, math.ceil(10 * STAGE * before) / 10)
    return max(float(wanted), float(math.ceil(STAGE * before)))


def _memory(past: Past) -> Proposal | None:
    own, before = past.own(OptimizedField.MEMORY), past.before(OptimizedField.MEMORY)
    if not isinstance(own, int) or not isinstance(before, int):
        return None
    peaks = [peak for run in past.successes() if (peak := held_bytes(run)) is not None]
    killed = sum(run.cause is Cause.OOM_KILLED and not run.overrides for run in past.runs[:20])
    if killed:
        return None  # it needs more than it asks for: that is told, and not done
    wanted = memory_target(peaks)
    if wanted is None or wanted > WORTH * before or _growing(peaks):
        return None
    after = int(_step(OptimizedField.MEMORY, before, wanted))
    if after >= before:
        return None
    return _lowering(past, OptimizedField.MEMORY, own, before, after, wanted, peaks)


def _timeout(past: Past) -> Proposal | None:
    own, before = past.own(OptimizedField.TIMEOUT), past.before(OptimizedField.TIMEOUT)
    seconds = [run.duration_s for run in past.successes() if run.duration_s]
    stopped = [run for run in past.runs if run.cause is Cause.TIMEOUT_TOTAL]
    longest_s = max(seconds, default=math.inf)
    if any(not run.overrides and not hung_beside(run, longest_s) for run in stopped):
        return None  # it needs more than it asks for: that is told, and not done
    wanted = timeout_target(past.successes(), stopped)
    if wanted is None or _growing(seconds):
        return None
    if before is None:
        return _lowering(past, OptimizedField.TIMEOUT, own, None, wanted, wanted, seconds)
    if not isinstance(before, int | float) or not isinstance(own, int | float) or wanted >= 0.5 * float(own):
        return None
    after = _step(OptimizedField.TIMEOUT, before, wanted)
    if after > 0.95 * before:
        return None
    return _lowering(past, OptimizedField.TIMEOUT, own, before, float(after), wanted, seconds)


def _cpus(past: Past) -> Proposal | None:
    own, before = past.own(OptimizedField.CPUS), past.before(OptimizedField.CPUS)
    if not isinstance(own, int | float) or not isinstance(before, int | float):
        return None
    used = [use for run in past.successes() if (use := cpu_use(run)) is not None]
    throttled = sum((run.usage.throttled_seconds or 0.0) > 0.01 * (run.duration_s or 0) for run in past.runs)
    if len(used) < _CPU_RUNS or throttled > 0.05 * len(past.runs):
        return None
    wanted = cpus_target(used)
    if wanted > WORTH * before:
        return None
    after = _step(OptimizedField.CPUS, before, wanted)
    return _lowering(past, OptimizedField.CPUS, own, before, after, wanted, [use.mean for use in used])


def _retries(past: Past) -> Proposal | None:
    own = past.own(OptimizedField.RETRIES)
    if own or past.before(OptimizedField.RETRIES):
        return None
    lost = [run for run in past.runs if run.cause in INFRASTRUCTURE]
    flaky = [run for run in past.runs if run.cause is Cause.COMMAND_FAILED] if past.flaky else []
    passed = {run.job_id for run in went_away(past.runs, [*lost, *flaky])}
    if (len(lost) < _INFRASTRUCTURE_FAILURES and not flaky) or 2 * len(passed) < len(lost) + len(flaky):
        return None
    # An attempt fails like any other run: what is saved is all but those that fail again.
    again = (len(lost) + len(flaky)) / len(past.runs)
    savings = [1.0 - again if run.job_id in passed else 0.0 for run in past.runs]
    what = "the command, which is flaky," if flaky else "the infrastructure"
    return Proposal(
        field=OptimizedField.RETRIES,
        own=own,
        before=own,
        after=1,
        target=1,
        title="Try again once after a failure that is not the work's own",
        reason=f"{len(lost) + len(flaky)} of {len(past.runs)} runs failed because of {what}.",
        promised=benefit(OptimizedField.RETRIES, savings),
        counterfactual={"runs": len(past.runs), "retried": len(lost) + len(flaky)},
        flaky=bool(flaky),
        work=past.work,
    )


def _pull_policy(past: Past) -> Proposal | None:
    if past.before(OptimizedField.PULL_POLICY) != "always":
        return None
    latest = past.runs[:_PULLS]
    digests = {run.image_digest for run in latest}
    if len(latest) < _PULLS or len(digests) != 1 or None in digests:
        return None
    savings = [phase.duration_s for run in latest if (phase := run.phases.get(PhaseName.PULL)) is not None]
    return Proposal(
        field=OptimizedField.PULL_POLICY,
        own="always",
        before="always",
        after="missing",
        target="missing",
        title="Pull the image only if it is missing",
        reason=f"The last {len(latest)} pulls brought the same image.",
        promised=benefit(OptimizedField.PULL_POLICY, savings or [0.0]),
        counterfactual={"runs": len(latest), "newer_images_missed": 0},
        work=past.work,
    )


_PROPOSERS: tuple[Callable[[Past], Proposal | None], ...] = (_memory, _timeout, _cpus, _retries, _pull_policy)


def _lowering(
    past: Past,
    name: OptimizedField,
    own: Value,
    before: Value,
    after: float,
    wanted: float,
    seen: Sequence[float],
) -> Proposal | None:
    killed = sum(value > after for value in seen)
    if killed:
        return None
    savings = [
        saving
        for run in past.runs
        if run.status is not Status.LOST and (saving := saving_of(name, before, after, run)) is not None
    ]
    steps = f", towards {show_value(name, wanted)}" if after != wanted else ""
    before_shown, after_shown = show_value(name, before), show_value(name, after)
    change = f"from {before_shown} to {after_shown}" if before is not None else f"to {after_shown}"
    verb = "Lower" if before is not None else "Set"
    return Proposal(
        field=name,
        own=own,
        before=before,
        after=after,
        target=wanted,
        title=f"{verb} the {_NOUNS[name]} {change}{steps}",
        reason=(
            f"The last {len(seen)} measured runs needed at most {_needed(name, max(seen))}; none of them "
            "would have been touched."
        ),
        promised=benefit(name, savings),
        counterfactual={"runs": len(seen), "would_have_been_killed": killed, "largest": max(seen)},
        busy=_busy(past),
        work=past.work,
    )


def _busy(past: Past) -> bool:
    """Whether each healthy run used so much of a processor that one which uses none cannot be healthy."""
    healthy = past.successes()
    return bool(healthy) and all(
        run.duration_s is not None
        and run.usage.cpu_seconds is not None
        and run.usage.cpu_seconds >= _BUSY * run.duration_s
        for run in healthy
    )


_NOUNS = {
    OptimizedField.MEMORY: "memory limit",
    OptimizedField.TIMEOUT: "timeout",
    OptimizedField.CPUS: "CPU limit",
}


def _needed(name: OptimizedField, value: float) -> str:
    return f"{value:.2f} CPUs" if name is OptimizedField.CPUS else show_value(name, value)


def _growing(values: Sequence[float]) -> bool:
    """Whether they go up all the time: a limit would be reached sooner or later."""
    return growth(values).sure * _GROWN_OVER > 0.05
