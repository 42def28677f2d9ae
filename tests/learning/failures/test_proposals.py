"""Patterns made of failures that recur."""

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from orcaops.learning.failures.masking import mask
from orcaops.learning.failures.proposals import draft, expression


def lost(number: int) -> str:
    at = f"2026-11-22 20:49:{number % 60:02}"
    return f"{at} ERROR worker {number} lost /srv/spool/q{number}/lease.db for 'job-{number}'"


def test_what_differs_becomes_free_and_what_stays_stays() -> None:
    made, why = draft([[lost(n), "giving up"] for n in range(5)], [])
    assert made is not None, why
    program = re2.compile(made.pattern)
    assert program.search(lost(12345))
    assert not program.search("ERROR worker 7 found /srv/spool/q7/lease.db for 'job-7'")
    assert made.title.startswith("ERROR worker … lost")
    assert all(program.search(example) for example in made.examples)


def test_a_pattern_that_passing_runs_would_fire_gives_way_to_the_next_line() -> None:
    failures = [[lost(n), f"spool number {n} was never flushed"] for n in range(4)]
    made, _ = draft(failures, [lost(99)])
    assert made is not None
    assert "flushed" in made.pattern
    nothing, why = draft(failures, [lost(99), "spool number 4 was never flushed"])
    assert nothing is None
    assert "passing" in why


def test_failures_that_have_nothing_in_common_make_no_pattern() -> None:
    made, why = draft([["alpha beta gamma"], ["delta is wrong here today"], ["quite another matter"]], [])
    assert made is None
    assert why


@pytest.mark.parametrize("words", ["<n>", "<*> <*>", "a <n>", "<path>/x"])
def test_a_template_of_hardly_any_words_is_no_expression(words: str) -> None:
    assert expression(words.split()) is None


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_characters="\r\n\x00"), max_size=200))
def test_an_expression_matches_the_line_that_it_was_made_of(text: str) -> None:
    line = f"worker failed while reading {text}"
    made, _ = draft([[line]] * 3, [])
    if made is not None:
        assert all(re2.search("(?m)" + made.pattern, example) for example in made.examples)
        assert made.examples


@pytest.mark.parametrize(
    "line",
    [
        "copying took 3.5 s for 12 MB from 10.0.0.7:80",
        "id 123e4567-e89b-12d3-a456-426614174000 at 0xdeadbeef was refused",
        "commit 1a2b3c4d5e6f of https://a.example/x by me@example.org is missing",
        "opening /usr/lib/python3/site.py or ../x/y/z.txt failed at 12:30:45",
    ],
)
def test_every_mask_matches_what_it_masked(line: str) -> None:
    made = expression(mask(line).split())
    assert made is not None
    assert re2.search(made, line)


def test_the_text_that_names_a_failure_is_tried_first_and_what_only_failed_never() -> None:
    failures = [
        ["##[error]Process completed with exit code 1.", f"Ledger {n} refused the merge"] for n in range(4)
    ]
    made, _ = draft(failures, [], named=[some[1] for some in failures])
    assert made is not None
    assert made.title == "Ledger … refused the merge"
    made, why = draft([some[:1] for some in failures], [])
    assert made is None
    assert why


def test_a_script_that_is_echoed_does_not_hide_its_message() -> None:
    line = "the module list is not up to date, run tidy"
    made, _ = draft([[f"2026-11-22T10:00:0{n}Z {line}"] for n in range(4)], [f'echo "{line}"'])
    assert made is not None
    assert made.pattern.startswith("^")


def test_whole_logs_of_passing_runs_count_too() -> None:
    made, why = draft([["the quorum of nodes is absent"]] * 4, [], printed=lambda _program: 7)
    assert made is None
    assert "7 logs of passing runs" in why
