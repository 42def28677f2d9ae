"""Quiet hours: when people are left alone, in their own time zone."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

_WRITTEN = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)\s*[-–]\s*([01]?\d|2[0-3]):([0-5]\d)")


@dataclass(frozen=True, slots=True)
class QuietHours:
    """From ``begin`` to ``end`` every day, over midnight where ``end`` is the earlier of the two."""

    begin: time
    end: time
    zone: ZoneInfo

    @classmethod
    def parse(cls, text: str, zone: str) -> Self:
        """Read ``"22:00-07:00"``. Raises ``ValueError`` for anything else, and where both are the same."""
        found = _WRITTEN.fullmatch(text.strip())
        if found is None:
            raise ValueError(f"{text!r} are no hours; write e.g. '22:00-07:00'")
        hour, minute, end_hour, end_minute = map(int, found.groups())
        begin, end = time(hour, minute), time(end_hour, end_minute)
        if begin == end:
            raise ValueError("quiet hours that begin when they end are none; leave them out")
        return cls(begin, end, ZoneInfo(zone))

    def until(self, at: datetime) -> datetime | None:
        """When the quiet hours that hold at this moment end, in UTC; None outside of them.

        >>> hours = QuietHours.parse("22:00-07:00", "Europe/Berlin")
        >>> hours.until(datetime(2026, 1, 5, 23, 30, tzinfo=UTC)).isoformat()
        '2026-01-06T06:00:00+00:00'
        >>> hours.until(datetime(2026, 1, 5, 12, 0, tzinfo=UTC))
        """
        local = at.astimezone(self.zone)
        clock = local.time().replace(tzinfo=None)
        if self.begin < self.end:
            quiet, day = self.begin <= clock < self.end, local.date()
        else:
            quiet = clock >= self.begin or clock < self.end
            day = local.date() + timedelta(days=1) if clock >= self.begin else local.date()
        if not quiet:
            return None
        end = datetime.combine(day, self.end, self.zone).astimezone(UTC)
        # In the night in which clocks are set back the end comes twice; the first may have passed.
        return end if end > at else end + timedelta(hours=1)
