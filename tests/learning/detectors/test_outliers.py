"""Slow, hungry and waiting runs: one episode, one anomaly, words that help."""

from typing import Any

import pytest

from orcaops.learning.detectors.duration import detector as duration
from orcaops.learning.detectors.memory import detector as memory
from orcaops.learning.detectors.queue_wait import detector as queue_wait
from orcaops.learning.detectors.stalled import detector as stalled
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.testing.learners import samples_of_job


def told(detector: Any, values: list[float], metric: str) -> list[Anomaly]:
    memories = {level: detector.fresh() for level in detector.levels}
    found = []
    for sample in samples_of_job(values, metric):
        found += detector.judge(memories, sample)
        detector.learn(memories, sample)
    return found


NORMAL = [30.0, 30.5, 29.8, 30.2, 30.1, 29.9, 30.3, 30.0]


def test_a_slow_run_is_told_with_units_and_closes_by_itself() -> None:
    found = told(duration, [*NORMAL, 95.0, *NORMAL], "duration")
    assert [(a.open, a.severity) for a in found] == [(True, Severity.CRITICAL), (False, Severity.CRITICAL)]
    assert found[0].id == found[1].id
    assert found[0].title == "Took 3.16 × as long as usual: 1 min 35 s instead of 30.1 s"
    assert "the last 8 runs" in found[0].description
    assert (found[0].actual, found[0].unit) == (95.0, "s")
    assert found[0].deviation_percent == pytest.approx(216, abs=1)
    assert found[1].closed_at is not None


def test_several_slow_runs_are_one_anomaly() -> None:
    found = told(duration, [*NORMAL, 95.0, 120.0, *NORMAL], "duration")
    assert len({anomaly.id for anomaly in found}) == 1
    assert found[-1].run_count == 2
    assert found[-1].actual == 120.0
    assert found[-1].job_ids == ("job-9", "job-10")


def test_a_fast_run_is_information() -> None:
    found = told(duration, [*NORMAL, 2.0], "duration")
    assert [a.severity for a in found] == [Severity.INFO]
    assert found[0].title.startswith("Suspiciously fast")


def test_memory_is_in_bytes_and_small_amounts_do_not_count() -> None:
    mib = 1024.0 * 1024
    assert told(memory, [*[v * mib for v in NORMAL], 60 * mib], "memory") == []
    found = told(memory, [*[10 * v * mib for v in NORMAL], 900 * mib], "memory")
    assert found[0].unit == "bytes"
    assert found[0].title == "Needed 3 × the usual memory: 900 MiB instead of 300 MiB"


def test_short_waits_are_nobodys_trouble() -> None:
    assert told(queue_wait, [*NORMAL, 0.0, 80.0], "queue_wait") == []
    assert told(queue_wait, [*NORMAL, 400.0], "queue_wait")[0].title.startswith("Waited 6 min 40 s")


def test_fewer_than_five_runs_are_silent() -> None:
    assert told(duration, [30.0, 30.1, 29.9, 30.0, 3000.0], "duration") == []


def test_a_run_that_hung_is_told() -> None:
    silences = [0.2, 4.0, 3.0, 0.5, 5.0, 4.5, 2.0, 3.5]
    assert told(stalled, [*silences, 30.0], "silence") == []
    [anomaly] = told(stalled, [*silences, 900.0], "silence")
    assert anomaly.title == "Said nothing for 15 min; its longest silence is usually 3.24 s"
    assert (anomaly.type, anomaly.unit, anomaly.severity) == ("stalled", "s", Severity.CRITICAL)
