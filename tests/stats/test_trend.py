"""Trends against values worked out by hand, and what chance alone shows."""

import random

import pytest

from orcaops.stats.trend import FEWEST, trend


def test_a_line_is_a_trend() -> None:
    found = trend([3.0 * n for n in range(10)])
    assert found is not None
    assert found.slope == 3.0
    # S = 45, variance = 10·9·25/18 = 125, z = 44/√125
    assert found.p_value == pytest.approx(8.3e-5, rel=0.01)


def test_a_constant_is_none() -> None:
    assert trend([5.0] * 9) == (0.0, 1.0)
    for n in range(FEWEST):
        assert trend([1.0] * n) is None


def test_noise_is_rarely_one() -> None:
    chance = random.Random(3)
    seen = [trend([chance.random() for _ in range(8)]) for _ in range(2000)]
    assert sum(found is not None and found.p_value < 0.01 for found in seen) / 2000 < 0.015
