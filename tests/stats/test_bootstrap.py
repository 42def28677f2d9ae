"""The bootstrap over groups: it holds the truth as often as it says, and runs of one group are no many."""

import random

from orcaops.stats import bootstrap


def a_world(chance: random.Random, groups: int) -> tuple[list[int], list[float]]:
    """Cases of groups that differ: the mean over all groups there could be is one half."""
    whose, values = [], []
    for group in range(groups):
        rate = chance.betavariate(2, 2)
        for _ in range(20):
            whose.append(group)
            values.append(float(chance.random() < rate))
    return whose, values


def test_it_holds_the_truth_about_as_often_as_it_says() -> None:
    chance = random.Random(3)
    held = 0
    for _ in range(100):
        whose, values = a_world(chance, 40)
        low, high = bootstrap.intervals(whose, {"mean": (values, [1.0] * len(values))})["mean"]
        held += low <= 0.5 <= high
    assert held >= 88


def test_more_runs_of_the_same_groups_do_not_narrow_it() -> None:
    whose, values = a_world(random.Random(4), 20)
    ones = [1.0] * len(values)
    once = bootstrap.intervals(whose, {"mean": (values, ones)})
    twice = bootstrap.intervals(whose * 2, {"mean": (values * 2, ones * 2)})
    assert once == twice


def test_what_cannot_be_said_is_left_out() -> None:
    assert bootstrap.intervals([], {"mean": ([], [])}) == {}
    assert bootstrap.intervals(["a", "a"], {"mean": ([1, 0], [1, 1])}) == {}
    assert bootstrap.intervals(["a", "b"], {"mean": ([0, 0], [0, 0])}) == {}


def test_the_draws_are_the_same_every_time() -> None:
    whose, values = a_world(random.Random(5), 10)
    ratios = {"mean": (values, [1.0] * len(values))}
    assert bootstrap.intervals(whose, ratios) == bootstrap.intervals(whose, ratios)
