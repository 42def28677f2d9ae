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
