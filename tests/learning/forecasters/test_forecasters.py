"""Forecasters: what they say of short, sparse and odd histories."""

import math
import random
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orcaops import plugins
from orcaops.learning.forecasters.profile import forecaster as profile
from orcaops.learning.forecasters.seasonal import forecaster as seasonal
from orcaops.learning.learner import HourlySeries
from orcaops.model.abstention import Abstention
from orcaops.testing.forecasters import CHECKS


def series(values: list[float], hours: int = 48) -> HourlySeries:
    n = len(values)
    return HourlySeries(
        values=values,
        places=[place % 168 for place in range(n)],
        ahead=[place % 168 for place in range(n, n + hours)],
    )


@pytest.mark.parametrize("n", [0, 1, 2, 23])
def test_too_few_hours_abstain_with_what_is_missing(n: int) -> None:
    for forecaster, need in ((seasonal, 336), (profile, 24)):
        told = forecaster.forecast(series([5.0] * n))
        assert isinstance(told, Abstention)
        assert (told.have, told.need) == (n, need)


def test_nothing_at_all_abstains() -> None:
    for forecaster in (seasonal, profile):
        assert isinstance(forecaster.forecast(series([0.0] * 1000)), Abstention)


def test_unknown_hours_do_not_count() -> None:
    told = seasonal.forecast(series([math.nan] * 300 + [5.0] * 100))
    assert isinstance(told, Abstention)
    assert told.have == 100


def test_a_few_days_give_the_hours_of_the_day() -> None:
    told = profile.forecast(series([9.0 if 8 <= n % 24 < 18 else 1.0 for n in range(96)], 24))
    assert not isinstance(told, Abstention)
    assert told.middle[12] > 3 * told.middle[2]
    assert told.low[12] <= 9 <= told.high[12]


@pytest.mark.parametrize("rate", [0.05, 0.5, 5.0, 50.0, 2000.0])
def test_independent_arrivals_are_covered(rate: float) -> None:
    chance = random.Random(9)

    def arrivals() -> float:
        return float(round(max(chance.gauss(rate, math.sqrt(rate)), 0))) if rate > 30 else _poisson(rate)

    def _poisson(mean: float) -> float:
        count, product = 0, chance.random()
        while product > math.exp(-mean):
            count, product = count + 1, product * chance.random()
        return float(count)

    told = profile.forecast(series([arrivals() for _ in range(300)], 168))
    assert not isinstance(told, Abstention)
    held = [sum(arrivals() <= high for _ in range(20)) / 20 for high in told.high]
    assert sum(held) / len(held) > 0.86


@settings(max_examples=30, deadline=None)
@given(st.lists(st.one_of(st.just(math.nan), st.floats(0, 1e6)), min_size=24, max_size=400))
def test_whatever_came_the_quantiles_are_in_order(values: list[float]) -> None:
    for forecaster in (seasonal, profile):
        told = forecaster.forecast(series(values))
        if isinstance(told, Abstention):
            assert told.reason
            continue
        for low, middle, high, mean in zip(*told, strict=True):
            assert 0 <= low <= middle <= high < math.inf
            assert 0 <= mean < math.inf


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("forecaster", plugins.find("forecaster"), ids=lambda forecaster: forecaster.name)
def test_every_shipped_forecaster_passes_every_check(forecaster: Any, check: Callable[[Any], None]) -> None:
    check(forecaster)
