"""Conclusion: the record of a run that has ended, by what was seen of it and what its executor says. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from orcaops.model.run import Cause, LogSummary, Phase, PhaseName, Run, Status, Step
from orcaops.running.executor import HaltReason, Outcome
from orcaops.running.verdict import judge

_LOOSENED = "A limit that OrcaOps had lowered was taken back while it ran."


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was seen of a run until ``at``.

    ``tighter`` is the run as it was placed, if its limits have been loosened since; ``trouble`` what could
    not be written down.
    """

    at: datetime
    halted: HaltReason | None
    started_at: datetime | None
    steps: tuple[Step, ...]
    phases: Mapping[PhaseName, Phase]
    log: LogSummary | None
    tighter: Run | None
    trouble: str | None


def conclude(run: Run, outcome: Outcome, seen: Seen) -> Run:
    """The final record. Of a run without an ``effective`` specification there is none."""
    assert run.effective is not None
    verdict = judge(outcome, seen.halted, run.effective)
    status, cause, message = verdict.status, verdict.cause, verdict.message
    if seen.tighter is not None:
        message = " ".join(filter(None, (message, _LOOSENED)))
        if cause is Cause.OOM_KILLED:  # perhaps a moment before, by the limit that it had until then
            run = run.changed(overrides=seen.tighter.overrides, trial=seen.tighter.trial)
    if seen.trouble is not None:
        ended = f"The command itself ended with: {cause}" + (f" ({message})" if message else "")
        status, cause = Status.FAILED, Cause.INFRASTRUCTURE
        message = f"OrcaOps could not record this run fully: {seen.trouble}. {ended}."
    started_at = outcome.started_at or seen.started_at
    finished_at = outcome.finished_at or seen.at
    if started_at is not None:
        finished_at = max(started_at, finished_at)
    return run.changed(
        status=status,
        cause=cause,
        message=message,
        exit_code=outcome.exit_code,
        signal=outcome.signal,
        started_at=started_at,
        finished_at=finished_at,
        duration_s=(finished_at - started_at).total_seconds() if started_at is not None else None,
        phases=dict(seen.phases),
        steps=outcome.steps or seen.steps,
        usage=outcome.usage,
        image_digest=outcome.image_digest or run.image_digest,
        image_id=outcome.image_id,
        image_pinned=outcome.image_pinned,
        image_size_bytes=outcome.image_size_bytes,
        user=outcome.user,
        artifacts=outcome.artifacts,
        log=seen.log,
        warm=outcome.warm,
    )


def noted(final: Run) -> Run:
    """The record of a run that has ended while what is left of it is removed: all but the status is final."""
    return final.changed(status=Status.RUNNING)


def from_note(run: Run) -> Run | None:
    """The final record of a run whose owner died after it had noted the end; None if it had not."""
    return None if run.cause is None else run.changed(status=_STATUSES.get(run.cause, Status.FAILED))


_STATUSES = {
    Cause.SUCCESS: Status.SUCCEEDED,
    Cause.TIMEOUT_TOTAL: Status.TIMED_OUT,
    Cause.TIMEOUT_IDLE: Status.TIMED_OUT,
    Cause.CANCELLED: Status.CANCELLED,
}
