"""Medians, shares and their relation: intervals that hold what they promise."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats.contrast import median, ratio, share, shares_differ

NUMBERS = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=60).map(sorted)


@given(NUMBERS)
def test_a_median_lies_in_its_interval(values: list[float]) -> None:
    found = median(values)
    assert values[0] <= found.value <= values[-1]
    if found.low is not None and found.high is not None:
        assert found.low <= found.value <= found.high
    assert (found.low is None) == (len(values) < 6)


@given(st.integers(0, 50), st.integers(1, 50))
def test_a_share_lies_in_its_interval(hits: int, n: int) -> None:
    found = share(min(hits, n), n)
    assert found.low is not None
    assert found.high is not None
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_no_case_has_no_share() -> None:
    assert math.isnan(share(0, 0).value)
    assert not shares_differ(1, 1, 0, 0)


def test_a_zero_has_no_ratio() -> None:
    assert ratio([0.0, 0.0, 0.0], [1.0]) is None


def test_noise_is_called_a_change_as_often_as_promised() -> None:
    chance = random.Random(3)
    wrong = covered = 0
    for _ in range(600):
        before = sorted(chance.lognormvariate(0, 0.3) for _ in range(30))
        after = sorted(chance.lognormvariate(0, 0.3) for _ in range(20))
        found = ratio(after, before)
        assert found is not None
        assert found.low is not None
        assert found.high is not None
        wrong += found.low > 1 or found.high < 1
        covered += found.low <= 1 <= found.high
    assert wrong / 600 <= 0.07
    assert covered + wrong == 600


def test_a_true_change_is_found() -> None:
    chance = random.Random(4)
    before = sorted(chance.lognormvariate(0, 0.1) for _ in range(30))
    found = ratio([1.5 * value for value in before[::2]], before)
    assert found is not None
    assert found.low is not None
    assert 1.2 < found.low < found.value < 1.8


def test_shares_differ_only_beyond_chance() -> None:
    chance = random.Random(5)
    rejected = sum(
        shares_differ(
            sum(chance.random() < 0.2 for _ in range(60)),
            60,
            sum(chance.random() < 0.2 for _ in range(60)),
            60,
        )
        for _ in range(600)
    )
    assert rejected / 600 <= 0.06
    assert shares_differ(30, 60, 5, 60)
