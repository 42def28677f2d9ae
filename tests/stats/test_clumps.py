"""Clumps: levels are told where there are some, and hardly ever where there are none."""

import math
import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats.clumps import clumps, levelled, risen

NO_LEVELS: dict[str, Callable[[random.Random], float]] = {
    "log-normal": lambda draw: draw.gauss(0, 1),
    "exponential": lambda draw: math.log(draw.expovariate(1) + 0.01),
    "uniform": lambda draw: draw.uniform(0, 4),
    "constant": lambda draw: draw.gauss(0, 0.02),
}


@pytest.mark.parametrize("kind", NO_LEVELS)
def test_chance_seldom_makes_levels(kind: str) -> None:
    draw = random.Random(kind)
    cut = 0
    for _ in range(600):
        cut += len(clumps([NO_LEVELS[kind](draw) for _ in range(draw.choice((10, 20, 50)))])) > 1
    assert cut <= 9


@pytest.mark.parametrize("sizes", [(1, 10), (1, 3), (1, 4, 16), (1, 5, 7.5)])
def test_levels_are_found_whatever_their_order(sizes: tuple[float, ...]) -> None:
    draw = random.Random(5)
    logs = [math.log(size) + draw.gauss(0, 0.03) for size in sizes for _ in range(10)]
    draw.shuffle(logs)
    parts = clumps(logs)
    assert [len(part) for part in parts] == [10] * len(sizes)
    assert max(abs(each - math.log(sizes[-1])) for each in levelled(logs)) < 0.15


def test_one_or_two_above_all_others_are_no_level() -> None:
    assert len(clumps([0.0] * 20 + [3.0, 3.0])) == 1
    assert len(clumps([0.0] * 20 + [3.0, 3.0, 3.0])) == 2
    assert len(clumps([3.0] * 20 + [0.0])) == 2  # a run that found nothing to do


def test_steps_that_only_lead_up_are_growth() -> None:
    stairs = [float(n // 8) for n in range(24)]
    assert levelled(stairs) == stairs
    assert levelled(stairs[:16]) == [1.0] * 16


@given(st.lists(st.floats(-20, 20), max_size=60))
def test_nothing_is_lost_and_nothing_comes_to_lie_above_what_its_level_allows(logs: list[float]) -> None:
    parts = clumps(logs)
    assert sorted(place for part in parts for place in part) == list(range(len(logs)))
    assert len(levelled(logs)) == len(logs)
    for place in parts[-1]:
        assert levelled(logs)[place] == pytest.approx(logs[place])


def test_a_level_that_is_left_again_has_not_risen() -> None:
    up = [0.0, 0.01, -0.01] * 4
    assert risen(up + [1.0 + each for each in up]) == [1.0]
    assert [round(each, 2) for each in risen(up + [1 + e for e in up] + [3 + e for e in up])] == [1.0, 2.0]
    assert risen([*up, *(1.0 + each for each in up), *up]) == []
    assert risen(up) == []
