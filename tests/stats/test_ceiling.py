"""Ceilings: what comes next stays below them, where anything can be known of it."""

import math
import random
import statistics

import pytest

from orcaops.stats.ceiling import AHEAD, GROWS_ON, ceiling, growth, pace

KINDS = {
    "constant": lambda n, noise: 100 * noise,
    "spread out": lambda n, noise: 100 * noise**10,
    "grows by a share": lambda n, noise: 100 * 1.03**n * noise,
    "grows by an amount": lambda n, noise: 100 * (1 + 0.05 * n) * noise,
    "two sizes": lambda n, noise: (100 if n % 3 else 300) * noise,
    "has risen once": lambda n, noise: 100 * 1.5 ** ((n + 5) // 20) * noise,
    "climbs in stairs": lambda n, noise: 100 * 1.4 ** (n // 8) * noise,
    "grows lately": lambda n, noise: 100 * (1 + 0.06 * max(0, n - 22)) * noise,
}


@pytest.mark.parametrize("kind", KINDS)
def test_at_most_one_in_twelve_ceilings_is_exceeded_by_the_next_runs(kind: str) -> None:
    draw = random.Random(kind)
    exceeded = 0
    for _ in range(120):
        values = [KINDS[kind](n, math.exp(draw.gauss(0, 0.05))) for n in range(30 + AHEAD)]
        exceeded += max(values[30:]) > ceiling(values[:30])
    assert exceeded <= 10


def test_a_constant_is_given_little() -> None:
    assert ceiling([100.0] * 30) < 110
    assert ceiling([100.0, 110.0, 90.0] * 10) < 150


def test_what_rose_long_ago_is_given_no_more_for_it() -> None:
    assert ceiling([100.0] * 10 + [200.0] * 60) < 220
    assert ceiling([100.0] * 10 + [200.0] * 20) > 390


def test_what_goes_up_and_down_again_does_not_grow() -> None:
    assert growth([100.0 + 10 * (n % 6) for n in range(48)]).sure == 0
    assert growth([200.0 - n for n in range(50)]) == (0, 0)


def test_chance_seldom_looks_like_growth() -> None:
    draw = random.Random(4)
    seen = sum(growth([draw.lognormvariate(0, 0.1) for _ in range(50)]).sure > 0 for _ in range(1000))
    assert seen <= 12


def test_growth_goes_on_and_reaches_a_bound() -> None:
    values = [100 * 1.01**n for n in range(30)]
    assert ceiling(values) >= values[-1] * 1.01**GROWS_ON
    found = pace(values)
    assert found is not None
    assert found.until(200) == math.ceil(math.log(2) / math.log(1.01)) - 29
    assert found.until(50) == 0
    assert pace([100.0] * 30) is None


@pytest.mark.parametrize("kind", ["grows by a share", "grows by an amount"])
def test_what_grows_by_an_amount_is_not_foretold_by_a_share_nor_the_other_way_round(kind: str) -> None:
    draw, errors = random.Random(kind), []
    for _ in range(200):
        values = [KINDS[kind](n, math.exp(draw.gauss(0, 0.03))) for n in range(30)]
        bound = KINDS[kind](50, 1.0)
        found = pace(values)
        assert found is not None
        errors.append(found.until(bound) - 21)
    assert abs(statistics.median(errors)) <= 2
    assert sum(abs(error) > 8 for error in errors) <= 20


def test_one_value_and_zeros_are_taken() -> None:
    assert ceiling([5.0]) >= 5
    assert ceiling([0.0] * 20) >= 0
