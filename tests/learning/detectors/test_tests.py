"""Tests inside jobs: newly failing, flaky, slow; and silence on the noise of thousands."""

import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from orcaops.learning.detectors.error import detector as new_failure
from orcaops.learning.detectors.tests import detector
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.metric import MetricName
from orcaops.model.run import Cause, Status
from orcaops.model.sample import Sample

_START = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "name:suite"
Outcomes = Mapping[str, float | None]
"""Of each test its seconds, or None if it failed."""


def samples_of_run(
    number: int, outcomes: Outcomes, *, commit: str | None = None, passes: bool | None = None
) -> list[Sample]:
    failed = sum(seconds is None for seconds in outcomes.values())
    succeeded = not failed if passes is None else passes
    of_job = Sample(
        job_id=f"job-{number}",
        key=KEY,
        metric=MetricName.FAILURE,
        value=float(not succeeded),
        at=_START + timedelta(hours=number),
        number=number,
        status=Status.SUCCEEDED if succeeded else Status.FAILED,
        cause=Cause.SUCCESS if succeeded else Cause.COMMAND_FAILED,
        commit=commit,
    )
    of_tests = replace(of_job, scopes={"job": KEY})
    samples = []
    for name, seconds in outcomes.items():
        key = f"{KEY}|test:{name}"
        bad = seconds is None
        status = Status.FAILED if bad else Status.SUCCEEDED
        said = "1 != 2" if bad else None
        samples.append(
            replace(
                of_tests,
                key=key,
                metric=MetricName.TEST_FAILURE,
                value=float(bad),
                status=status,
                detail=said,
            )
        )
        if seconds is not None:
            samples.append(
                replace(of_tests, key=key, metric=MetricName.TEST_DURATION, value=seconds, status=status)
            )
    samples.append(replace(of_tests, metric=MetricName.TESTS, value=float(failed)))
    return [*samples, of_job]


def learned(
    runs: Sequence[Outcomes],
    *,
    commit: Callable[[int], str | None] = lambda _n: None,
    passes: bool | None = None,
) -> list[Anomaly]:
    loop = Loop([new_failure, detector])
    found = loop.absorb(
        [samples_of_run(n, outcomes, commit=commit(n), passes=passes) for n, outcomes in enumerate(runs)],
        MemoryBook(),
    ).anomalies
    assert not loop.health
    return list(found)


FINE = {"a::x": 0.3, "a::y": 0.01, "a::z": 1.0}
BROKEN: Outcomes = {**FINE, "a::x": None}


def test_the_anomaly_of_the_job_names_the_tests_behind_it() -> None:
    [anomaly] = learned([FINE] * 12 + [BROKEN])
    assert anomaly.detector == "anomaly_error"
    assert "Newly failing: a::x (passed 12 times before): 1 != 2." in anomaly.description
    assert anomaly.evidence["tests"]["newly_failing"][0]["test"] == "a::x"


def test_when_it_is_over_it_still_names_them() -> None:
    [anomaly] = learned([FINE] * 12 + [BROKEN, FINE])
    assert not anomaly.open
    assert "Newly failing: a::x" in anomaly.description


def test_where_the_job_passes_all_the_same_the_tests_are_one_anomaly_of_it() -> None:
    both: Outcomes = {**FINE, "a::x": None, "a::y": None}
    [anomaly] = learned([FINE] * 12 + [both, BROKEN, FINE], passes=True)
    assert (anomaly.key, anomaly.type, anomaly.severity) == (KEY, "error", Severity.WARNING)
    assert anomaly.run_count == 2
    assert not anomaly.open
    assert anomaly.title == "1 test fails that practically always passed: a::x"
    assert "failed 2 times in a row" in anomaly.description


def test_where_the_job_fails_often_new_failures_are_told_beside_the_known() -> None:
    known: Outcomes = {**FINE, "b::always": None}
    news: Outcomes = {**known, "a::z": None}
    anomalies = learned([known] * 15 + [news])
    [anomaly] = [a for a in anomalies if a.detector == "anomaly_tests"]
    assert anomaly.title == "1 test fails that practically always passed: a::z"
    assert "1 more failed that had failed before" in anomaly.description


def test_a_new_test_that_never_passed_is_news_too() -> None:
    [anomaly] = learned([FINE] * 12 + [{**FINE, "c::new": None}])
    assert "c::new (never seen before)" in anomaly.description


def test_a_test_is_flaky_if_it_fails_and_passes_on_one_commit() -> None:
    flips = [BROKEN if n in (12, 15, 19, 22, 26) else FINE for n in range(30)]
    anomalies = learned(flips, commit=lambda _n: "c1", passes=True)
    [flaky] = [a for a in anomalies if a.type == "flaky"]
    assert flaky.title == "1 flaky test: a::x"
    assert flaky.open
    assert flaky.evidence["tests"][0]["failures"] >= 2


def test_a_test_that_broke_and_was_mended_is_not_flaky() -> None:
    runs = [FINE] * 15 + [BROKEN] * 6 + [FINE] * 15
    assert not [a for a in learned(runs, commit=lambda n: f"c{n // 3}", passes=True) if a.type == "flaky"]


def test_flakiness_ends_when_the_test_has_been_clean_for_long() -> None:
    flips = [BROKEN if n in (12, 15, 19, 22, 26) else FINE for n in range(30)] + [FINE] * 200
    [flaky] = [a for a in learned(flips, commit=lambda _n: "c1", passes=True) if a.type == "flaky"]
    assert not flaky.open


def test_a_slow_test_is_told_as_information() -> None:
    noise = random.Random(1)
    runs = [{name: s * math.exp(noise.gauss(0, 0.05)) for name, s in FINE.items()} for _ in range(20)]
    [anomaly] = learned([*runs, {**FINE, "a::z": 9.0}])
    assert (anomaly.type, anomaly.severity, anomaly.open) == ("duration", Severity.INFO, False)
    assert "a::z took 9.00 s instead of" in anomaly.description
    assert anomaly.evidence["p_value"] < 0.05


def test_a_slow_machine_is_not_a_matter_of_tests() -> None:
    runs = [{f"a::x{n}": 0.5 for n in range(20)}] * 20
    assert learned([*runs, {f"a::x{n}": 5.0 for n in range(20)}]) == []


def test_hundreds_of_noisy_tests_are_told_seldom() -> None:
    noise = random.Random(5)
    usual = {f"m{n}::x": math.exp(noise.gauss(-2, 1.5)) for n in range(300)}
    runs: list[Outcomes] = [
        {
            name: None if noise.random() < 0.0005 else seconds * math.exp(noise.gauss(0, 0.25))
            for name, seconds in usual.items()
        }
        for _ in range(100)
    ]
    anomalies = [a for a in learned(runs, passes=True) if a.detector == "anomaly_tests"]
    # 30 000 outcomes, of which fifteen are failures by chance.
    assert sum(a.severity is not Severity.INFO for a in anomalies) <= 6
    assert sum(a.type == "duration" for a in anomalies) <= 4


def test_memories_of_a_job_stay_small_whatever_its_tests_are_called() -> None:
    names = [f"{'package.' * 30}module{n}::{'test_' * 20}{n}" for n in range(50)]
    book = MemoryBook()
    loop = Loop([detector])
    for n in range(40):
        outcomes = {name: None if (n + place) % 7 == 0 else 0.5 + n for place, name in enumerate(names)}
        loop.absorb([samples_of_run(n, outcomes, commit="c1", passes=True)], book)
    sizes = {address.level: 0 for address in book.drain()}
    for n in range(40, 41):
        loop.absorb([samples_of_run(n, dict.fromkeys(names, 0.5), commit="c1")], book)
    for address, memory in book.drain().items():
        sizes[address.level] = max(sizes[address.level], len(memory))
    assert sizes["job"] < 16_000
    assert sizes["key"] < 1_000
