"""Tests that may be looked at after every run."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats.sequential import e_values, larger, no_worse, rate_bound

OUTCOMES = st.lists(st.booleans(), max_size=200)


def test_a_harmless_change_is_seldom_stopped_however_often_one_looks() -> None:
    chance = random.Random(5)
    stopped = 0
    for _ in range(400):
        past = [chance.random() < 0.02 for _ in range(100)]
        bound = rate_bound(sum(past), 100)
        stopped += max(e_values([chance.random() < 0.02 for _ in range(300)], bound)) > 20
    assert stopped / 400 <= 0.05


def test_a_harmful_change_is_stopped_within_ten_runs() -> None:
    chance = random.Random(6)
    taken = []
    for _ in range(400):
        past = [chance.random() < 0.02 for _ in range(100)]
        found = e_values([chance.random() < 0.3 for _ in range(200)], rate_bound(sum(past), 100))
        taken.append(next(n for n, e in enumerate(found, 1) if e > 20))
    assert sorted(taken)[200] <= 10


@given(OUTCOMES, st.integers(0, 50), st.integers(0, 150))
def test_evidence_is_a_fair_bet_at_its_bound(outcomes: list[bool], failures: int, passes: int) -> None:
    bound = rate_bound(failures, failures + passes)
    assert 0 < bound < 1
    found = e_values(outcomes, bound)
    assert all(e >= 0 for e in found)
    # What is expected of the next value, if the truth is the bound, is the value itself.
    now = found[-1] if found else 1.0
    failed, passed = e_values([*outcomes, True], bound)[-1], e_values([*outcomes, False], bound)[-1]
    if now < 1e100:
        assert bound * failed + (1 - bound) * passed == pytest.approx(now, rel=1e-6)


@given(st.integers(0, 30), st.integers(0, 30), st.integers(0, 30), st.integers(0, 200))
def test_more_failures_are_never_better(failures: int, passes: int, before: int, more: int) -> None:
    chance = no_worse(failures, failures + passes, before, before + more)
    assert 0 <= chance <= 1
    assert no_worse(failures + 1, failures + passes + 1, before, before + more) <= chance + 1e-9


def test_the_comparison_by_ranks_agrees_with_the_textbook() -> None:
    farm = [14.8, 7.3, 5.6, 6.3, 9.0, 4.2, 10.6, 12.5, 12.9, 16.1, 11.4, 2.7]
    town = [
        12.7, 14.2, 12.6, 2.1, 17.7, 11.8, 16.9, 7.9, 16.0, 10.6, 5.6, 5.6, 7.6, 11.3, 8.3, 6.7, 3.6, 1.0,
        2.4, 6.4, 9.1, 6.7, 18.6, 3.2, 6.2, 6.1, 15.3, 10.6, 1.8, 5.9, 9.9, 10.6, 14.8, 5.0, 2.6, 4.0,
    ]  # fmt: skip
    found = larger(town, farm)
    assert found is not None
    assert found.p_value == pytest.approx(0.26, abs=0.02)
    assert larger([1, 2, 3, 4], [1, 2, 3, 4, 5]) is None
    same = larger([3.0] * 9, [3.0] * 9)
    assert same is not None
    assert (same.ratio, same.p_value) == (1.0, 1.0)
