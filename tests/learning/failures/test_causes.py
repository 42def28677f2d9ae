import tracemalloc
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.learning.failures.causes import (
    VERDICT,
    Causes,
    find_causes,
    find_causes_of_failure,
    may_sound,
    severity,
)
from orcaops.learning.failures.fingerprint import fingerprint
from orcaops.learning.failures.knowledge import KnowledgeBase

PASSING = [
    "checking out",
    "compiling 12 files",
    "warning: unused variable x",
    "12 tests passed",
    "done in 3 s",
]
FAILING = [
    "checking out",
    "compiling 13 files",
    "warning: unused variable x",
    "src/app.c:12:5: error: 'foo' was not declared in this scope",
    "make: *** [all] Error 2",
    "done in 4 s",
]


def test_with_a_passing_log_only_what_is_new_tells_the_cause() -> None:
    causes = find_causes(enumerate(FAILING), [fingerprint(PASSING)])
    assert causes.ranked[0].text == FAILING[3]
    assert [line.number for line in causes.lines] == [4, 5]
    assert causes.ranked[0].offset == 3


def test_whether_any_of_many_lines_may_announce_a_failure_is_asked_at_once() -> None:
    dated = "\n".join(f"2026-01-05T02:00:{n:02d} INFO item {n} done" for n in range(60))
    assert not may_sound(dated)
    assert not may_sound("")
    assert may_sound(f"{dated}\nCONNECTION REFUSED\n{dated}")
    assert may_sound(f"{dated}\nassertion failed: x\n{dated}")


def test_without_one_words_and_place_tell_it() -> None:
    noise = [f"fetching part {number} of error-pages.tar" for number in range(200)]
    causes = find_causes(enumerate([*noise, *FAILING, 'The command "make" exited with 2.']))
    assert causes.ranked[0].text == FAILING[3]
    assert causes.line_count == 207


def test_what_a_failing_command_printed_last_counts_whatever_the_words() -> None:
    lines = ["starting", "README.md needs a blank line there", 'The command "check" exited with 1.']
    assert "README.md needs a blank line there" in [
        line.text for line in find_causes(enumerate(lines)).ranked
    ]


def test_a_known_failure_outranks_loud_words() -> None:
    lines = ["error: see below", "No matching distribution found for torch==99", "failed"]
    kb = KnowledgeBase.shipped()
    assert find_causes(enumerate(lines), known=kb.specific).ranked[0].number == 2


def test_what_a_command_printed_that_then_went_well_is_not_the_cause() -> None:
    survived = ["AssertionError: expected 3 but was 4", "[INFO] BUILD SUCCESS"]
    log = [*survived, *PASSING, "ld: error: undefined symbol: main"]
    assert find_causes(enumerate(log)).ranked[0].text == log[-1]
    assert not find_causes(enumerate([*survived, "Archiving artifacts", "Finished: SUCCESS"])).ranked


def test_a_log_that_says_all_went_well_is_not_believed_where_the_run_failed() -> None:
    log = [*PASSING, "AssertionError: expected 3 but was 4", "Finished: SUCCESS"]
    for passing in ([], [fingerprint(PASSING)]):
        causes, compared = find_causes_of_failure(lambda: enumerate(log), passing)
        assert (causes.ranked[0].text, compared) == (log[-2], bool(passing))


def test_a_failure_that_says_nothing_new_is_read_as_if_no_run_had_passed() -> None:
    causes, compared = find_causes_of_failure(lambda: enumerate(FAILING), [fingerprint(FAILING)])
    assert (causes.ranked[0].text, compared) == (FAILING[3], False)


def test_a_repeated_message_is_shown_once() -> None:
    lines = [f"error: cannot open file {number}" for number in range(50)] + ["fatal: disk is gone"]
    texts = [line.text for line in find_causes(enumerate(lines)).ranked]
    assert len([text for text in texts if text.startswith("error")]) == 1
    assert "fatal: disk is gone" in texts


@pytest.mark.parametrize(
    ("line", "sounds"),
    [
        ("error: no such file", 1.0),
        ("Tests run: 3, Failures: 0, Errors: 0", 0.4),
        ("cannot open display", 0.7),
        ("    at java.util.List.get(List.java:12)", 0.35),
        ("BUILD FAILED in 15s", VERDICT),
        ("0 errors", 0.4),
        ("Downloading foo", -0.6),
        ("compiling", 0.0),
    ],
)
def test_severity(line: str, sounds: float) -> None:
    assert severity(line) == sounds


def test_an_empty_log_has_no_cause() -> None:
    assert find_causes([]) == Causes()
    assert find_causes([(0, ""), (1, "  ")]).lines == ()


@given(st.lists(st.text(max_size=60), max_size=40))
def test_quotations_are_lines_of_the_log(lines: list[str]) -> None:
    causes = find_causes(enumerate(lines))
    assert {line.offset for line in causes.lines} <= set(range(len(lines)))
    assert all(line.number == line.offset + 1 for line in causes.lines)
    assert {line.number for line in causes.ranked} <= {line.number for line in causes.lines}


def test_memory_stays_flat_over_a_large_log() -> None:
    def lines() -> Iterator[tuple[int, str]]:
        for number in range(25_000):
            yield number, f"error: {chr(97 + number % 26)} failed with {'x' * 200}"

    tracemalloc.start()
    find_causes(lines())
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 40_000_000


def test_a_line_of_rules_and_carets_alone_is_never_the_cause() -> None:
    text = [
        "F401 `os` imported but unused",
        " --> a.py:1:8",
        "  |",
        "1 | import os",
        "  |        ^^",
        "---------",
    ]
    ranked = [line.text for line in find_causes(enumerate(text)).ranked]
    assert set(ranked) <= {text[0], text[1], text[3]}
    assert ranked
