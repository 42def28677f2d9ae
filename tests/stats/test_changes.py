"""Lasting changes: seen soon, placed exactly, and not where there are none."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats import changes


def series(step: float, at: int = 60, n: int = 70, seed: int = 5, spread: float = 0.03) -> list[float]:
    chance = random.Random(seed)
    return [chance.gauss(4, spread) + (step if place >= at else 0) for place in range(n)]


def test_a_step_is_found_and_placed() -> None:
    values = series(math.log(1.25))
    found = changes.scan(values)
    assert found is not None
    assert found.low < math.log(1.25) < found.high
    assert changes.placed(values, found.at)[0][0] == 60


def test_five_runs_are_enough_and_four_are_not() -> None:
    values = series(math.log(1.3))
    assert changes.scan(values[:64]) is None
    assert changes.scan(values[:65]) is not None


def test_noise_is_silent() -> None:
    for seed in range(30):
        values = series(0.0, n=90, seed=seed)
        assert all(changes.scan(values[:n]) is None for n in range(15, 90))


def test_one_wild_value_and_drift_make_no_change() -> None:
    values = series(0.0)
    values[-3] += 5
    assert changes.scan(values) is None
    assert changes.scan([4.0] * 80) is None


def test_short_series_are_silent() -> None:
    for n in range(15):
        assert changes.scan([0.0] * (n // 2) + [9.0] * (n - n // 2)) is None


def test_places_share_one_probability() -> None:
    values = series(math.log(1.06), spread=0.05)
    places = changes.placed(values, 60)
    assert 0.9 <= sum(p for _, p in places) <= 1.000001


@given(
    before=st.lists(st.integers(0, 9), min_size=10, max_size=60),
    after=st.lists(st.integers(0, 9), min_size=5, max_size=30),
)
def test_what_is_not_counted_would_not_have_counted(before: list[int], after: list[int]) -> None:
    ordered, later = sorted(map(float, before)), sorted(map(float, after))
    if changes._alike(ordered, later):
        assert abs(changes._rank(ordered, later)) <= changes._RANK_LIMIT


@given(
    usual=st.lists(st.floats(0.5, 2), min_size=10, max_size=90),
    later=st.lists(st.floats(0.5, 9), max_size=40),
    least=st.sampled_from([math.log(1.01), math.log(1.05), math.log(1.2)]),
)
def test_a_short_way_finds_what_trying_every_place_finds(
    usual: list[float], later: list[float], least: float
) -> None:
    values = [math.log(value) for value in [*usual, *later]]
    best: changes.Change | None = None
    for length in (*changes._LENGTHS, changes._FARTHEST):
        at = len(values) - length
        if at < changes._FEWEST_BEFORE:
            break
        before, after = sorted(values[max(0, at - changes._BEFORE) : at]), sorted(values[at:])
        change = changes.measured(values, at)
        if abs(change.size) <= least or abs(changes._rank(before, after)) <= changes._RANK_LIMIT:
            continue
        if abs(change.t) > changes._T_LIMIT and (best is None or abs(change.t) > abs(best.t)):
            best = change
    assert changes.scan(values, least=least) == best
    assert best is None or changes.ranks_show([*usual, *later])
