"""``orcaops ask``: here and against a server, for people and for programs."""

from pathlib import Path

import pytest

from .conftest import Command


def test_a_question_shows_what_was_understood_and_answers(orcaops: Command, past: Path) -> None:
    answer = orcaops("ask", "how many nightly runs failed?")
    assert answer.code == 0
    assert answer.text.splitlines()[:2] == [
        "understood: count where status:failed name:nightly",
        "1 run matches.",
    ]


def test_the_query_is_edited_and_asked_again(orcaops: Command, past: Path) -> None:
    first = orcaops("ask", "how many nightly runs failed?", "--json").document
    assert first["rows"][0]["value"] == 1
    again = orcaops("ask", "--query", first["understood"]["query"].replace("failed", "succeeded"), "--json")
    assert again.document["rows"][0]["value"] == 15
    assert again.document["question"] is None


def test_words_need_no_quotes(orcaops: Command, past: Path) -> None:
    assert "median" in orcaops("ask", "how", "long", "does", "nightly", "take").text


def test_what_is_not_understood_says_so_and_offers(orcaops: Command, past: Path) -> None:
    answer = orcaops("ask", "what is the weather like")
    assert answer.code == 0
    assert answer.text.startswith("I do not understand")
    assert "nightly" in answer.text
    assert orcaops("ask", "what is the weather like", "--json").document["understood"] is None


@pytest.mark.parametrize(
    "arguments", [[], [""], ["--query", "nonsense"], ["x" * 10_000], ["which failed", "--query", "list"]]
)
def test_what_is_no_question_is_wrong_usage(orcaops: Command, past: Path, arguments: list[str]) -> None:
    answer = orcaops("ask", *arguments)
    assert answer.code == 2
    assert answer.out == b""
    assert answer.err


def test_an_empty_house_answers(orcaops: Command, orcaops_home: Path) -> None:
    assert "No run matches" in orcaops("ask", "which jobs failed yesterday").text
