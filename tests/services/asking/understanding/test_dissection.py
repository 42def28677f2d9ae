"""Dissection: what is said before a question is left out, unless it names what the question is about."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from orcaops.services.asking.understanding.dissection import take_apart
from orcaops.services.asking.understanding.names import Known
from orcaops.services.asking.understanding.parsed import Parsed
from orcaops.services.asking.understanding.times import Times

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
KNOWN = Known({"name": ("deploy", "lint"), "host": ("big-box",)})


def parsed(question: str) -> Parsed:
    return take_apart(question, KNOWN, Times(NOW, ZoneInfo("UTC")))


@pytest.mark.parametrize(
    "question",
    [
        "before I merge: how often does lint fail",
        "As an on-call engineer, I would like to know how often lint fails",
        "My manager wants a figure. How often does lint fail?",
    ],
)
def test_what_is_said_before_is_left_out(question: str) -> None:
    found = parsed(question)
    assert not found.unknown
    assert [one.search for one in found.named] == ["name:lint"]


@pytest.mark.parametrize(
    ("question", "search"),
    [
        ("We looked at deploy. How often does it fail?", "name:deploy"),
        ("Looking at yesterday: what failed?", "after:2026-11-17 before:2026-11-18"),
    ],
)
def test_what_it_is_about_stays(question: str, search: str) -> None:
    found = parsed(question)
    said = [one.search for one in found.named] + [span.search for span in found.spans]
    assert [one.replace("T00:00:00Z", "") for one in said] == [search]


@pytest.mark.parametrize(
    ("question", "since"),
    [
        ("we deployed on friday. what got slower since?", "after:2026-11-13T00:00:00Z"),
        ("I was away until Monday, what failed since then", "after:2026-11-16T00:00:00Z"),
        ("yesterday's failures", "after:2026-11-17T00:00:00Z before:2026-11-18T00:00:00Z"),
    ],
)
def test_since_then_begins_where_that_was(question: str, since: str) -> None:
    found = parsed(question)
    assert [span.search for span in found.spans] == [since]
    assert "s" not in found.unknown
