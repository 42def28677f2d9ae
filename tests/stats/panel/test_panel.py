"""The panel: constant series, honest errors, intervals that hold, bounds that are not taken for values."""

import json
import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orcaops.stats.panel import panel
from orcaops.stats.panel.race import RIVALS
from orcaops.stats.residuals import State


def taught(values: list[float], pool: State | None = None) -> tuple[State, State]:
    series, pool = panel.fresh_series(), panel.fresh_pool() if pool is None else pool
    for place, value in enumerate(values):
        panel.learn(series, pool, math.log(value), at=float(place), asked_at=None)
    return series, pool


def test_a_constant_is_foreseen_exactly() -> None:
    told = panel.interval(*taught([42.0] * 50))
    assert math.exp(told.estimate) == 42.0 or abs(math.exp(told.estimate) - 42) < 1e-3
    assert told.confidence > 0.95
    assert told.low < math.log(42.0) < told.high  # not missed by a rounding


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(1e-3, 1e9), min_size=1, max_size=80))
def test_the_estimate_lies_in_its_interval_and_among_the_values(values: list[float]) -> None:
    series, pool = taught(values)
    told = panel.interval(series, pool)
    assert told.low <= told.estimate <= told.high
    assert 0 <= told.confidence <= 1
    assert math.log(min(values)) - 1e-4 <= told.estimate <= math.log(max(values)) + 1e-4
    assert json.loads(json.dumps([series, pool])) == [series, pool]


def test_ninety_percent_of_noise_lie_inside() -> None:
    chance = random.Random(9)
    pool = panel.fresh_pool()
    inside = 0
    for _ in range(20):
        series = panel.fresh_series()
        for place in range(100):
            y = chance.gauss(3, 0.3)
            if place:
                told = panel.interval(series, pool)
                inside += told.low <= y <= told.high
            panel.learn(series, pool, y, at=float(place), asked_at=None)
    assert 0.88 <= inside / (20 * 99) <= 0.95


def test_the_first_intervals_of_a_new_workspace_hold_as_well() -> None:
    chance = random.Random(11)
    inside = n = 0
    for _ in range(200):
        series, pool = panel.fresh_series(), panel.fresh_pool()
        for place in range(12):
            y = chance.gauss(3, 0.03)
            if place:
                told = panel.interval(series, pool)
                inside, n = inside + (told.low <= y <= told.high), n + 1
            panel.learn(series, pool, y, at=float(place), asked_at=None)
    assert 0.88 <= inside / n <= 0.97


def test_a_burst_is_judged_by_what_was_known_at_its_start() -> None:
    """Ten runs start together after a slow one: none of their errors profits from the others."""
    series, pool = taught([100.0])
    for place in range(10):
        panel.learn(series, pool, math.log(10.0), at=10.0 + place, asked_at=5.0)
    assert all(abs(error - math.log(0.1)) < 1e-4 for error in series["errors"])


def test_a_bound_moves_the_expectation_up_only() -> None:
    series, pool = taught([10.0] * 20)
    before = panel.estimate(series, pool)
    panel.learn_bound(series, pool, math.log(2.0), at=100.0)
    assert panel.estimate(series, pool) == before
    assert panel.impute(series, pool, math.log(60.0)) > math.log(60.0)
    for place in range(30):
        panel.learn_bound(series, pool, math.log(60.0), at=101.0 + place)
    assert panel.estimate(series, pool) >= math.log(59.0)


def test_a_rival_that_does_better_is_used_until_it_does_not() -> None:
    series, pool = taught([10.0, 11.0, 9.5, 10.5] * 5)
    assert panel.method(series, pool) == "a panel of experts"
    # The panel must have lost by far, and lately, before a naive rule replaces it.
    series["race"] = [60.0, 30.0, 5.0, 20.0, 20.0, 20.0]
    assert panel.method(series, pool) == "the last value"
    assert panel.estimate(series, pool) == series["recent"][-1]
    series["race"] = [60.0, 5.2, 5.0, 20.0, 20.0, 20.0]
    assert panel.method(series, pool) == "a panel of experts"


@pytest.mark.parametrize(
    ("before", "at_most"),
    [
        ([0.23] * 9, 0.4),
        ([0.20, 0.21, 0.19, 0.22, 0.20, 0.23, 0.19, 0.21, 0.20], 0.3),
        # The first took longer: among so few the last value did best by chance.
        ([0.71, 0.28, 0.23, 0.21, 0.22, 0.20, 0.23, 0.23, 0.20], 2.0),
    ],
)
def test_one_wild_value_does_not_become_the_estimate_of_a_young_job(
    before: list[float], at_most: float
) -> None:
    series, pool = taught([*before, 4.0])
    assert math.exp(panel.estimate(series, pool)) < at_most


def test_errors_of_panel_and_rivals_are_counted_side_by_side() -> None:
    series, _ = taught([1.0, 2.0, 4.0])
    weight, own, *rivals = series["race"]
    assert weight > 1
    assert own > 0
    assert len(rivals) == len(RIVALS)
    assert rivals[0] == min(rivals)  # in a rising series the last value is nearest


def test_a_confidence_is_told_as_it_has_come_true() -> None:
    series, pool = taught([10.0] * 60)
    before = panel.interval(series, pool).confidence
    assert before > 0.95
    for tally in pool["trust"]:
        tally[:] = [200.0, 100.0]  # of promises that sure, half came true
    assert 0.45 < panel.interval(series, pool).confidence < 0.6


def test_promises_made_before_a_change_are_counted_when_they_fail() -> None:
    """What was asked before a burst ended was promised on what was known then."""
    pool = panel.fresh_pool()
    for number in range(40):
        series = panel.fresh_series()
        for place in range(30):
            panel.learn(series, pool, math.log(10.0), at=float(place), asked_at=float(place) - 1.5)
        for place in range(30):  # asked for at once, when all was as ever
            panel.learn(series, pool, math.log(14.0 + number % 3), at=30.0 + place, asked_at=29.5)
    fresh, _ = taught([10.0] * 30, pool)
    assert panel.interval(fresh, pool).confidence < 0.8


def test_the_state_stays_json() -> None:
    series, pool = taught([3.0, 4.0, 5.0] * 20)
    assert json.loads(json.dumps([series, pool])) == [series, pool]


def test_a_burst_under_one_estimate_proves_it_once() -> None:
    def sure_after(asked: list[float]) -> float:
        pool = panel.fresh_pool()
        for number in range(20):  # of everybody's estimates half are right
            series = panel.fresh_series()
            for place in range(6):
                value = 10.0 * (1 + place % 2 * 3) + number
                panel.learn(series, pool, math.log(value), at=float(place), asked_at=None)
        for tally in pool["trust"]:
            tally[:] = [0.0, 0.0]
        series = panel.fresh_series()
        for place, moment in enumerate(asked):
            panel.learn(series, pool, math.log(10.0), at=100.0 + place, asked_at=moment)
        return panel.interval(series, pool).confidence

    one_by_one = sure_after([100.0 + place - 0.5 for place in range(40)])
    together = sure_after([0.0, *[100.5] * 39])
    assert together < one_by_one - 0.1


def test_the_errors_of_one_burst_do_not_make_the_interval_theirs() -> None:
    """Many series whose level moves from burst to burst: each burst misses its estimate to one side."""
    chance = random.Random(3)
    pool = panel.fresh_pool()
    inside = n = 0
    for _ in range(40):
        series = panel.fresh_series()
        for burst in range(6):
            level, asked_at = chance.gauss(3, 0.5), 1000.0 * burst
            told = panel.interval(series, pool) if series["n"] else None
            for place in range(30):
                y = level + chance.gauss(0, 0.05)
                if told is not None:
                    n, inside = n + 1, inside + (told.low <= y <= told.high)
                panel.learn(series, pool, y, at=asked_at + 100 + place, asked_at=asked_at)
    assert inside / n > 0.65  # each error in full, it would be 0.58: five levels seen say little of a sixth


def test_what_all_series_lose_is_a_plain_mean_at_first() -> None:
    """One strange value at the beginning must not decide about every series for a thousand values."""
    series, pool = taught([1.0, 1000.0])
    for place in range(200):
        panel.learn(series, pool, 0.1 * (place % 2), at=10.0 + place, asked_at=None)
    assert pool["scored"] == 201
    assert max(pool["race"]) < 0.5  # of the first loss alone, ln 1000, five sixths would be left
