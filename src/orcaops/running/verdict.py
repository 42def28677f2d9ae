"""Verdict: from how a run ended to its status, its one cause, and a sentence. Pure."""

from dataclasses import dataclass

from orcaops.model.job import JobSpec
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.run import Cause, Status
from orcaops.running.executor import Failure, HaltReason, Outcome

_FAILURES = {
    Failure.IMAGE_UNAVAILABLE: (Status.FAILED, Cause.IMAGE_UNAVAILABLE),
    Failure.ENGINE_LOST: (Status.LOST, Cause.ENGINE_LOST),
    Failure.INFRASTRUCTURE: (Status.FAILED, Cause.INFRASTRUCTURE),
}
_HALTS = {
    HaltReason.CANCELLED: (Status.CANCELLED, Cause.CANCELLED),
    HaltReason.TIMEOUT_TOTAL: (Status.TIMED_OUT, Cause.TIMEOUT_TOTAL),
    HaltReason.TIMEOUT_IDLE: (Status.TIMED_OUT, Cause.TIMEOUT_IDLE),
}


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is said of a run that has ended."""

    status: Status
    cause: Cause
    message: str | None = None


def judge(outcome: Outcome, halted: HaltReason | None, spec: JobSpec) -> Verdict:
    """The verdict over an outcome.

    ``halted`` is why the run was stopped, null if it ended by itself (a stop that was asked for
    after the last command had ended is none). In order: no command's result exists, stopped,
    success, out of memory by evidence, failed.
    """
    if outcome.failure is not None:
        status, cause = _FAILURES[outcome.failure]
        return Verdict(status, cause, outcome.message)
    if halted is not None:
        status, cause = _HALTS[halted]
        return Verdict(status, cause, outcome.message or _why_halted(halted, spec))
    if outcome.exit_code is None and outcome.signal is None:
        return Verdict(
            Status.FAILED,
            Cause.INFRASTRUCTURE,
            outcome.message or "The executor did not say how the command ended.",
        )
    if outcome.exit_code == 0:  # a child may have been killed for memory, and the command coped with it
        return Verdict(Status.SUCCEEDED, Cause.SUCCESS, outcome.message)
    if outcome.oom_killed:
        limit = f" of {show_size(spec.memory)}" if spec.memory is not None else ""
        return Verdict(
            Status.FAILED,
            Cause.OOM_KILLED,
            outcome.message or f"Killed by the kernel: the memory limit{limit} was reached.",
        )
    return Verdict(Status.FAILED, Cause.COMMAND_FAILED, outcome.message)


def _why_halted(reason: HaltReason, spec: JobSpec) -> str | None:
    if reason is HaltReason.TIMEOUT_TOTAL and spec.timeout is not None:
        return f"Stopped: still running after its timeout of {show_duration(spec.timeout)}."
    if reason is HaltReason.TIMEOUT_IDLE and spec.idle_timeout is not None:
        return f"Stopped: no output for its idle timeout of {show_duration(spec.idle_timeout)}."
    return None
