"""Tests that may be looked at after every run."""

import random
import statistics
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats.sequential import Evidence, e_values, larger, no_worse

OUTCOMES = st.lists(st.booleans(), max_size=200)


def stop(outcomes: list[bool], past: list[bool]) -> int | None:
    return next((n for n, e in e_values(outcomes, sum(past), len(past)) if e > 20), None)


@pytest.mark.parametrize(("rate", "before"), [(0.02, 100), (0.1, 100), (0.1, 20)])
def test_a_harmless_change_is_seldom_stopped_however_often_one_looks(rate: float, before: int) -> None:
    chance = random.Random(5)
    stopped = 0
    for _ in range(200):
        past = [chance.random() < rate for _ in range(before)]
        stopped += stop([chance.random() < rate for _ in range(300)], past) is not None
    assert stopped / 200 <= 0.05


@pytest.mark.parametrize("before", [20, 100])
def test_a_change_is_not_to_blame_in_a_job_that_always_fails(before: int) -> None:
    found = e_values([True] * 300, before, before)
    assert max(each.e_value for each in found) < 3


@pytest.mark.parametrize("before", [50, 100])
def test_a_harmful_change_is_stopped_within_ten_runs(before: int) -> None:
    chance = random.Random(6)
    taken = []
    for _ in range(200):
        past = [chance.random() < 0.02 for _ in range(before)]
        taken.append(stop([chance.random() < 0.3 for _ in range(200)], past))
    assert None not in taken
    assert sorted(n for n in taken if n is not None)[100] <= 10


def test_a_short_past_is_made_up_for_by_the_runs_between() -> None:
    """After 20 runs a rate of 2 % may as well be 10 %: alone, the change takes 16 runs to be stopped."""
    chance = random.Random(19)
    alone, beside = [], []
    for _ in range(100):
        past = [chance.random() < 0.02 for _ in range(20)]
        changed = [place % 5 == 4 for place in range(300)]
        woven = [chance.random() < (0.3 if each else 0.02) for each in changed]
        with_it = [failed for failed, each in zip(woven, changed, strict=True) if each]
        alone.append(stopped_after(e_values(with_it, sum(past), 20)))
        beside.append(stopped_after(e_values(woven, sum(past), 20, changed=changed)) / 5)
    assert statistics.median(beside) <= 10 < statistics.median(alone)


def stopped_after(found: Sequence[Evidence]) -> float:
    return next((each.outcomes for each in found if each.e_value > 20), 300.0)


def test_what_befalls_both_sides_is_not_held_against_the_change() -> None:
    outcomes, changed = [], []
    for number in range(150):  # from now on a third of all runs fails, with the change and without it
        outcomes.append(number % 3 == 0)
        changed.append(number % 10 == 9)
    alone = [failed for failed, ours in zip(outcomes, changed, strict=True) if ours]
    assert max(e for _, e in e_values(alone, 2, 100)) > 20
    assert max(e for _, e in e_values(outcomes, 2, 100, changed=changed)) < 20


@given(OUTCOMES, st.integers(0, 50), st.integers(0, 150))
def test_evidence_comes_with_failures_and_stays_finite(
    outcomes: list[bool], failures: int, passes: int
) -> None:
    found = e_values(outcomes, failures, failures + passes)
    assert [n for n, _ in found] == [n for n, failed in enumerate(outcomes, 1) if failed]
    assert all(0 <= e < 1e300 for _, e in found)


@given(st.integers(0, 30), st.integers(0, 150))
def test_evidence_is_a_fair_bet_before_the_first_run(failures: int, passes: int) -> None:
    # What the first run is expected to bring, over what the past leaves possible, is what there was: 1.
    n = failures + passes
    failing = (failures + 1.0) / (n + 10.0)
    ((_, if_it_fails),) = e_values([True], failures, n)
    ((_, later),) = e_values([False, True], failures, n)
    assert if_it_fails * failing < 1 < if_it_fails
    assert later < if_it_fails


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


def test_a_job_that_fails_most_of_the_time_is_not_held_against_a_harmless_change() -> None:
    draw = random.Random(3)
    stopped = 0
    changed = [place % 5 == 4 for place in range(900)]
    for _ in range(400):
        failed_before = sum(draw.random() < 0.7 for _ in range(20))
        outcomes = [draw.random() < 0.7 for _ in range(900)]
        stopped += any(e > 20 for _, e in e_values(outcomes, failed_before, 20, changed=changed))
    assert stopped <= 0.05 * 400
