"""The memory of one test."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.learning import case_history as history
from orcaops.learning.case_baselines import describe_test
from orcaops.model.metric import MetricName
from orcaops.testing.learners import samples_of_job


def remembered(outcomes: list[bool], *, stale_after_days: float = 90.0) -> dict[str, Any]:
    memory: dict[str, Any] = {}
    for sample in samples_of_job([float(bad) for bad in outcomes], MetricName.TEST_FAILURE):
        history.begun(memory, sample, stale_after_days)
        (history.failed if sample.value else history.passed)(memory, sample)
    return memory


@given(outcomes=st.lists(st.booleans(), min_size=1, max_size=300))
def test_a_memory_counts_and_stays_small(outcomes: list[bool]) -> None:
    memory = remembered(outcomes)
    assert (memory["n"], memory["f"]) == (len(outcomes), sum(outcomes))
    assert len(memory["h"]) <= 120
    letters = memory["h"].lower()
    assert letters == "".join("pf"[bad] for bad in outcomes[-len(letters) :])
    assert orjson.loads(orjson.dumps(memory)) == memory
    assert len(orjson.dumps(memory)) < 600
    baseline = describe_test(memory, workspace="default", key="name:a|test:b")
    assert baseline.success_rate == pytest.approx(1 - sum(outcomes) / len(outcomes))


def test_flakiness_needs_failures_with_a_pass_between_them() -> None:
    assert history.flake(remembered([False] * 9 + [True])) is None
    assert history.flake(remembered([False] * 9 + [True] * 20)) is None
    found = history.flake(remembered(([False] * 4 + [True]) * 6))
    assert found is not None
    assert (found.failures, found.runs) == (6, 30)
    assert history.is_flaky(found, 0.9)


def test_a_slow_run_stands_out_and_a_usual_one_does_not() -> None:
    memory = remembered([False])
    for _ in range(10):
        assert history.slow(memory, 1.0) is None
        history.timed(memory, 1.0)
    found = history.slow(memory, 8.0)
    assert found is not None
    assert (found.actual, found.usual) == (8.0, 1.0)
    assert found.p is not None
    assert found.p < 1e-4
    assert history.slow(memory, 1.05) is None
    assert history.slow(memory, 0.01) is None


def test_a_lasting_change_is_seen_once_five_runs_show_it() -> None:
    memory = remembered([False])
    told = [history.timed(memory, seconds) for seconds in [1.0] * 10 + [2.0] * 5]
    assert [one is not None for one in told[:-3]] == [False] * 12
    last = told[-1]
    assert last is not None
    assert (last.actual, last.usual) == (pytest.approx(2.0, rel=1e-3), 1.0)


def test_what_has_not_run_for_long_begins_anew() -> None:
    memory = remembered([True, True, False])
    [later] = samples_of_job([0.0], MetricName.TEST_FAILURE, first=60 * 24 * 30)
    history.begun(memory, later, 90.0)
    assert memory["n"] == 0
