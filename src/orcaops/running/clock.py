"""Clocks: what time it is, and how much of it has passed.

Wall clocks are set back by people and by NTP; durations come from the monotonic clock only.
"""

import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Two readings that need not agree with each other."""

    def now(self) -> datetime:
        """The wall clock, aware, in UTC; it may jump either way."""

    def monotonic(self) -> float:
        """Seconds since some moment; it never goes back."""


class SystemClock:
    """The clocks of this machine."""

    def now(self) -> datetime:
        """The wall clock in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds of the monotonic clock."""
        return time.monotonic()


class RunClock:
    """Wall times of one run that never go back.

    It reads the wall clock once and adds the monotonic time that has passed since, so that the
    difference of two of its times is the time that truly passed between them.
    """

    def __init__(self, clock: Clock | None = None) -> None:
        self._clock = clock if clock is not None else SystemClock()
        self._wall = self._clock.now()
        self._start = self._clock.monotonic()

    def now(self) -> datetime:
        """The moment now, on this run's own time line."""
        return self._wall + timedelta(seconds=self._clock.monotonic() - self._start)

    def monotonic(self) -> float:
        """Seconds of the monotonic clock beneath."""
        return self._clock.monotonic()
