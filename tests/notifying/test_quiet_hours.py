"""Quiet hours hold every day in their own zone, also when clocks are changed."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.notifying.quiet_hours import QuietHours

TIMES = st.times().map(lambda each: f"{each:%H:%M}")
ZONES = st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "Asia/Kathmandu"])


@given(
    begin=TIMES,
    end=TIMES,
    zone=ZONES,
    at=st.integers(0, 10 * 366 * 86400).map(
        lambda s: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=s)
    ),
)
def test_they_end_and_what_they_end_in_is_not_quiet(begin: str, end: str, zone: str, at: datetime) -> None:
    if begin == end:
        return
    hours = QuietHours.parse(f"{begin}-{end}", zone)
    until = hours.until(at)
    if until is None:
        return
    assert at < until <= at + timedelta(hours=25)
    assert hours.until(until) is None or until.astimezone(hours.zone).fold == 0, "unless clocks are set back"


@pytest.mark.parametrize("text", ["", "22-7", "25:00-07:00", "22:00", "07:00-07:00", "a:b-c:d"])
def test_what_are_no_hours_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="hours"):
        QuietHours.parse(text, "UTC")


def test_they_follow_summer_time() -> None:
    hours = QuietHours.parse("22:00-07:00", "Europe/Berlin")
    assert hours.until(datetime(2026, 3, 28, 22, tzinfo=UTC)) == datetime(2026, 3, 29, 5, tzinfo=UTC)
    assert hours.until(datetime(2026, 10, 24, 22, tzinfo=UTC)) == datetime(2026, 10, 25, 6, tzinfo=UTC)
