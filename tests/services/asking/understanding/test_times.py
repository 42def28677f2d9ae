"""Times in words, as search language; asked on a Wednesday, 18 November 2026, at half past three."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.services.asking.understanding.times import Times

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)


def said(text: str, zone: str = "UTC", now: datetime = NOW) -> list[str]:
    return [span.search.replace("T00:00:00Z", "") for span in Times(now, ZoneInfo(zone)).find(text)]


@pytest.mark.parametrize(
    ("text", "search"),
    [
        ("today", "after:2026-11-18"),
        ("yesterday", "after:2026-11-17 before:2026-11-18"),
        ("the day before yesterday", "after:2026-11-16 before:2026-11-17"),
        ("last night", "after:2026-11-17T18:00:00Z before:2026-11-18T06:00:00Z"),
        ("yesterday afternoon", "after:2026-11-17T12:00:00Z before:2026-11-17T18:00:00Z"),
        ("yesterday between 8 and 10", "after:2026-11-17T08:00:00Z before:2026-11-17T10:00:00Z"),
        (
            "between 22:00 yesterday and 2 am today",
            "after:2026-11-17T22:00:00Z before:2026-11-18T02:00:00Z",
        ),
        (
            "from 10 pm yesterday to 6 am this morning",
            "after:2026-11-17T22:00:00Z before:2026-11-18T06:00:00Z",
        ),
        ("before 9 am today", "after:2026-11-18 before:2026-11-18T09:00:00Z"),
        ("since lunch", "after:2026-11-18T12:00:00Z"),
        ("forecast for december", "after:2026-12-01 before:2027-01-01"),
        ("for december", "after:2025-12-01 before:2026-01-01"),
        ("in the last 7 days", "after:2026-11-11T15:30:00Z"),
        ("in the last week", "after:2026-11-11T15:30:00Z"),
        ("last week", "after:2026-11-09 before:2026-11-16"),
        ("last month", "after:2026-10-01 before:2026-11-01"),
        ("this quarter", "after:2026-10-01"),
        ("since monday", "after:2026-11-16"),
        ("since wednesday", "after:2026-11-11"),
        ("on friday", "after:2026-11-13 before:2026-11-14"),
        ("over the weekend", "after:2026-11-14 before:2026-11-16"),
        ("monday to thursday", "after:2026-11-09 before:2026-11-13"),
        ("between 3 and 5 pm yesterday", "after:2026-11-17T15:00:00Z before:2026-11-17T17:00:00Z"),
        ("yesterday between 14:00 and 16:00", "after:2026-11-17T14:00:00Z before:2026-11-17T16:00:00Z"),
        ("from 22:00 to 02:00 yesterday", "after:2026-11-17T22:00:00Z before:2026-11-18T02:00:00Z"),
        ("since 9am", "after:2026-11-18T09:00:00Z"),
        ("before the upgrade on 12 nov", "before:2026-11-12"),
        ("until yesterday", "before:2026-11-18"),
        ("after november 12th 2025", "after:2025-11-12"),
        ("on 3 december", "after:2025-12-03 before:2025-12-04"),
        ("in october", "after:2026-10-01 before:2026-11-01"),
        ("between 1 and 10 november", "after:2026-11-01 before:2026-11-11"),
        ("from 2026-11-01 to 2026-11-07", "after:2026-11-01 before:2026-11-08"),
        ("two weeks ago", "after:2026-11-04 before:2026-11-05"),
        ("10 minutes ago", "after:2026-11-18T15:20:00Z"),
        ("since 13.11.2026", "after:2026-11-13"),
        ("since 2026-11-12t08:30+02:00", "after:2026-11-12T06:30:00Z"),
        ("in 2025", "after:2025-01-01 before:2026-01-01"),
        ("q3", "after:2026-07-01 before:2026-10-01"),
    ],
)
def test_a_time_in_words(text: str, search: str) -> None:
    assert said(text) == [search]


@pytest.mark.parametrize("text", ["", "may i ask", "failed runs", "the second run", "node:20", "on main"])
def test_what_is_no_time(text: str) -> None:
    assert said(text) == []


def test_days_are_those_of_the_time_zone() -> None:
    assert said("yesterday", "America/New_York") == ["after:2026-11-17T05:00:00Z before:2026-11-18T05:00:00Z"]
    assert said("today", "Asia/Tokyo") == ["after:2026-11-18T15:00:00Z"]


def test_a_day_on_which_clocks_change_has_23_hours() -> None:
    after = datetime(2026, 3, 30, 12, tzinfo=UTC)
    assert said("yesterday", "Europe/Berlin", after) == [
        "after:2026-03-28T23:00:00Z before:2026-03-29T22:00:00Z"
    ]


@pytest.mark.parametrize("text", ["tomorrow", "next week", "in the next 3 days", "rest of the month"])
def test_what_lies_ahead(text: str) -> None:
    assert [span.ahead for span in Times(NOW, ZoneInfo("UTC")).find(text)] == [True]


def test_two_times() -> None:
    assert said("this week vs last week") == ["after:2026-11-16", "after:2026-11-09 before:2026-11-16"]


PIECES = (
    "last",
    "31",
    "feb",
    "99",
    "week",
    "since",
    "until",
    "between",
    "and",
    "25:99",
    "0000-00-00",
    "ago",
    "the",
)


@given(st.text(max_size=60) | st.lists(st.sampled_from(PIECES)).map(" ".join))
def test_any_text_can_be_looked_through(text: str) -> None:
    for span in Times(NOW, ZoneInfo("Europe/Berlin")).find(text.lower()):
        assert 0 <= span.at[0] < span.at[1] <= len(text.lower())
