"""A failure rate that creeps up is told once; noise, drops and jobs that always failed as often are not."""

import random

import pytest

from orcaops.learning.detectors.rising_risk import detector
from orcaops.model.anomaly import Anomaly
from orcaops.testing.learners import samples_of_job


def told(outcomes: list[bool]) -> list[Anomaly]:
    memories = {"key": detector.fresh()}
    found: list[Anomaly] = []
    for sample in samples_of_job([float(failed) for failed in outcomes], "failure"):
        found += detector.judge(memories, sample)
        detector.learn(memories, sample)
    return found


def creeping(chance: random.Random, n: int = 300) -> list[bool]:
    """From 2 % to 30 % between the 150th and the 250th run."""
    return [chance.random() < min(max(0.02, 0.02 + 0.28 * (place - 150) / 100), 0.3) for place in range(n)]


@pytest.mark.parametrize("rate", [0.005, 0.02, 0.1, 0.25])
def test_a_rate_that_stays_is_no_news(rate: float) -> None:
    chance = random.Random(12)
    false = sum(len({a.id for a in told([chance.random() < rate for _ in range(1000)])}) for _ in range(40))
    assert false / 40 <= 0.5


def test_a_rate_that_creeps_up_is_one_episode() -> None:
    chance = random.Random(3)
    seen = [told(creeping(chance)) for _ in range(30)]
    found = [anomalies for anomalies in seen if anomalies]
    assert len(found) >= 25
    assert sum(len({a.id for a in anomalies}) for anomalies in found) / len(found) <= 1.2
    first = found[0][0]
    assert first.type == "rising_risk"
    assert first.actual > first.expected
    assert first.title.startswith("Fails more and more often: ")


def test_it_is_over_after_25_successes() -> None:
    found = told(creeping(random.Random(3)) + [False] * 25)
    assert not found[-1].open
    assert "the last 25 runs succeeded" in found[-1].description


def test_it_is_over_when_the_rate_has_settled() -> None:
    chance = random.Random(4)
    found = told([*creeping(chance), *(chance.random() < 0.3 for _ in range(500))])
    assert len({a.id for a in found}) <= 2
    assert not found[-1].open


def test_a_job_that_broke_for_good_is_no_trend() -> None:
    assert told([False] * 100 + [True] * 60) == []
    assert told([True] * 200) == []


def test_a_short_history_says_nothing() -> None:
    assert told([]) == told([True]) == told([False, True]) == []
    assert told([False] * 40 + [True, False] * 8) == []
