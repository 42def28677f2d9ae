"""Counting what ended failures: against trying again, fairly shared, ageing, and proof against chance."""

import random
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.learning.failures.solutions import HALF_LIFE_S, count, rank, sentence, typical
from orcaops.model.diagnosis import Trial
from orcaops.model.solution import Atom, Effect, Tally

NOW = datetime(2026, 6, 1, tzinfo=UTC)
MEMORY = Atom(kind="memory", before="64", after="256")
COMMIT = Atom(kind="commit", before="a", after="b")
IMAGE = Atom(kind="image", before="a", after="b")


def trial(number: int, helped: bool, *atoms: Atom, days: float = 0, commit: str | None = None) -> Trial:
    return Trial(
        job_id=f"f{number}",
        next_job_id=f"n{number}",
        number=number,
        at=NOW - timedelta(days=days),
        signature="s",
        family="oom",
        circumstance=commit or f"c{number}",
        atoms=atoms,
        helped=helped,
    )


def test_what_helped_three_times_is_suggested_and_trying_again_is_counted() -> None:
    trials = [trial(n, True, MEMORY) for n in range(3)] + [trial(n, False) for n in range(3, 6)]
    (first, *_), retry = rank(trials, category="oom", now=NOW)
    assert (first.key, first.effect.n, first.effect.helped, first.standing) == (
        "memory:raised",
        3,
        3,
        "suggested",
    )
    assert (retry.n, retry.helped) == (3, 0)
    assert first.effect.low is not None
    assert first.effect.rate is not None
    assert first.effect.low < first.effect.rate < (first.effect.high or 0)


def test_successes_under_one_commit_are_one_circumstance() -> None:
    trials = [trial(n, True, MEMORY, commit="same") for n in range(4)]
    assert rank(trials, category="oom", now=NOW)[0][0].standing == "offered"


def test_five_successes_above_the_retry_are_proof() -> None:
    trials = [trial(n, True, MEMORY) for n in range(6)] + [trial(n, False) for n in range(6, 12)]
    assert rank(trials, category="oom", now=NOW)[0][0].standing == "validated"


def test_what_helps_no_more_than_trying_again_is_only_tried() -> None:
    trials = [trial(n, True, MEMORY) for n in range(4)] + [trial(n, True) for n in range(4, 12)]
    (only,), _ = rank(trials, category="oom", now=NOW)
    assert only.standing == "tried"


def test_credit_is_shared_among_what_was_changed() -> None:
    counted = count([trial(1, True, MEMORY, COMMIT)], category="oom", now=NOW)
    assert counted["memory:raised"].successes == pytest.approx(0.5)
    assert counted["commit"].successes == pytest.approx(0.5)
    assert counted["memory:raised"].n == 1


def test_a_change_that_was_always_there_takes_the_credit() -> None:
    trials = [trial(1, True, MEMORY, COMMIT), trial(2, True, MEMORY), trial(3, False, COMMIT)]
    counted = count(trials, category="oom", now=NOW)
    assert counted["memory:raised"].successes > 1.6
    assert counted["commit"].successes < 0.4
    assert counted["commit"].failures == pytest.approx(1.0), "a failure counts fully against a change"


def test_old_cases_count_less_by_the_times_of_the_runs() -> None:
    old = count([trial(1, True, MEMORY, days=90)], category="oom", now=NOW)["memory:raised"]
    assert old.successes == pytest.approx(0.5)
    assert HALF_LIFE_S == 90 * 86400


def test_the_family_stands_in_with_the_weight_of_five_at_most() -> None:
    family = [trial(n, True, MEMORY) for n in range(100)]
    (first, *_), _ = rank([trial(200, True, MEMORY)], family, category="oom", now=NOW)
    assert first.effect.n == 1
    assert first.effect.rate == pytest.approx((1 + 1 + 5) / (3 + 1 + 5), abs=1e-4)


def test_what_people_say_counts_twice() -> None:
    trials = [trial(1, True, MEMORY)]
    (alone,), _ = rank(trials, category="oom", now=NOW)
    given = {"memory:raised": Tally(successes=2, n=1, helped=1)}
    (said,), _ = rank(trials, category="oom", now=NOW, given=given)
    assert (said.effect.n, said.effect.helped) == (2, 2)
    assert (said.effect.rate or 0) > (alone.effect.rate or 0)
    against = {"memory:raised": Tally(failures=2, n=1)}
    (not_said,), _ = rank(trials, category="oom", now=NOW, given=against)
    assert (not_said.effect.rate or 0) < (alone.effect.rate or 0)


def test_the_exploration_slot_is_the_second_and_the_same_for_the_same_ids() -> None:
    trials = [trial(n, True, MEMORY) for n in range(5)]
    trials += [trial(n, n % 5 == 0, IMAGE) for n in range(10, 20)]
    once, _ = rank(trials, category="oom", now=NOW, seed="job")
    again, _ = rank(trials, category="oom", now=NOW, seed="job")
    assert once == again
    assert [one.explored for one in once] == [False, True]


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([(), (MEMORY,), (COMMIT,), (MEMORY, COMMIT)]))))
def test_rates_are_rates_and_the_order_follows_them(history: list[tuple[bool, tuple[Atom, ...]]]) -> None:
    ranked, retry = rank(
        [trial(n, helped, *atoms) for n, (helped, atoms) in enumerate(history)], category="oom", now=NOW
    )
    for effect in (retry, *(one.effect for one in ranked)):
        if effect.rate is not None:
            assert 0 <= (effect.low or 0) <= effect.rate <= (effect.high or 1) <= 1
    rates = [one.effect.rate or 0 for one in ranked if not one.explored]
    assert rates == sorted(rates, reverse=True)


def test_shuffled_outcomes_validate_hardly_anything() -> None:
    draw = random.Random(7)
    changes = [Atom(kind="env", name=f"V{n}", after="set") for n in range(6)]
    validated = total = 0
    for _ in range(60):
        outcomes = [n % 2 == 0 for n in range(60)]
        draw.shuffle(outcomes)
        trials = [
            trial(n, helped, *([] if n % 4 == 0 else [draw.choice(changes)]))
            for n, helped in enumerate(outcomes)
        ]
        ranked, _ = rank(trials, category="test", now=NOW)
        validated += sum(one.standing == "validated" for one in ranked)
        total += len(changes)
    assert validated <= 0.05 * total


def test_the_change_is_told_as_it_helped_most_often() -> None:
    other = Atom(kind="memory", before="64", after="512")
    assert typical([MEMORY, other, MEMORY]) == MEMORY
    assert sentence(Atom(kind="cpus", before="1", after="2"), Effect(n=1, helped=1)) == (
        "Raising CPUs from 1 to 2 ended this in 1 of 1 case."
    )
