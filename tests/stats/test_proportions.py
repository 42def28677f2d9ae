"""A risen failure rate: found in a few failures, and not in chance clusters of a job that fails anyway."""

import random

from orcaops.stats import proportions


def test_a_few_failures_after_many_successes_are_enough() -> None:
    assert proportions.scan([0] * 100 + [1]) is None
    found = proportions.scan([0] * 100 + [1, 1, 1])
    assert found is not None
    assert (found.at, found.before, found.after) == (100, 0.0, 1.0)


def test_successes_and_short_series_are_silent() -> None:
    assert proportions.scan([0] * 200) is None
    assert proportions.scan([1] * 9) is None


def test_a_steady_rate_is_silent() -> None:
    assert proportions.scan([0, 0, 0, 1] * 50) is None
    chance = random.Random(2)
    outcomes = [int(chance.random() < 0.1) for _ in range(200)]
    assert sum(proportions.scan(outcomes[:n]) is not None for n in range(10, 200)) == 0


def test_evidence_is_for_two_rates_only_where_they_differ() -> None:
    assert proportions.evidence(0, 50, 5, 0) > 6
    assert proportions.evidence(5, 50, 1, 10) < 0
