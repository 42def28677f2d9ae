"""What the attempts of a job say about the limits they ran under."""

from collections.abc import Mapping

from orcaops.model.override import OptimizedField, Override, Value
from orcaops.model.run import Cause, Run

_RAN_OUT = {Cause.OOM_KILLED: OptimizedField.MEMORY, Cause.TIMEOUT_TOTAL: OptimizedField.TIMEOUT}

_QUIET_CPU = 0.01  # of a processor: a run that used less than this waited for something that never came

INFRASTRUCTURE = frozenset((Cause.IMAGE_UNAVAILABLE, Cause.ENGINE_LOST, Cause.INFRASTRUCTURE))
"""Endings that say nothing about the command."""


def ran_out_of(run: Run) -> OptimizedField | None:
    """The limit that ended the run, by the engine's own evidence; None if none did."""
    return _RAN_OUT.get(run.cause) if run.cause is not None else None


def killed_by_override(run: Run) -> Override | None:
    """The override of ours that hurt the run: a limit it reached, tighter than the job's own.

    A run that hung was going to be stopped at its own timeout, and was only spared the wait.
    """
    field = ran_out_of(run)
    if field is None:
        return None
    found = next((each for each in run.overrides if each.field is field and each.lowers), None)
    return None if found is not None and found.busy and hung(run) else found


def hung(run: Run) -> bool:
    """Whether a run that was stopped for time had done next to nothing; unknown counts as at work."""
    used, seconds = run.usage.cpu_seconds, run.duration_s
    stopped = run.cause in (Cause.TIMEOUT_TOTAL, Cause.TIMEOUT_IDLE)
    return stopped and used is not None and bool(seconds) and used < _QUIET_CPU * (seconds or 1.0)


def without_overrides(run: Run, own: Mapping[str, Value]) -> Run:
    """The run with these fields as its job asked for them; it is on no side of a trial any more."""
    effective = run.effective.model_copy(update=dict(own)) if run.effective is not None else None
    kept = tuple(each for each in run.overrides if str(each.field) not in own)
    return run.changed(effective=effective, overrides=kept, trial=None)


def attempt_id(job_id: str, attempt: int) -> str:
    """The id under which an attempt is kept that was followed by another."""
    return f"{job_id}.{attempt}"


def held_bytes(run: Run) -> int | None:
    """The memory that the processes held at most, as well as that is known; None if it was not measured.

    A size that was sampled fewer than three times says little; then the kernel's peak is taken, which counts
    page cache and so is never too low.
    """
    usage = run.usage
    looked = usage.memory_resident_basis != "sampled" or (usage.memory_samples or 0) >= 3
    if usage.memory_resident_bytes and (looked or usage.memory_peak_bytes is None):
        return usage.memory_resident_bytes
    return usage.memory_peak_bytes or None
