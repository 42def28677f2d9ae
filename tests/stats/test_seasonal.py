"""Forecasts of hourly numbers: known seasons, and series that are none."""

import math
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orcaops.stats.seasonal import LONGEST, SHORTEST, WEEK, forecast

WEEKDAYS = [40.0 if place < 120 and 9 <= place % 24 < 17 else 4.0 for place in range(WEEK)]


def places(first: int, n: int) -> list[int]:
    return [place % WEEK for place in range(first, first + n)]


def test_a_known_week_is_continued() -> None:
    chance = random.Random(5)
    past = [WEEKDAYS[n % WEEK] * math.exp(chance.gauss(0, 0.2)) for n in range(LONGEST)]
    told = forecast(past, places(0, LONGEST), places(0, WEEK))
    errors = [abs(math.log((f + 1) / (a + 1))) for f, a in zip(told.middle, WEEKDAYS, strict=True)]
    assert sum(errors) / WEEK < 0.15  # waves round the corners of a step
    held = sum(
        low <= a * math.exp(chance.gauss(0, 0.2)) <= high
        for low, a, high in zip(told.low, WEEKDAYS, told.high, strict=True)
    )
    assert 0.7 < held / WEEK < 0.92


@pytest.mark.parametrize("weeks", [2, 8])
def test_counts_that_jump_when_work_begins_are_foreseen_better_than_by_last_week(weeks: int) -> None:
    chance = random.Random(6)

    def week() -> list[float]:
        return [float(sum(chance.random() < rate / 99 for _ in range(99))) for rate in WEEKDAYS]

    error = naive = 0.0
    for _ in range(10):
        past = [value for _ in range(weeks) for value in week()]
        told = forecast(past, places(0, len(past)), places(0, WEEK))
        for guess, last, truth in zip(told.middle, past[-WEEK:], week(), strict=True):
            error += abs(guess - truth)
            naive += abs(last - truth)
    assert error < (0.8 if weeks == 8 else 0.9) * naive


def test_the_interval_of_a_quiet_hour_is_not_that_of_a_noisy_one() -> None:
    chance = random.Random(7)
    past = [
        value * math.exp(chance.gauss(0, 0.8 if value > 4 else 0.05))
        for value in (WEEKDAYS[n % WEEK] for n in range(LONGEST))
    ]
    told = forecast(past, places(0, LONGEST), places(0, WEEK))
    widths = [math.log((high + 1) / (low + 1)) for low, high in zip(told.low, told.high, strict=True)]
    assert widths[2] < 0.3
    assert widths[12] > 1.2


def test_bursts_do_not_move_what_is_usual() -> None:
    chance = random.Random(8)
    past = [
        WEEKDAYS[n % WEEK] * math.exp(chance.gauss(0, 0.2)) * (100 if chance.random() < 0.1 else 1)
        for n in range(LONGEST)
    ]
    told = forecast(past, places(0, LONGEST), places(0, WEEK))
    errors = [abs(math.log((f + 1) / (a + 1))) for f, a in zip(told.middle, WEEKDAYS, strict=True)]
    assert sum(errors) / WEEK < 0.25


def test_a_level_that_changed_is_followed() -> None:
    past = [WEEKDAYS[n % WEEK] * (3 if n >= LONGEST - WEEK - 48 else 1) for n in range(LONGEST)]
    told = forecast(past, places(0, LONGEST), places(0, 48))
    assert sum(told.middle) > 1.8 * sum(WEEKDAYS[:48])


def test_hours_of_which_nothing_is_known_do_not_count_as_quiet() -> None:
    past = [WEEKDAYS[n % WEEK] for n in range(LONGEST)]
    whole = forecast(past, places(0, LONGEST), places(0, WEEK))
    for n in range(LONGEST - 200, LONGEST - 100):
        past[n] = math.nan
    gaps = forecast(past, places(0, LONGEST), places(0, WEEK))
    assert sum(gaps.middle) == pytest.approx(sum(whole.middle), rel=0.05)


@pytest.mark.parametrize("value", [0.0, 1.0, 7.0, 1e6])
def test_a_constant_stays(value: float) -> None:
    told = forecast([value] * SHORTEST, places(0, SHORTEST), places(0, 50))
    for part in told:
        assert part == pytest.approx([value] * 50, rel=0.01, abs=0.01)


def test_a_short_series_is_refused() -> None:
    for n in (0, 1, 2, SHORTEST - 1):
        with pytest.raises(ValueError, match="336 hours"):
            forecast([1.0] * n, places(0, n), places(0, 2))
    with pytest.raises(ValueError, match="none of the hours"):
        forecast([math.nan] * SHORTEST, places(0, SHORTEST), places(0, 2))


@settings(max_examples=20, deadline=None)
@given(
    st.integers(0, 2**32),
    st.integers(SHORTEST, SHORTEST + 3 * WEEK),
    st.integers(1, 200),
    st.sampled_from([0.0, 0.01, 1.0, 1e5]),
)
def test_quantiles_are_in_order_and_finite(seed: int, n: int, ahead: int, scale: float) -> None:
    chance = random.Random(seed)
    past = [scale * chance.expovariate(1) ** 3 for _ in range(n)]
    told = forecast(past, places(seed % WEEK, n), places(seed % WEEK + n, ahead))
    for low, middle, high, mean in zip(*told, strict=True):
        assert 0 <= low <= middle <= high < math.inf
        assert 0 <= mean < math.inf
