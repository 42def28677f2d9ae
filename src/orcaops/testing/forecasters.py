"""Checks that every forecaster must pass; for its tests, and for those of outsiders.

>>> from orcaops.learning.forecasters.profile import forecaster
>>> for check in CHECKS:
...     check(forecaster)
"""

import copy
import dataclasses
import math
import random
from collections.abc import Callable, Iterator
from typing import Any

from orcaops.learning.learner import Forecaster, HourlySeries
from orcaops.model.abstention import Abstention
from orcaops.stats.seasonal import Ahead

_WEEK = 168


def series_of(values: list[float], hours: int = 48) -> HourlySeries:
    """Hours from a Monday, midnight, on; asked is about the ``hours`` that follow."""
    n = len(values)
    return HourlySeries(
        values=values,
        places=[place % _WEEK for place in range(n)],
        ahead=[place % _WEEK for place in range(n, n + hours)],
    )


def check_is_described(forecaster: Forecaster) -> None:
    """It has a name, says how many hours it needs, and in its docstring when it abstains."""
    assert forecaster.name
    assert forecaster.fewest_hours >= 1
    assert "abstains" in (type(forecaster).__doc__ or "").lower()


def check_is_frozen(forecaster: Any) -> None:
    """It is a frozen dataclass: its parameters are its fields, and nothing else is kept."""
    assert dataclasses.is_dataclass(forecaster)
    assert not isinstance(forecaster, type)
    try:
        setattr(forecaster, "name", "another")  # noqa: B010 - what a frozen one refuses
    except (AttributeError, TypeError):
        return
    raise AssertionError("it can be changed")


def check_abstains_on_too_little(forecaster: Forecaster) -> None:
    """Of nothing, of one hour, of an hour less than it needs, and of empty hours it knows nothing."""
    for hours in {0, 1, forecaster.fewest_hours - 1}:
        told = forecaster.forecast(series_of([5.0] * hours))
        assert isinstance(told, Abstention), f"it answered on {hours} hours"
        assert told.reason
    assert isinstance(forecaster.forecast(series_of([0.0] * 10 * _WEEK)), Abstention)


def check_answers_are_intervals(forecaster: Forecaster) -> None:
    """One finite interval for each hour asked about, in order and not below nothing."""
    for series in _histories():
        told = forecaster.forecast(series)
        if isinstance(told, Abstention):
            continue
        for parts in (told.low, told.middle, told.high, told.mean):
            assert len(parts) == len(series.ahead)
            assert all(math.isfinite(part) and part >= 0 for part in parts)
        for low, middle, high in zip(told.low, told.middle, told.high, strict=True):
            assert low <= middle + 1e-9
            assert middle <= high + 1e-9


def check_a_constant_is_told_as_it_is(forecaster: Forecaster) -> None:
    """Where as many came every hour, as many are expected."""
    told = forecaster.forecast(series_of([20.0] * 6 * _WEEK))
    assert isinstance(told, Ahead), "it says nothing of a long, regular history"
    assert all(16 <= middle <= 25 for middle in told.middle)


def check_a_wider_share_is_a_wider_interval(forecaster: Forecaster) -> None:
    """What holds nine times of ten reaches as far as what holds five times of ten, or further."""
    for series in _histories():
        few, many = (forecaster.forecast(series, share=share) for share in (0.5, 0.9))
        if isinstance(few, Ahead) and isinstance(many, Ahead):
            assert sum(many.high) >= sum(few.high)


def check_is_pure(forecaster: Forecaster) -> None:
    """Asked twice it says the same, and what it was given stays as it was."""
    for series in _histories():
        given = copy.deepcopy(series)
        first = forecaster.forecast(series)
        assert first == forecaster.forecast(series)
        assert repr(series) == repr(given)


def _histories() -> Iterator[HourlySeries]:
    chance = random.Random(5)  # noqa: S311 - a made-up history
    daily = [4.0 if 8 <= hour % 24 < 18 else 0.5 for hour in range(6 * _WEEK)]
    yield series_of([float(round(chance.expovariate(1 / mean))) for mean in daily])
    yield series_of([float(chance.random() < 0.05) for _ in range(8 * _WEEK)])
    yield series_of([math.nan if hour % 50 == 0 else mean for hour, mean in enumerate(daily)])
    yield series_of([0.0] * 3 * _WEEK + [1e6] + [3.0] * _WEEK, hours=_WEEK)
    yield series_of([2.0] * 30, hours=1)


CHECKS: tuple[Callable[[Any], None], ...] = (
    check_is_described,
    check_is_frozen,
    check_abstains_on_too_little,
    check_answers_are_intervals,
    check_a_constant_is_told_as_it_is,
    check_a_wider_share_is_a_wider_interval,
    check_is_pure,
)
"""All of them."""
