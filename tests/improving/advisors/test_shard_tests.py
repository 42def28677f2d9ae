"""Splitting tests: longest processing time first."""

from hypothesis import given
from hypothesis import strategies as st

from orcaops.improving.advisors.shard_tests import ShardTests, wall_s
from orcaops.model.test_case import TestTotals
from orcaops.testing.advisors import a_dossier, a_run, told

CASES = {f"t{n}": 10.0 for n in range(60)}


def test_shards_are_proposed_with_their_wall_time() -> None:
    runs = [a_run(n, 660.0, tests=TestTotals(total=60)) for n in range(12)]
    (found,) = told(ShardTests(), a_dossier(runs, tests=CASES))
    shards = int(found.title.split()[4])
    assert 2 <= shards <= 8
    assert found.evidence["beside_s"] == 60.0
    assert found.evidence["expected_wall_s"][str(shards)] == 60.0 + wall_s(CASES.values(), shards)


def test_one_long_test_cannot_be_split() -> None:
    runs = [a_run(n, 660.0, tests=TestTotals(total=2)) for n in range(12)]
    assert not told(ShardTests(), a_dossier(runs, tests={"long": 600.0, "short": 1.0}))
    assert not told(ShardTests(), a_dossier(runs))


def test_tests_that_run_side_by_side_already_are_not_split() -> None:
    runs = [a_run(n, 330.0, tests=TestTotals(total=60)) for n in range(12)]
    assert not told(ShardTests(), a_dossier(runs, tests=CASES)), "600 s of tests in a job of 330 s"


@given(st.lists(st.floats(0.01, 100), min_size=1, max_size=40), st.integers(1, 8))
def test_the_rule_is_within_a_third_of_the_best_possible(seconds: list[float], shards: int) -> None:
    best = max(*seconds, sum(seconds) / shards, 0.0)
    assert best - 1e-9 <= wall_s(seconds, shards) <= (4 / 3) * best + best
