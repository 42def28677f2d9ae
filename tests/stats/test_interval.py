"""Intervals of means to come, and the rank test against published values."""

import random

from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats.interval import difference, mean_of_next, rank_p_value, share_of_next

values = st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40)


@given(values, st.integers(1, 50))
def test_an_interval_holds_its_middle_and_is_wider_for_fewer_runs_ahead(
    some: list[float], ahead: int
) -> None:
    near, far = mean_of_next(some, ahead=ahead), mean_of_next(some, ahead=ahead + 20)
    assert near.low <= near.middle <= near.high
    assert near.high - near.low >= far.high - far.low - 1e-6
    assert near.low - 1e-6 <= near.least <= near.middle


@given(values, values)
def test_a_difference_turns_its_sign_with_the_groups(one: list[float], other: list[float]) -> None:
    there, back = difference(one, other), difference(other, one)
    assert abs(there.middle + back.middle) <= 1e-6
    assert abs(there.low + back.high) <= 1e-3


def test_the_mean_of_the_next_lies_in_it_as_often_as_it_says() -> None:
    chance = random.Random(7)
    inside = 0
    for _ in range(2000):
        seen = [chance.gauss(50, 8) for _ in range(12)]
        coming = sum(chance.gauss(50, 8) for _ in range(20)) / 20
        told = mean_of_next(seen, ahead=20)
        inside += told.low <= coming <= told.high
    assert 0.77 <= inside / 2000 <= 0.83


def test_the_rank_test_agrees_with_a_published_example() -> None:
    # Hollander and Wolfe (1973), p. 69: U = 35 of groups of ten and five, exact p = 0.2544 (two-sided).
    one = [0.80, 0.83, 1.89, 1.04, 1.45, 1.38, 1.91, 1.64, 0.73, 1.46]
    other = [1.15, 0.88, 0.90, 0.74, 1.21]
    assert abs(rank_p_value(one, other) - 0.2544) < 0.015
    assert rank_p_value(one, one) == 1.0


@given(st.lists(st.booleans(), min_size=1, max_size=50))
def test_shares_stay_between_nothing_and_all(flags: list[bool]) -> None:
    told = share_of_next(flags, ahead=20)
    assert 0 <= told.low <= told.middle <= told.high <= 1
