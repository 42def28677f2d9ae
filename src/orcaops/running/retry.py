"""Retry: whether a run that has ended is tried again, and with which limits. Pure.

Only what ran out is changed. Nothing is tried again for ever: attempts are counted, and a job that
takes whatever it is given is given no more.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from orcaops.model.attempts import INFRASTRUCTURE, hung, killed_by_override, ran_out_of
from orcaops.model.override import OptimizedField, Value, show_value
from orcaops.model.run import Cause, Run

MOST_ATTEMPTS = 5
"""No job is tried more often, whatever it asks for."""

_DELAY_S = 0.5
_LONGEST_DELAY_S = 30.0


@dataclass(frozen=True, slots=True)
class NextAttempt:
    """Why a run is tried again, after how many seconds, and the fields that change, each with its value.

    ``restored`` are those of them that go back to what the job asked for itself.
    """

    reason: str
    changes: Mapping[OptimizedField, Value] = field(default_factory=dict)
    restored: frozenset[OptimizedField] = frozenset()
    delay_s: float = 0.0


def next_attempt(
    run: Run,
    earlier: Sequence[Run],
    *,
    raise_to: float = 1.0,
    ceilings: Mapping[OptimizedField, Value] | None = None,
) -> NextAttempt | None:
    """The attempt that follows a run that has ended; None if its end stands.

    ``earlier`` are the attempts before it. In order: a limit that an optimization had lowered is the
    job's own again (unless the run hung: to be spared the wait is what that change is for); a start that
    the engine refused is tried without overrides; a limit of the job's own that ran out, of a run that did
    not hang, is doubled once, up to ``raise_to`` times what it asked for and never above ``ceilings``;
    failures of the infrastructure, and of a command known to be flaky, are tried again as often as
    ``retries`` says.
    """
    if run.cause in (None, Cause.SUCCESS, Cause.CANCELLED) or run.attempt >= MOST_ATTEMPTS:
        return None
    killed = killed_by_override(run)
    if killed is not None:
        return NextAttempt(
            f"it was killed at {show_value(killed.field, killed.after)}, a limit that OrcaOps had lowered "
            f"from {show_value(killed.field, killed.own)}; it runs again with its own limit",
            {killed.field: killed.own},
            frozenset((killed.field,)),
        )
    if refused(run):
        return NextAttempt(
            "it could not be started with the limits that OrcaOps had laid over it; it runs again with its "
            "own",
            {each.field: each.own for each in run.overrides},
            frozenset(each.field for each in run.overrides),
        )
    raised = _raised(run, earlier, raise_to, ceilings or {})
    if raised is not None:
        return raised
    spec = run.effective
    allowed = spec.retries if spec is not None else None
    flaky = any(each.field is OptimizedField.RETRIES and each.flaky for each in run.overrides)
    if not allowed or not (run.cause in INFRASTRUCTURE or (flaky and run.cause is Cause.COMMAND_FAILED)):
        return None
    used = sum(each.cause in INFRASTRUCTURE or each.cause is Cause.COMMAND_FAILED for each in earlier)
    if used >= allowed:
        return None
    what = (
        "the infrastructure failed" if run.cause in INFRASTRUCTURE else "it failed, and is known to be flaky"
    )
    delay = min(_DELAY_S * 2**used, _LONGEST_DELAY_S)
    return NextAttempt(f"{what}; retry {used + 1} of {allowed}", delay_s=delay)


def refused(run: Run) -> bool:
    """Whether a run with overrides never started: perhaps because of them."""
    limits = (OptimizedField.MEMORY, OptimizedField.CPUS, OptimizedField.TIMEOUT)
    laid = any(each.field in limits for each in run.overrides)
    return laid and run.cause is Cause.INFRASTRUCTURE and run.started_at is None


def _raised(
    run: Run, earlier: Sequence[Run], raise_to: float, ceilings: Mapping[OptimizedField, Value]
) -> NextAttempt | None:
    name = ran_out_of(run)
    if name is None or hung(run) or raise_to <= 1 or run.effective is None or run.requested is None:
        return None  # a run that hung would only have hung for longer
    now = getattr(run.effective, name)
    if now is None or any(ran_out_of(each) is name and not each.overrides for each in earlier):
        return None  # it was given more, and took that too: it may well take everything
    own = getattr(run.requested, name) or now
    ceiling = ceilings.get(name)
    most = min(2 * now, raise_to * own, float(ceiling) if isinstance(ceiling, int | float) else float("inf"))
    new: Value = int(most) if name is OptimizedField.MEMORY else float(most)
    if not isinstance(new, int | float) or new <= now:
        return None
    return NextAttempt(
        f"it ran out of {'memory' if name is OptimizedField.MEMORY else 'time'} at {show_value(name, now)}; "
        f"it runs again with {show_value(name, new)}",
        {name: new},
    )
