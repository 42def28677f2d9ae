"""The histogram of errors: shares come out right, old errors fade."""

import random

import pytest

from orcaops.stats import residuals


def test_shares_are_those_of_the_errors() -> None:
    chance = random.Random(3)
    state = residuals.fresh()
    for _ in range(4000):
        residuals.add(state, chance.gauss(0, 0.3), memory=3000)
    assert abs(residuals.share_below(state, 0.0) - 0.5) < 0.03
    assert abs(residuals.share_below(state, 0.3) - 0.841) < 0.03
    below, above = residuals.share_below(state, -0.2), residuals.share_below(state, 0.3)
    assert residuals.share_between(state, -0.2, 0.3) == pytest.approx(above - below, abs=1e-12)


def test_old_errors_fade_and_numbers_stay_small() -> None:
    state = residuals.fresh()
    for _ in range(1000):
        residuals.add(state, -5.0, memory=50)
    for _ in range(500):
        residuals.add(state, 5.0, memory=50)
    assert residuals.share_below(state, 0.0) < 0.001
    assert max(state["bins"]) < 1e12


def test_nothing_is_in_the_middle() -> None:
    assert residuals.share_below(residuals.fresh(), 3.0) == 0.5
    assert residuals.share_between(residuals.fresh(), -1.0, 1.0) == 0.0
