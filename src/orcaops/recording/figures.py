"""Figures: what is asked of many runs at once, without reading their records."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from orcaops.model.run import Status

QUARTER = timedelta(minutes=15)
"""The span by which runs are counted in time: every time zone's hours and days are made of such."""

BY_TIME = "quarter"
"""What :attr:`Tally.group` is a number of quarters of an hour since 1970 for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One run as numbers; what was not measured is None. ``group`` is its value of the field asked for."""

    job_id: str
    at: datetime
    status: Status
    group: str | None
    duration_s: float | None
    memory_bytes: int | None
    cpu_s: float | None
    wait_s: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Tally:
    """Runs of one group, counted and summed; ``group`` is None for those that lack the field.

    ``failed`` are those that failed, timed out or were lost; ``ended`` those and the ones that succeeded.
    """

    group: str | None
    runs: int
    failed: int
    ended: int
    seconds: float
    cpu_seconds: float
    gb_seconds: float
    wait_seconds: float
