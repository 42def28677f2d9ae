"""While a change is tried, its runs are judged and teach nothing: normal is what was without it."""

from datetime import UTC, datetime, timedelta

import pytest

from orcaops.learning.baselines import BaselineLearner
from orcaops.learning.detectors import duration
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.model.job import JobSpec
from orcaops.model.override import Arm, Assignment, OptimizedField, Override
from orcaops.model.run import Cause, Run, Status, Usage
from orcaops.recording.measure import samples_of

START = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = JobSpec(command=("true",), timeout=60)


def run(number: int, seconds: float, *, arm: Arm | None = None, stage: str = "canary") -> Run:
    at = START + timedelta(hours=number)
    return Run(
        job_id=f"j{number}",
        key="name:n",
        name="n",
        status=Status.SUCCEEDED,
        cause=Cause.SUCCESS,
        submitted_at=at,
        started_at=at,
        finished_at=at + timedelta(seconds=seconds),
        duration_s=seconds,
        effective=SPEC,
        usage=Usage(cpu_seconds=1, memory_peak_bytes=2**25, exact=True),
        trial=Assignment(optimization_id="o", stage=stage, arm=arm) if arm is not None else None,
    )


@pytest.mark.parametrize(
    ("arm", "stage", "learned"),
    [(Arm.CANDIDATE, "canary", 20), (Arm.CONTROL, "canary", 21), (Arm.CANDIDATE, "kept", 21)],
)
def test_what_is_normal_is_learned_without_the_change(arm: Arm, stage: str, learned: int) -> None:
    loop, book = Loop([BaselineLearner(), duration.detector]), MemoryBook()
    loop.absorb([samples_of(run(n, 10 + n % 3), n) for n in range(1, 21)], book)
    found = loop.absorb([samples_of(run(21, 100.0, arm=arm, stage=stage), 21)], book)
    assert [anomaly.type for anomaly in found.anomalies] == ["duration"], "judged like any other"
    (baseline,) = loop.describe_baselines(book, [("default", "name:n")])
    assert baseline.sample_count == learned


def test_a_run_that_our_own_limit_ended_says_nothing_of_the_work() -> None:
    override = Override(optimization_id="o", field=OptimizedField.TIMEOUT, own=60.0, after=5.0)
    killed = run(1, 5.0).changed(status=Status.TIMED_OUT, cause=Cause.TIMEOUT_TOTAL, overrides=(override,))
    assert samples_of(killed, 1) == []
    assert samples_of(killed.changed(overrides=()), 1) != []
    raised = override.model_copy(update={"own": 4.0})
    assert samples_of(killed.changed(overrides=(raised,)), 1) != [], "it had more than it asked for"


def test_a_second_attempt_did_not_wait_for_the_queue() -> None:
    assert "queue_wait" in {sample.metric for sample in samples_of(run(1, 5.0), 1)}
    again = run(1, 5.0).changed(attempt=2, retry_of="j1.1")
    assert "queue_wait" not in {sample.metric for sample in samples_of(again, 1)}
