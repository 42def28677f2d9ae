"""Benjamini and Hochberg: the false ones among those told stay few."""

import random

from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats.multiplicity import discoveries

P = st.lists(st.floats(0, 1), max_size=40)


def test_nothing_comes_of_nothing() -> None:
    assert discoveries([]) == []
    assert discoveries([0.9, 0.8]) == []


@given(P)
def test_the_smallest_are_told_and_a_stricter_rate_tells_fewer(p_values: list[float]) -> None:
    told = discoveries(p_values)
    assert set(discoveries(p_values, rate=0.01)) <= set(told)
    assert set(discoveries(p_values, tests=10 * len(p_values))) <= set(told)
    if told:
        worst = max(p_values[place] for place in told)
        assert told == [place for place, p in enumerate(p_values) if p <= worst]


def test_large_p_values_need_not_be_given() -> None:
    p_values = [0.0001, 0.002, 0.9, 0.7, 0.5, 0.8]
    assert discoveries(p_values[:2], tests=6) == discoveries(p_values)


def test_few_of_those_told_are_false() -> None:
    chance = random.Random(4)
    false = told = 0
    for _ in range(200):
        p_values = [chance.random() for _ in range(200)] + [chance.random() / 1e4 for _ in range(10)]
        found = discoveries(p_values)
        told += len(found)
        false += sum(place < 200 for place in found)
    assert false / told < 0.12
