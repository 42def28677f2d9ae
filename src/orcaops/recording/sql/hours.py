"""Runs counted by the hour of their submission, in the database: a million of them never leave it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Select,
    case,
    cast,
    func,
    literal_column,
    select,
    union_all,
)

from orcaops.model.query import EVERYTHING, Query
from orcaops.recording.sql.fulltext import FullText
from orcaops.recording.sql.search import Search
from orcaops.recording.sql.sequence import PER_MICROSECOND, first_of
from orcaops.recording.sql.tables import runs
from orcaops.recording.store import HourOfRuns

_HOUR_US = 3_600_000_000
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LONGEST_S = 400 * 86400  # no run is longer; what claims to be must not overflow

_COLUMNS = (runs.c.seq, runs.c.duration_s, runs.c.cpu_s, runs.c.memory_bytes)
_ALL = 10**9
_GIB = 2.0**30


def _whole(number: ColumnElement[Any], by: int) -> ColumnElement[int]:
    """A whole number divided; a plain operator gives a whole number in both databases."""
    return number.op("/", return_type=BigInteger())(literal_column(str(by)))


def _counts(of: CTE) -> Select[Any]:
    hour = _whole(of.c.seq, PER_MICROSECOND * _HOUR_US)
    return (
        select()
        .add_columns(
            hour.label("hour"),
            func.count().label("arrivals"),
            func.count(of.c.duration_s).label("measured"),
            func.sum(of.c.duration_s).label("seconds"),
            func.sum(of.c.duration_s * of.c.duration_s).label("squared_seconds"),
            func.sum(of.c.cpu_s).label("cpu_seconds"),
            func.sum(of.c.duration_s * of.c.memory_bytes / _GIB).label("gb_seconds"),
        )
        .group_by(hour)
    )


def _levels(of: CTE) -> Select[Any]:
    """How many ran at once.

    A run is a step up when it is submitted and one down when it would have ended; an end and a beginning
    in the same microsecond do not meet, so the steps down come first.
    """
    begun, taken = _whole(of.c.seq, PER_MICROSECOND), of.c.duration_s
    seconds = case((taken > _LONGEST_S, _LONGEST_S), else_=taken)
    ended = begun + cast(seconds * 1_000_000, BigInteger)
    up = select().add_columns(begun.label("at"), literal_column("1").label("change")).where(taken > 0)
    down = select().add_columns(ended.label("at"), literal_column("-1").label("change")).where(taken > 0)
    steps = union_all(up, down).cte("steps")
    level = func.sum(steps.c.change).over(order_by=(steps.c.at, steps.c.change), rows=(None, 0))
    levels = select(steps.c.at, steps.c.change, level.label("level")).cte("levels")
    hour = _whole(levels.c.at, _HOUR_US)
    return (
        select()
        .add_columns(
            hour.label("hour"),
            func.max(levels.c.level).label("highest"),
            func.sum(levels.c.change).label("net"),
        )
        .group_by(hour)
    )


def hours_of_runs(
    connection: Connection, texts: FullText, workspace: str, since: datetime, until: datetime, query: Query
) -> list[HourOfRuns]:
    """See :meth:`orcaops.recording.store.RunRepository.hourly`."""
    since = max(since, _EPOCH)
    if until <= since:
        return []
    submitted = (runs.c.seq >= first_of(since)) & (runs.c.seq < first_of(until))
    chosen = select(*_COLUMNS).where(runs.c.workspace == workspace, submitted)
    if query != EVERYTHING:
        found = Search(connection, texts, workspace, query).latest(_ALL).subquery()
        chosen = chosen.where(runs.c.seq.in_(select(found.c.seq)))
    of = chosen.cte("chosen")
    counts = {row.hour: row for row in connection.execute(_counts(of))}
    if not counts:
        return []
    levels = {row.hour: row for row in connection.execute(_levels(of))}
    told, standing = [], 0
    for hour in range(min(counts), int((until - _EPOCH).total_seconds()) // 3600):
        row, level = counts.get(hour), levels.get(hour)
        told.append(
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
    return told
