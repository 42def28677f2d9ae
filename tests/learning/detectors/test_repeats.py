"""Commands that are tried again and again."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from orcaops.learning.detectors import repeat_failure, retry_storm
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.sample import Sample
from orcaops.testing.learners import samples_of_job


def retried(
    values: Sequence[float], metric: str, pause_s: float = 5, commit: str | None = "c"
) -> list[Sample]:
    """Runs of two seconds, each submitted ``pause_s`` after the one before had ended."""
    samples = samples_of_job(values, metric)
    first = samples[0].at
    moved = []
    for place, sample in enumerate(samples):
        at = first + timedelta(seconds=(2 + pause_s) * place)
        moved.append(replace(sample, at=at, submitted_at=at - timedelta(seconds=2), commit=commit))
    return moved


def told(detector: Any, samples: Sequence[Sample]) -> list[Anomaly]:
    memories = {"key": detector.fresh()}
    latest: dict[str, Anomaly] = {}
    for sample in samples:
        latest |= {anomaly.id: anomaly for anomaly in detector.judge(memories, sample)}
        detector.learn(memories, sample)
    return list(latest.values())


def test_the_same_failure_again_and_again() -> None:
    errors = retried([1.0] * 6, "error")
    assert not told(repeat_failure.detector, errors[:3])
    [anomaly] = told(repeat_failure.detector, errors)
    assert (anomaly.run_count, anomaly.open, anomaly.job_id) == (6, True, "job-1")
    assert "exit code 1" in anomaly.description
    [critical] = told(repeat_failure.detector, retried([1.0] * 12, "error"))
    assert critical.severity is Severity.CRITICAL


def test_a_success_ends_it() -> None:
    errors = retried([1.0] * 5, "error")
    success = retried([0.0] * 6, "failure")[5]
    [anomaly] = told(repeat_failure.detector, [*errors, success])
    assert not anomaly.open
    assert anomaly.closed_at == success.at


def test_what_changes_in_between_is_no_repetition() -> None:
    errors = retried([1.0] * 8, "error")
    assert not told(repeat_failure.detector, [replace(e, commit=f"c{i}") for i, e in enumerate(errors)])
    assert not told(repeat_failure.detector, [replace(e, detail=f"exit {i}") for i, e in enumerate(errors)])
    assert not told(repeat_failure.detector, retried([1.0] * 8, "error", pause_s=600))


def test_runs_side_by_side_are_no_retries() -> None:
    errors = retried([1.0] * 20, "error")
    together = [replace(error, submitted_at=errors[0].submitted_at) for error in errors]
    assert not told(repeat_failure.detector, together)
    failures = retried([1.0] * 20, "failure")
    assert not told(
        retry_storm.detector, [replace(f, submitted_at=failures[0].submitted_at) for f in failures]
    )


def test_a_storm_is_one_episode() -> None:
    storm = retried([1.0] * 4 + [0.0] + [1.0] * 15, "failure")
    assert not told(retry_storm.detector, storm[:9])
    [anomaly] = told(retry_storm.detector, storm)
    assert (anomaly.type, anomaly.run_count, anomaly.open) == ("retry_storm", 19, True)
    later = replace(storm[-1], job_id="later", at=storm[-1].at + timedelta(hours=1), submitted_at=None)
    [over] = told(retry_storm.detector, [*storm, later])
    assert not over.open


def test_a_job_that_is_always_run_so_often_is_no_storm() -> None:
    usual = retried([0.0] * 50, "failure")
    failing = retried([0.0] * 50 + [1.0] * 20, "failure")[50:]
    assert not told(retry_storm.detector, [*usual, *failing])
    rare = samples_of_job([0.0] * 20, "failure")
    shift = rare[-1].at - failing[0].at + timedelta(minutes=10)
    moved = [
        replace(f, job_id=f"later-{i}", at=f.at + shift, submitted_at=f.at + shift - timedelta(seconds=2))
        for i, f in enumerate(failing)
    ]
    [anomaly] = told(retry_storm.detector, [*rare, *moved])
    assert anomaly.expected == 600.0
