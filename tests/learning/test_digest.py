"""The digest: what is certain is told, what many tests bring up by chance is not; its window is bounded."""

import json

from hypothesis import given
from hypothesis import strategies as st

from orcaops.learning import digest
from orcaops.learning.detectors.duration import detector
from orcaops.model.anomaly import Anomaly
from orcaops.stats.multiplicity import discoveries
from orcaops.testing.learners import samples_of_job

USUAL = [30.0, 30.5, 29.8, 30.2, 30.1, 29.9, 30.3, 30.0]


def slow(seconds: float) -> Anomaly:
    memories = {"key": detector.fresh()}
    *usual, last = samples_of_job([*USUAL, seconds], "duration")
    for sample in usual:
        detector.learn(memories, sample)
    [anomaly] = detector.judge(memories, last)
    return anomaly


def told(tests: int, *seconds: float) -> list[str]:
    window = digest.fresh()
    digest.judged(window, "d", 0.0, tests)
    return [
        found
        for each in seconds
        for found in digest.alarm(window, "d", 0.0, str(each), digest.p_value(slow(each)) or 0.0)
    ]


def test_many_tests_make_it_stricter() -> None:
    assert told(10, 300.0, 46.0) == ["300.0", "46.0"]
    assert told(5000, 46.0, 300.0) == ["300.0"]


def test_detectors_without_a_p_value_say_so() -> None:
    assert digest.p_value(slow(300.0).model_copy(update={"evidence": {}})) is None


P_VALUES = st.lists(st.floats(1e-12, 0.003), min_size=1, max_size=30)


@given(P_VALUES, st.integers(1, 10_000))
def test_in_the_end_at_least_what_a_days_list_would_tell_is_told(p_values: list[float], tests: int) -> None:
    window = digest.fresh()
    digest.judged(window, "d", 0.0, tests)
    told: set[str] = set()
    for number, p in enumerate(p_values):
        told |= set(digest.alarm(window, "d", float(number), f"a{number}", p))
    of_the_day = discoveries(p_values, tests, rate=digest.RATE)
    assert {f"a{place}" for place in of_the_day} <= told
    assert json.loads(json.dumps(window)) == window


@given(P_VALUES)
def test_nothing_is_found_twice(p_values: list[float]) -> None:
    window = digest.fresh()
    found = [
        each
        for number, p in enumerate(p_values * 2)
        for each in digest.alarm(window, "d", 0.0, f"a{number % len(p_values)}", p)
    ]
    assert len(found) == len(set(found))
    assert all(digest.is_told(window, "d", each) for each in found)


def test_it_remembers_a_day_and_no_more_than_fits() -> None:
    window = digest.fresh()
    for hour in range(1000):
        digest.judged(window, "d", hour * 3600.0, 5)
    assert digest.count_of(window, "d") == 24 * 5
    for number in range(3000):
        digest.alarm(window, "d", 1.0, f"a{number}", 1e-6 * (number + 1))
    assert len(json.dumps(window)) < 150_000
    digest.alarm(window, "d", 90_000.0, "late", 1e-9)
    assert len(window["alarms"]["d"]) == 1


def test_families_are_apart() -> None:
    window = digest.fresh()
    digest.judged(window, "waits", 0.0, 100_000)
    digest.judged(window, "durations", 0.0, 10)
    assert digest.alarm(window, "durations", 0.0, "a", 1e-3) == ["a"]
    assert digest.alarm(window, "waits", 0.0, "b", 1e-3) == []
