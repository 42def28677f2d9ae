"""Runs counted by the hour of their submission, in the database: a million of them never leave it."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, text

from orcaops.recording.sql.sequence import PER_MICROSECOND, first_of
from orcaops.recording.store import HourOfRuns

_HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_S = 400 * 86400  # no run is longer; what claims to be must not overflow

_OF = "FROM runs WHERE workspace = :workspace AND seq >= :first AND seq < :last"
_HOUR = f"seq / {PER_MICROSECOND * _HOUR_US}"
_SECONDS = f"CASE WHEN duration_s > {_LONGEST_S} THEN {_LONGEST_S} ELSE duration_s END"
_COUNTS = text(
    f"SELECT {_HOUR} AS hour, COUNT(*) AS arrivals, COUNT(duration_s) AS measured, "
    "SUM(duration_s) AS seconds, SUM(duration_s * duration_s) AS squared_seconds, SUM(cpu_s) AS cpu_seconds, "
    f"SUM(duration_s * memory_bytes) / {2**30}.0 AS gb_seconds {_OF} GROUP BY {_HOUR}"
)
# A run is a step up when it is submitted and one down when it would have ended; an end and a beginning
# in the same microsecond do not meet, so the steps down come first.
_LEVELS = text(
    f"WITH steps AS (SELECT seq / {PER_MICROSECOND} AS at, 1 AS change {_OF} AND duration_s > 0 "  # noqa: S608 - constants
    f"UNION ALL SELECT seq / {PER_MICROSECOND} + CAST(({_SECONDS}) * 1000000 AS BIGINT), -1 "
    f"{_OF} AND duration_s > 0), "
    "levels AS (SELECT at, change, SUM(change) OVER (ORDER BY at, change ROWS UNBOUNDED PRECEDING) AS level "
    "FROM steps) "
    f"SELECT at / {_HOUR_US} AS hour, MAX(level) AS highest, SUM(change) AS net FROM levels "
    f"GROUP BY at / {_HOUR_US}"
)


def hours_of_runs(
    connection: Connection, workspace: str, since: datetime, until: datetime
) -> list[HourOfRuns]:
    """See :meth:`orcaops.recording.store.RunRepository.hourly`."""
    since = max(since, _EPOCH)
    if until <= since:
        return []
    asked = {"workspace": workspace, "first": first_of(since), "last": first_of(until)}
    counts = {row.hour: row for row in connection.execute(_COUNTS, asked)}
    if not counts:
        return []
    levels = {row.hour: row for row in connection.execute(_LEVELS, asked)}
    found, standing = [], 0
    for hour in range(min(counts), int((until - _EPOCH).total_seconds()) // 3600):
        row, level = counts.get(hour), levels.get(hour)
        found.append(
            HourOfRuns(
                at=_EPOCH + timedelta(hours=hour),
                arrivals=row.arrivals if row else 0,
                measured=row.measured if row else 0,
                seconds=float(row.seconds or 0) if row else 0.0,
                squared_seconds=float(row.squared_seconds or 0) if row else 0.0,
                cpu_seconds=float(row.cpu_seconds or 0) if row else 0.0,
                gb_seconds=float(row.gb_seconds or 0) if row else 0.0,
                at_once=max(standing, int(level.highest)) if level else standing,
            )
        )
        standing += int(level.net) if level else 0
    return found
