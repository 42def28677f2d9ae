"""Amounts: how many, how often, signals."""

import pytest

from orcaops.services.asking.understanding.amounts import amounts, how_often, top_of


@pytest.mark.parametrize(
    ("text", "top"),
    [
        ("slowest 3 ⟨N0⟩ runs in october", 3),
        ("cheapest five runs of ⟨N0⟩", 5),
        ("top-3 failing tests", 3),
        ("most expensive 10 jobs", 10),
        ("longest 2 hours", None),
        ("worst job", None),
    ],
)
def test_a_number_beside_a_superlative(text: str, top: int | None) -> None:
    found, rest = top_of(text)
    assert found == top
    assert (str(top) not in rest.split()) or top is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("which jobs failed more than 5 times this week", "more than 5 times"),
        ("jobs that failed at least 3 times", "at least 3 times"),
        ("jobs that failed twice or more", "twice or more"),
        ("etl failed 3 times in a row", "3 times in a row"),
        ("jobs with more than 5 failures", "more than 5 failures"),
        ("which jobs fail more than 10% of the time", "more than 10% of the time"),
        ("jobs with a success rate below 90 percent", "below 90 percent"),
        ("jobs that use more than 90% of the memory", None),
        ("how many times did it fail", None),
        ("2 times slower than before", None),
        ("did it fail at least once", None),
        ("the last 5 failures", None),
    ],
)
def test_how_often_something_shall_have_been(text: str, said: str | None) -> None:
    assert how_often(text)[0] == said


@pytest.mark.parametrize("text", ["killed by signal 9", "with sigkill"])
def test_a_signal_is_the_exit_code_of_a_shell(text: str) -> None:
    assert amounts(text)[0] == ["exit_code:137"]


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("jobs that waited in the queue for over 2 min", "wait:>120"),
        ("jobs that finished in under 5 minutes", "duration:<300"),
        ("running for more than an hour", "duration:>3600"),
    ],
)
def test_an_amount_behind_a_preposition(text: str, part: str) -> None:
    assert amounts(text)[0] == [part]
