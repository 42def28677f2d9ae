"""Flaky is told from broken by what happens while nothing changes."""

import random

import pytest

from orcaops.stats import flakiness
from orcaops.stats.flakiness import FLAKY, RISK


def after(outcomes: list[tuple[bool, bool]]) -> flakiness.State:
    state = flakiness.fresh(FLAKY)
    for failed, changed in outcomes:
        flakiness.learn(state, FLAKY, failed=failed, changed=changed)
    return state


def test_failing_and_passing_without_a_change_is_flaky() -> None:
    outcomes = [(place % 10 in (3, 7), False) for place in range(50)]
    state = after(outcomes)
    assert flakiness.rate_above(state, FLAKY, 0.01) > 0.99
    mean, low, high = flakiness.rate_interval(state, FLAKY)
    assert low <= mean <= high
    assert 0.1 <= mean <= 0.3


def test_broken_and_mended_is_not_flaky() -> None:
    outcomes = [(20 <= place < 26, True) for place in range(60)]
    assert flakiness.rate_above(after(outcomes), FLAKY, 0.01) < 0.5
    assert flakiness.broken_probability(after(outcomes[:26])) > 0.9


@pytest.mark.parametrize("grid", [FLAKY, RISK])
def test_weights_stay_probabilities(grid: flakiness.Grid) -> None:
    chance = random.Random(4)
    state = flakiness.fresh(grid)
    for _ in range(2000):
        flakiness.learn(state, grid, failed=chance.random() < 0.3, changed=chance.random() < 0.5)
        assert 0 <= flakiness.failure_probability(state, grid, changed=True) <= 1
    assert sum(state["healthy"]) + sum(state["broken"]) == pytest.approx(1, abs=1e-3)


@pytest.mark.parametrize("grid", [FLAKY, RISK])
@pytest.mark.parametrize("changed", [False, True])
@pytest.mark.parametrize("failed", [False, True])
def test_each_combination_follows_the_rules_of_chance(
    grid: flakiness.Grid, failed: bool, changed: bool
) -> None:
    state = flakiness.fresh(grid)
    for place in range(7):
        flakiness.learn(state, grid, failed=place == 3, changed=True)
    weights, failing = [], 0.0
    for (rate, breaks, mends), h, b in zip(
        flakiness._cells(grid), state["healthy"], state["broken"], strict=True
    ):
        lost, won = (h * breaks, b * mends) if changed else (0.0, 0.0)
        healthy, broken = h - lost + won, b - won + lost
        failing += healthy * rate + broken * grid.broken_fails
        of_broken = grid.broken_fails if failed else 1 - grid.broken_fails
        weights.append((healthy * (rate if failed else 1 - rate), broken * of_broken))
    assert flakiness.failure_probability(state, grid, changed=changed) == pytest.approx(failing)
    whole = sum(map(sum, weights))
    even = (1 - grid.forgetting) / len(weights)
    assert flakiness.learn(state, grid, failed=failed, changed=changed) == pytest.approx(
        sum(healthy for healthy, _ in weights) / whole
    )
    kept = [max(h / whole * grid.forgetting + even, 1e-9) for h, _ in weights]
    assert state["healthy"] == pytest.approx(kept, abs=6e-10)
    assert state["broken"] == pytest.approx(
        [max(b / whole * grid.forgetting, 1e-9) for _, b in weights], abs=6e-10
    )
