"""Figures of many runs: counted in the database, or as narrow rows; records are never read."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, case, func, literal_column, select

from orcaops.model.errors import invalid
from orcaops.model.query import Query
from orcaops.model.run import Status
from orcaops.recording.figures import BY_TIME, QUARTER, Figure, Tally
from orcaops.recording.sql.fulltext import FullText
from orcaops.recording.sql.search import Search
from orcaops.recording.sql.sequence import PER_MICROSECOND
from orcaops.recording.sql.tables import labels, runs

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_QUARTER = int(QUARTER.total_seconds()) * 1_000_000 * PER_MICROSECOND
_GIB = 2.0**30
_FAILED = (Status.FAILED.value, Status.TIMED_OUT.value, Status.LOST.value)
_ENDED = (*_FAILED, Status.SUCCEEDED.value)
_GROUPS: dict[str, ColumnElement[Any]] = {
    "key": runs.c.key,
    "name": runs.c.name,
    "image": runs.c.image,
    "command": runs.c.command,
    "status": runs.c.status,
    "cause": runs.c.cause,
    "exit_code": runs.c.exit_code,
    "branch": runs.c.branch,
    "commit": runs.c.commit_id,
    "executor": runs.c.executor,
    "host": runs.c.host,
    "source": runs.c.source,
}


def values_of(connection: Connection, workspace: str, field: str, limit: int) -> list[str]:
    """See :meth:`orcaops.recording.store.RunRepository.values`."""
    column, here = _group(field), runs.c.workspace == workspace
    if field.startswith("label:"):
        column = labels.c.value
        here = (labels.c.workspace == workspace) & (labels.c.name == field.removeprefix("label:"))
    elif field == "label":
        column, here = labels.c.name, labels.c.workspace == workspace
    # From each to the next by the index: reading all runs to name few values would be slow.
    found: list[str] = []
    following = select(func.min(column)).where(here, column.is_not(None))
    latest = connection.scalar(following)
    while latest is not None and len(found) < limit:
        found.append(str(latest))
        latest = connection.scalar(following.where(column > latest))
    return found


def tallies_of(
    connection: Connection, texts: FullText, workspace: str, query: Query, by: str | None, most: int
) -> list[Tally]:
    """See :meth:`orcaops.recording.store.RunRepository.tally`."""
    # A plain operator: whole numbers divided give a whole number in both databases.
    quarter = runs.c.seq.op("/", return_type=BigInteger())(literal_column(str(_QUARTER)))
    group = quarter if by == BY_TIME else _group(by)
    failed, ended = (case((runs.c.status.in_(some), 1), else_=0) for some in (_FAILED, _ENDED))
    chosen = _joined(connection, texts, workspace, query, by, most)
    counted = chosen.add_columns(
        group.label("value"),
        func.count().label("runs"),
        func.sum(failed).label("failed"),
        func.sum(ended).label("ended"),
        func.sum(runs.c.duration_s).label("seconds"),
        func.sum(runs.c.cpu_s).label("cpu_seconds"),
        func.sum(runs.c.duration_s * runs.c.memory_bytes / _GIB).label("gb_seconds"),
        func.sum(runs.c.wait_s).label("wait_seconds"),
    ).group_by(group)
    return [
        Tally(
            group=None if by is None or row.value is None else str(row.value),
            runs=row.runs,
            failed=int(row.failed or 0),
            ended=int(row.ended or 0),
            seconds=float(row.seconds or 0),
            cpu_seconds=float(row.cpu_seconds or 0),
            gb_seconds=float(row.gb_seconds or 0),
            wait_seconds=float(row.wait_seconds or 0),
        )
        for row in connection.execute(counted)
    ]


def figures_of(
    connection: Connection, texts: FullText, workspace: str, query: Query, by: str | None, most: int
) -> list[Figure]:
    """See :meth:`orcaops.recording.store.RunRepository.figures`."""
    rows = _joined(connection, texts, workspace, query, by, most).add_columns(
        runs.c.seq,
        runs.c.job_id,
        runs.c.status,
        _group(by).label("value"),
        runs.c.duration_s,
        runs.c.memory_bytes,
        runs.c.cpu_s,
        runs.c.wait_s,
    )
    return [
        Figure(
            job_id=row.job_id,
            at=_EPOCH + timedelta(microseconds=row.seq // PER_MICROSECOND),
            status=Status(row.status),
            group=None if by is None or row.value is None else str(row.value),
            duration_s=row.duration_s,
            memory_bytes=row.memory_bytes,
            cpu_s=row.cpu_s,
            wait_s=row.wait_s,
        )
        for row in connection.execute(rows.order_by(runs.c.seq.desc()))
    ]


def _joined(
    connection: Connection, texts: FullText, workspace: str, query: Query, by: str | None, most: int
) -> Select[Any]:
    found = Search(connection, texts, workspace, query).latest(most).subquery()
    source = found.join(runs, runs.c.seq == found.c.seq)
    if by is not None and by.startswith("label:"):
        named = (labels.c.seq == runs.c.seq) & (labels.c.name == by.removeprefix("label:"))
        source = source.outerjoin(labels, named)
    return select().select_from(source)


def _group(by: str | None) -> ColumnElement[Any]:
    if by is None:
        return runs.c.workspace
    if by.startswith("label"):
        return labels.c.value
    try:
        return _GROUPS[by]
    except KeyError:
        raise invalid(
            f"runs cannot be grouped by {by!r}", where="by", hint=f"Known: {', '.join(_GROUPS)}, label:NAME."
        ) from None
