"""Summaries: a run told in a few lines, from its record, its anomalies and the end of its log."""

from collections.abc import Sequence
from statistics import median

from orcaops.learning.failures.masking import plain
from orcaops.model.anomaly import Anomaly, speaking
from orcaops.model.logline import LogLine
from orcaops.model.prediction import DurationPrediction
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.run import Cause, PhaseName, Run, Status
from orcaops.model.summary import Summary
from orcaops.model.test_case import TestCase

_CAUSES = {
    Cause.SUCCESS: "succeeded",
    Cause.COMMAND_FAILED: "failed",
    Cause.OOM_KILLED: "ran out of memory",
    Cause.TIMEOUT_TOTAL: "was stopped at its timeout",
    Cause.TIMEOUT_IDLE: "was stopped because it had been silent for too long",
    Cause.CANCELLED: "was cancelled",
    Cause.IMAGE_UNAVAILABLE: "could not get its image",
    Cause.ENGINE_LOST: "was lost with its engine",
    Cause.INFRASTRUCTURE: "failed for a reason outside the job",
    Cause.POLICY_DENIED: "was denied by policy",
}
_SLOW_PHASE_S = 1.0  # a phase beside the run itself that is worth telling
_ERRORS_SHOWN = 5


def summarise(
    run: Run,
    anomalies: Sequence[Anomaly],
    before: Sequence[Run],
    tail: Sequence[LogLine],
    failing: Sequence[TestCase] = (),
) -> Summary:
    """Tell a run.

    ``before`` are earlier runs of its key, newest first, ``tail`` the end of its log, ``failing`` the first
    of its tests that failed.
    """
    spoken = speaking(anomalies)
    return Summary(
        job_id=run.job_id,
        status=run.status,
        line=_line(run, before),
        key_events=tuple(_events(run)),
        errors=tuple(_errors(run, tail, failing)),
        unusual=tuple(anomaly.title for anomaly in spoken),
        predicted=run.prediction,
        next_steps=tuple(_next_steps(run, spoken)),
    )


def outcome_of(run: Run) -> str:
    """How a run ended, as the end of a sentence: ``"failed with exit code 2"``."""
    if run.cause is None:
        return "is running" if run.status is Status.RUNNING else "is waiting"
    words = _CAUSES[run.cause]
    if run.cause is Cause.COMMAND_FAILED:
        words += f" with signal {run.signal}" if run.signal else f" with exit code {run.exit_code}"
    return words


def _line(run: Run, before: Sequence[Run]) -> str:
    words = f"{plain(run.name or run.command or run.key)} {outcome_of(run)}"
    if run.duration_s is not None:
        words += f" after {show_duration(run.duration_s)}"
        usual = [
            other.duration_s for other in before if other.status is Status.SUCCEEDED and other.duration_s
        ]
        if len(usual) >= 3:
            words += f" (usually {show_duration(median(usual))})"
    return words


def _events(run: Run) -> list[str]:
    events = [f"submitted {run.submitted_at:%Y-%m-%d %H:%M:%S} UTC"]
    for name, phase in run.phases.items():
        if name is PhaseName.RUN or phase.duration_s >= _SLOW_PHASE_S:
            events.append(f"{name.value.replace('_', ' ')}: {show_duration(phase.duration_s)}")
    if len(run.steps) > 1:
        events.extend(
            f"step {place} {'ended' if not step.exit_code else f'failed ({step.exit_code})'} after "
            f"{show_duration(step.duration_s)}: {' '.join(step.command)[:120]}"
            for place, step in enumerate(run.steps, start=1)
        )
    if run.usage.memory_peak_bytes:
        held = run.usage.memory_resident_bytes
        events.append(
            f"memory peak {show_size(run.usage.memory_peak_bytes)}"
            + (f", held by the processes {show_size(held)}" if held is not None else "")
        )
    if run.tests is not None and run.tests.total:
        events.append(run.tests.sentence())
    if run.usage.cpu_seconds is not None:
        events.append(f"CPU {show_duration(run.usage.cpu_seconds)}")
    if run.log is not None and run.log.cut_bytes:
        events.append(f"{show_size(run.log.cut_bytes)} of output were cut from the middle of the log")
    prediction = run.prediction.duration if run.prediction else None
    if isinstance(prediction, DurationPrediction) and run.duration_s is not None:
        inside = prediction.range_low <= run.duration_s <= prediction.range_high
        events.append(
            f"predicted {show_duration(prediction.estimate)} "
            f"({show_duration(prediction.range_low)} to {show_duration(prediction.range_high)}), "
            f"took {show_duration(run.duration_s)}: {'as' if inside else 'not as'} expected"
        )
    return events


def _errors(run: Run, tail: Sequence[LogLine], failing: Sequence[TestCase]) -> list[str]:
    """What it said of its failure: lines of its output, each bounded and without control letters."""
    told = [plain(f"{case.id}: {case.message or case.status.value}") for case in failing]
    if run.status in (Status.SUCCEEDED, Status.QUEUED, Status.RUNNING):
        return told
    errors = ([run.message] if run.message else []) + told
    if run.log is not None and run.log.first_error:
        errors.append(plain(run.log.first_error))
    ended = [(line.stream, text) for line in tail if (text := plain(line.text))]
    last = [text for stream, text in ended if stream == "stderr"]
    errors += [text for text in (last or [text for _, text in ended])[-3:] if text not in errors]
    return errors[:_ERRORS_SHOWN]


def _next_steps(run: Run, anomalies: Sequence[Anomaly]) -> list[str]:
    steps = []
    if not run.status.final:
        steps.append(f"orcaops jobs logs -f {run.job_id}")
    elif run.status is not Status.SUCCEEDED:
        if run.status is not Status.CANCELLED:
            steps.append(f"orcaops debug {run.job_id}")
        steps.append(f"orcaops jobs logs {run.job_id}")
        if run.cause is Cause.OOM_KILLED and run.effective and run.effective.memory:
            steps.append(f"run it again with more memory than {show_size(run.effective.memory)}")
        elif run.requested is not None and not run.masked:
            steps.append(f"orcaops jobs rerun {run.job_id}")
    steps.extend(f"orcaops anomalies show {anomaly.id}" for anomaly in anomalies)
    if run.status is Status.SUCCEEDED and not anomalies:
        steps.append(f"orcaops baselines show {run.key!r}")
    return steps
