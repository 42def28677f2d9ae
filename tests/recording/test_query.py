"""The search language: what is read, what is refused, and that showing and reading are inverse."""

import string
from datetime import UTC, datetime, timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.query import EVERYTHING, And, Compare, Comparison, Not, Or, Query, Words
from orcaops.model.run import Cause, Status
from orcaops.recording.query import (
    DEEPEST,
    FIELDS,
    LONGEST,
    MOST_PARTS,
    NUMBER_FIELDS,
    TEXT_FIELDS,
    parse_query,
    show_query,
)

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
E, L = Comparison.EQUAL, Comparison.LIKE


def parsed(text: str) -> Query:
    return parse_query(text, NOW)


def parsed_or_refused(text: str) -> Query | OrcaError:
    try:
        return parsed(text)
    except OrcaError as error:
        return error


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("", EVERYTHING),
        ("   \n", EVERYTHING),
        ("refused", Words("refused")),
        ("pyt*", Words("pyt*")),
        ('"connection refused"', Words("connection refused")),
        (r'"say \"no\" \\ twice"', Words(r'say "no" \ twice')),
        ("a-b", Words("a-b")),
        ('"AND"', Words("AND")),
        ("ANDROID", Words("ANDROID")),
        ("status:failed", Compare("status", E, "failed")),
        ("image:python:3.11", Compare("image", E, "python:3.11")),
        ("image:python*", Compare("image", L, "python*")),
        (r'name:"a\*b"', Compare("name", E, "a*b")),
        ('name:"a *"', Compare("name", L, "a *")),
        (
            'key:"image:python:3.11|command:pytest"',
            Compare("key", E, "image:python:3.11|command:pytest"),
        ),
        ("id:x", Compare("job_id", E, "x")),
        ("exit:137", Compare("exit_code", E, 137)),
        ("exit_code:>=-2", Compare("exit_code", Comparison.AT_LEAST, -2)),
        ("duration:>60", Compare("duration", Comparison.ABOVE, 60.0)),
        ("duration:>5m", Compare("duration", Comparison.ABOVE, 300.0)),
        ("duration:0", Compare("duration", E, 0.0)),
        ("wait:<=1h30m", Compare("wait", Comparison.AT_MOST, 5400.0)),
        ("cpu:>1", Compare("cpu", Comparison.ABOVE, 1.0)),
        ("memory:>512m", Compare("memory", Comparison.ABOVE, 512 * 1024**2)),
        ("memory:<1024", Compare("memory", Comparison.BELOW, 1024)),
        ("label:team=a", Compare("label", E, "a", "team")),
        ("label:team=a*", Compare("label", L, "a*", "team")),
        ("label:team", Compare("label", L, "*", "team")),
        ('label:team="a b"', Compare("label", E, "a b", "team")),
        ("label:team=", Compare("label", E, "", "team")),
    ],
)
def test_a_part_is_read(text: str, query: Query) -> None:
    assert parsed(text) == query


@pytest.mark.parametrize(
    ("text", "at"),
    [
        ("2026-01-01", datetime(2026, 1, 1, tzinfo=UTC)),
        ("2026-01-01T08:30:00Z", datetime(2026, 1, 1, 8, 30, tzinfo=UTC)),
        ("2026-01-01T08:30:00+02:00", datetime(2026, 1, 1, 6, 30, tzinfo=UTC)),
        ("2026-01-01T08:30", datetime(2026, 1, 1, 8, 30, tzinfo=UTC)),
        ("today", datetime(2026, 11, 22, tzinfo=UTC)),
        ("yesterday", datetime(2026, 11, 21, tzinfo=UTC)),
        ("now", NOW),
        ("7d", NOW - timedelta(days=7)),
        ("24h", NOW - timedelta(days=1)),
        ('"last monday"', datetime(2026, 11, 16, tzinfo=UTC)),
        ('"last 7 days"', NOW - timedelta(days=7)),
        ('"the past 2 hours"', NOW - timedelta(hours=2)),
        ('"this week"', datetime(2026, 11, 16, tzinfo=UTC)),
        ('"last week"', datetime(2026, 11, 9, tzinfo=UTC)),
        ('"this month"', datetime(2026, 11, 1, tzinfo=UTC)),
        ('"last month"', datetime(2026, 10, 1, tzinfo=UTC)),
        ('"this year"', datetime(2026, 1, 1, tzinfo=UTC)),
        ('"last year"', datetime(2025, 1, 1, tzinfo=UTC)),
        ("2026-11", datetime(2026, 11, 1, tzinfo=UTC)),
        ("20.11.2026", datetime(2026, 11, 20, tzinfo=UTC)),
        ("1767225600", datetime(2026, 1, 1, tzinfo=UTC)),
    ],
)
def test_a_time_is_read(text: str, at: datetime) -> None:
    assert parsed(f"after:{text}") == Compare("submitted_at", Comparison.AT_LEAST, at)
    assert parsed(f"before:{text}") == Compare("submitted_at", Comparison.BELOW, at)


def test_parts_stand_side_by_side_and_or_binds_weaker() -> None:
    a, b, c = Words("a"), Words("b"), Words("c")
    assert parsed("a b c") == parsed("a AND b AND c") == parsed("a AND (b c)") == And((a, b, c))
    assert parsed("a OR b c") == Or((a, And((b, c))))
    assert parsed("(a OR b) c") == And((Or((a, b)), c))
    assert parsed("a OR (b OR c)") == Or((a, b, c))
    assert parsed("NOT a b") == parsed("-a b") == And((Not(a), b))
    assert parsed("-(a b)") == Not(And((a, b)))
    assert parsed("NOT NOT a") == parsed("--a") == parsed("((a))") == a


def test_before_a_field_operators_may_be_small() -> None:
    assert parsed("status:failed or status:lost") == parsed("status:failed OR status:lost")
    assert parsed("a or (status:failed and not exit:1)") == parsed("a OR (status:failed AND NOT exit:1)")
    assert parsed("this or that") == And((Words("this"), Words("or"), Words("that")))
    assert parsed("for status:failed") == And((Words("for"), parsed("status:failed")))


def test_fields_and_closed_values_have_no_case() -> None:
    assert parsed("Status:FAILED") == parsed("status:failed")
    assert parsed("IMAGE:Python*") == Compare("image", L, "Python*")


@pytest.mark.parametrize(
    ("text", "column", "told"),
    [
        ("status:", 8, "status:VALUE"),
        ("status: failed", 8, "status:VALUE"),
        ("status:broken", 8, "queued, running, succeeded"),
        ("cause:bad", 7, "oom_killed"),
        ("duration:>soon", 10, "90 or 5m"),
        ("duration:nan", 10, "90 or 5m"),
        ("duration:>-5", 10, "90 or 5m"),
        ("memory:many", 8, "512m"),
        ("exit:1.5", 6, "137"),
        ("exit:99999999999", 6, "137"),
        ("after:someday", 7, "2026-01-31"),
        ("after:2026-13-45", 7, "2026-01-31"),
        ("label:=a", 7, "label:team=a"),
        ('exit:1 "b', 8, "behind the phrase"),
        ("(exit:1", 8, "parenthesis"),
        ("exit:1)", 7, "parenthesis"),
        ("exit:1 OR", 10, "between two parts"),
        ("AND exit:1", 1, "between two parts"),
        ("exit:1 NOT", 11, "NOT before"),
        ("- exit:1", 1, "letters or digits"),
        ("a \x00", 3, "NUL"),
        ("a \ud800", 3, "broken Unicode"),
        ("a " * MOST_PARTS + "exit:1", 2 * MOST_PARTS + 1, str(MOST_PARTS)),
        ("(" * (DEEPEST + 1) + "exit:1", DEEPEST + 1, str(DEEPEST)),
        ("-" * (DEEPEST + 1) + "exit:1", DEEPEST + 1, str(DEEPEST)),
        ("a" * (LONGEST + 1), LONGEST + 1, str(LONGEST)),
    ],
)
def test_what_is_wrong_is_told_with_its_place(text: str, column: int, told: str) -> None:
    with pytest.raises(OrcaError) as caught:
        parsed(text)
    assert caught.value.code is ErrorCode.INVALID
    assert caught.value.where == f"q, column {column}"
    assert told in caught.value.hint


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('a "b', ["a", "b"]),
        ("(a", ["a"]),
        ("a OR", ["a", "OR"]),
        ("- a", ["a"]),
        ("FAILED (errors=3)\tin 0.2s)", ["FAILED", "errors", "3", "in", "0", "2s"]),
        ("¢ §", []),
    ],
)
def test_a_text_without_a_field_is_a_search_for_its_words(text: str, words: list[str]) -> None:
    found = parsed(text)
    assert found == (Words(words[0]) if len(words) == 1 else And(tuple(map(Words, words))))


@pytest.mark.parametrize("text", ["a stauts:failed", "http://example.org"])
def test_an_unknown_field_is_told_with_its_place(text: str) -> None:
    with pytest.raises(OrcaError) as caught:
        parsed(text)
    assert caught.value.code is ErrorCode.NOT_FOUND
    assert caught.value.where.startswith("q, column")
    assert "between quotes" in caught.value.hint


def test_an_unknown_field_lists_the_known_ones() -> None:
    with pytest.raises(OrcaError) as caught:
        parsed("is:flaky")
    assert all(field in caught.value.hint for field in FIELDS)


texts = st.text(st.characters(codec="utf-8", exclude_characters="\x00"), min_size=1, max_size=20)
words = texts.filter(lambda text: any(letter.isalnum() for letter in text)).map(Words)
free_fields = st.sampled_from([field for field in TEXT_FIELDS if field not in ("status", "cause")])
amounts = st.floats(1e-3, 1e8, allow_nan=False) | st.integers(0, 10**8).map(float)
signs = st.sampled_from([kind for kind in Comparison if kind is not L])
names = st.text(string.ascii_letters + string.digits + "._/-", min_size=1, max_size=12)
comparisons = st.one_of(
    st.builds(Compare, free_fields, st.just(E), texts | st.just("")),
    st.builds(Compare, free_fields, st.just(L), texts.map(lambda text: text + "*")),
    st.builds(Compare, st.just("status"), st.just(E), st.sampled_from([each.value for each in Status])),
    st.builds(Compare, st.just("cause"), st.just(E), st.sampled_from([each.value for each in Cause])),
    st.builds(Compare, st.sampled_from(("duration", "wait", "cpu")), signs, amounts),
    st.builds(Compare, st.just("memory"), signs, st.integers(0, 2**50)),
    st.builds(Compare, st.just("exit_code"), signs, st.integers(-(2**31), 2**31 - 1)),
    st.builds(Compare, st.just("label"), st.just(E), texts | st.just(""), names),
    st.builds(Compare, st.just("label"), st.just(L), texts.map(lambda text: text + "*"), names),
    st.builds(
        Compare,
        st.just("submitted_at"),
        st.sampled_from((Comparison.AT_LEAST, Comparison.BELOW)),
        st.datetimes(timezones=st.just(UTC)),
    ),
)


def _joined(kind: type[And] | type[Or], parts: list[Query]) -> Query:
    flat = [inner for part in parts for inner in (part.parts if isinstance(part, kind) else (part,))]
    return flat[0] if len(flat) == 1 else kind(tuple(flat))


def _turned(part: Query) -> Query:
    return part.part if isinstance(part, Not) else Not(part)


queries = st.recursive(
    words | comparisons,
    lambda inner: st.one_of(
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: _joined(And, parts)),
        st.lists(inner, min_size=2, max_size=4).map(lambda parts: _joined(Or, parts)),
        inner.map(_turned),
    ),
    max_leaves=8,
)


@given(queries)
def test_what_is_shown_is_read_back(query: Query) -> None:
    assert parsed(show_query(query)) == query


tokens = st.sampled_from(
    [
        "a",
        "AND",
        "OR",
        "NOT",
        "-",
        "(",
        ")",
        '"',
        '"b c"',
        "\\",
        "*",
        ":",
        "status:",
        "label:",
        "after:",
        "=",
        ">",
    ]
    + [f"{field}:" for field in (*TEXT_FIELDS, *NUMBER_FIELDS)]
    + ["7d", "failed", "512m", " ", "2026-01-01", "x=y"]
)


@given(
    st.lists(tokens, max_size=30).map("".join) | st.text(max_size=80) | st.text(st.characters(), max_size=80)
)
def test_any_text_is_a_query_or_an_explained_error(text: str) -> None:
    found = parsed_or_refused(text)
    if isinstance(found, OrcaError):
        assert found.code in (ErrorCode.INVALID, ErrorCode.NOT_FOUND)
        assert found.where.startswith("q, column ")
        assert found.hint
    else:
        assert isinstance(found, get_args(Query))
        assert parsed(show_query(found)) == found


@given(st.text(min_size=1, max_size=40))
def test_any_time_is_read_or_refused(text: str) -> None:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    found = parsed_or_refused(f'after:"{quoted}"')
    if isinstance(found, OrcaError):
        assert found.code in (ErrorCode.INVALID, ErrorCode.NOT_FOUND)
    else:
        assert isinstance(found, Compare)
        assert found.value.tzinfo is UTC
