"""The band of what is usual, and its two guards."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats import outlier

logs = st.lists(st.floats(-5, 12), min_size=5, max_size=100)


@given(logs)
def test_the_band_holds_the_median(history: list[float]) -> None:
    band = outlier.band(history, least_amount=2.0)
    assert band is not None
    assert band.side(band.centre) == 0
    assert band.low is None or band.low < band.centre < band.high


@given(logs)
def test_small_effects_pass_whatever_the_statistics_say(history: list[float]) -> None:
    band = outlier.band(history, least_amount=2.0)
    assert band is not None
    usual = math.exp(band.centre)
    assert band.side(math.log(usual + 1.99)) <= 0
    assert band.side(math.log(usual * 1.199)) <= 0


def test_four_values_are_too_few() -> None:
    assert outlier.band([1.0] * 4, least_amount=2.0) is None


def test_a_doubling_of_a_quiet_series_is_seen() -> None:
    chance = random.Random(1)
    band = outlier.band([chance.gauss(4, 0.05) for _ in range(20)], least_amount=2.0)
    assert band is not None
    assert band.side(4 + math.log(2)) == 1
    assert outlier.extreme(band, 4 + math.log(2.1))
    assert outlier.p_value(band, 4 + math.log(2)) < 0.001


def test_what_recurs_is_usual() -> None:
    """Every twentieth run misses the cache: three times the duration is no news."""
    history = [math.log(90) if place % 20 == 0 else math.log(30) for place in range(100)]
    band = outlier.band(history, least_amount=2.0)
    assert band is not None
    assert band.side(math.log(90)) == 0
    assert band.side(math.log(120)) == 1


def test_what_was_seen_before_is_outside_no_band() -> None:
    """The glance before the test never passes over what the test would find."""
    chance = random.Random(8)
    passed = 0
    for _ in range(2000):
        spread = chance.choice((0.0, 0.01, 0.1, 0.5))
        history = sorted(chance.gauss(4, spread) for _ in range(chance.randrange(110)))
        value = chance.gauss(4, 2 * spread + 0.05)
        band = outlier.band(history, least_amount=0.001, least_ratio=1.01, alpha=0.2)
        if outlier.seen_before(history, value):
            passed += 1
            assert band is None or band.side(value) == 0
    assert passed > 1000
