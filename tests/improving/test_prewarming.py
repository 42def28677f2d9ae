"""What to hold ready when: pure arithmetic."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.improving.prewarming import (
    BINS,
    EDGES_MIN,
    LONGEST_MIN,
    Balance,
    Budget,
    Gaps,
    Shelf,
    Wish,
    bin_of,
    chance_within,
    fetch_order,
    hazard,
    how_many,
    idle_min,
    pooled_hazard,
    schedule_of,
    within,
    worth_keeping,
)

GAPS = st.floats(0.0, 3 * LONGEST_MIN)
WISHES = st.lists(
    st.builds(
        Wish,
        name=st.text("abcdef", min_size=1, max_size=3),
        count=st.integers(1, 5),
        gain=st.floats(0.0, 50.0),
        memory_bytes=st.integers(0, 100),
    ),
    max_size=8,
    unique_by=lambda wish: wish.name,
)


def taught(gaps: list[float]) -> Gaps:
    """A memory of these gaps."""
    memory = Gaps()
    for gap in gaps:
        memory.learn(gap)
    return memory


@given(GAPS)
def test_a_time_lies_in_its_bin(gap: float) -> None:
    number = bin_of(gap)
    assert 0 <= number < BINS
    assert EDGES_MIN[number] <= gap
    assert gap < EDGES_MIN[number + 1] or gap >= LONGEST_MIN or number == BINS - 1


@given(st.lists(GAPS, max_size=30))
def test_nothing_waits_longer_than_it_did(gaps: list[float]) -> None:
    memory = Gaps()
    for gap in gaps:
        memory.learn(gap, decay=1.0)
    assert sum(memory.waited_min) == pytest.approx(sum(min(gap, LONGEST_MIN) for gap in gaps))
    assert sum(memory.events) == sum(gap < LONGEST_MIN for gap in gaps)


@given(st.lists(GAPS, max_size=30))
def test_rates_are_never_negative_and_chances_are_chances(gaps: list[float]) -> None:
    memory = taught(gaps)
    pooled = pooled_hazard(memory)
    assert min(hazard(memory, pooled)) > 0
    chances = [chance_within(memory, pooled, 5.0, ahead) for ahead in (1.0, 10.0, 1000.0)]
    assert 0 <= chances[0] <= chances[1] <= chances[2] <= 1


def test_steady_work_is_kept_ready_and_rare_work_is_not() -> None:
    steady, rare = taught([3.0] * 50), taught([3000.0] * 20)
    pooled = pooled_hazard(Gaps())
    assert worth_keeping(steady, pooled, 120.0)[bin_of(2.9)]
    assert not worth_keeping(steady, pooled, 120.0)[bin_of(600.0)]
    assert not worth_keeping(rare, pooled, 120.0)[bin_of(300.0)]


def test_a_job_that_comes_by_the_clock_is_awaited_only_then() -> None:
    daily = schedule_of([1440.0 * day + (day % 2) * 0.4 for day in range(9)])
    assert daily is not None
    assert daily.keep_min(500.0, 0.01) == 0.0
    assert daily.keep_min(1438.5, 0.01) == 0.0
    assert daily.keep_min(1439.5, 0.01) > 0
    assert daily.keep_min(1439.0, 1.0) > 0, "what takes a minute is begun earlier"
    assert daily.keep_min(1445.0, 0.01) == 0.0, "it did not come"


@pytest.mark.parametrize("arrivals", [[], [0, 60, 120], [0, 1, 2, 3, 4, 5, 6], [0, 60, 125, 180, 240, 300]])
def test_what_follows_no_schedule_is_not_given_one(arrivals: list[float]) -> None:
    assert schedule_of(arrivals) is None


def test_more_worth_keeps_longer() -> None:
    own = taught([1.0, 5.0, 30.0, 200.0, 2.0, 60.0] * 5)
    pooled = pooled_hazard(own)
    kept = [idle_min(worth_keeping(own, pooled, worth), LONGEST_MIN) for worth in (10.0, 60.0, 240.0, 1e9)]
    assert kept == sorted(kept)
    assert kept[-1] == pytest.approx(LONGEST_MIN)


@given(st.lists(GAPS, max_size=30), GAPS, st.floats(1.0, 1000.0))
def test_idle_minutes_are_within_the_gap(gaps: list[float], gap: float, worth: float) -> None:
    memory = taught(gaps)
    wanted = worth_keeping(memory, pooled_hazard(memory), worth)
    assert 0 <= idle_min(wanted, gap) <= gap + 1e-9


@given(WISHES, st.integers(0, 6), st.integers(0, 300), st.floats(0.0, 100.0))
def test_the_budget_is_never_exceeded(
    wishes: list[Wish], containers: int, memory: int, minutes: float
) -> None:
    granted = within(Budget(containers=containers, memory_bytes=memory, minutes=minutes), wishes)
    by_name = {wish.name: wish for wish in wishes}
    assert sum(granted.values()) <= containers
    assert sum(by_name[name].memory_bytes * count for name, count in granted.items()) <= memory
    assert all(count <= by_name[name].count for name, count in granted.items())
    assert minutes > 0 or not granted


def test_the_most_worthwhile_comes_first_and_firsts_before_seconds() -> None:
    wishes = [
        Wish(name="low", count=2, gain=1.1, memory_bytes=1),
        Wish(name="high", count=3, gain=9.0, memory_bytes=1),
    ]
    budget = Budget(containers=3, memory_bytes=10, minutes=1.0)
    assert within(budget, wishes) == {"high": 2, "low": 1}


def test_one_is_held_unless_they_come_together() -> None:
    assert how_many([0, 60, 120], 0.5, 120.0) == 1
    assert how_many([], 0.5, 120.0) == 1
    assert how_many([0, 0.1, 0.2, 0.3] * 1, 0.5, 120.0) == 4


def test_it_goes_on_while_it_pays() -> None:
    assert Balance(hits=0, idle_min=1000.0, ended=4).pays(120.0), "too little seen"
    assert not Balance(hits=1, idle_min=1000.0, ended=5).pays(120.0)
    assert Balance(hits=9, idle_min=1000.0, ended=12).pays(120.0)
    assert Balance(hits=3, misses=1).hit_rate == 0.75
    assert Balance().hit_rate is None


USES = st.lists(st.tuples(st.sampled_from("abcdef"), st.floats(0.0, 100.0)), max_size=60)


@given(USES, st.floats(1.0, 400.0))
def test_the_shelf_never_overflows(uses: list[tuple[str, float]], capacity: float) -> None:
    sizes = {name: 20.0 * (number + 1) for number, name in enumerate("abcdef")}
    shelf, at = Shelf(capacity), 0.0
    for name, later in uses:
        at += later
        was = name in shelf.held
        assert shelf.use(name, at, pull_s=5.0, size_bytes=sizes[name]) is was
        assert shelf.used_bytes() <= capacity


def test_a_frequent_image_stays_and_a_rare_one_goes() -> None:
    shelf = Shelf(100.0)
    for minute in range(20):
        shelf.use("often", float(minute), pull_s=10.0, size_bytes=60.0)
        shelf.use(f"once {minute}", float(minute), pull_s=10.0, size_bytes=60.0)
    assert "often" in shelf.held


def test_what_is_fetched_ahead_fits_and_is_likely() -> None:
    missing = {"likely": (60.0, 100.0), "unlikely": (60.0, 1.0), "large": (600.0, 10_000.0)}
    chances = {"likely": 0.9, "unlikely": 0.05, "large": 0.9}
    assert fetch_order(missing, chances, 500.0) == ["likely"]
