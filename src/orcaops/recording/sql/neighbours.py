"""Runs beside a run: what was submitted right before it, what ran the same command, what is new."""

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, func, select, text

from orcaops.model.run import Run
from orcaops.recording.sql.records import clean
from orcaops.recording.sql.tables import COMMAND_LETTERS, NUMBERED, records, runs

_MOST_OF_COMMAND = 200

_follower = runs.alias("follower")
_EARLIER = (
    select(func.max(runs.c.seq))
    .where(runs.c.workspace == bindparam("workspace"), runs.c.seq < _follower.c.seq)
    .scalar_subquery()
    .correlate(_follower)
)
_PAIRS = select(_follower.c.job_id, _EARLIER.label("earlier")).where(
    _follower.c.workspace == bindparam("workspace"),
    _follower.c.job_id.in_(bindparam("job_ids", expanding=True)),
)
_BY_SEQ = (
    select(runs.c.seq, records.c.record, runs.c.number)
    .join_from(runs, records, records.c.seq == runs.c.seq)
    .where(runs.c.seq.in_(bindparam("seqs", expanding=True)), text("final = 1"))
)
_OF_COMMAND = (
    select(runs.c.key, runs.c.image, runs.c.command)
    .where(
        runs.c.workspace == bindparam("workspace"),
        runs.c.command == bindparam("command"),
        runs.c.number <= bindparam("until"),
        runs.c.image.is_not(None),
    )
    .order_by(runs.c.seq.desc())
    .limit(_MOST_OF_COMMAND)
)
# Grouped by what no index is in the order of: else SQLite walks all runs by their keys to save the grouping.
_WORKSPACE, _KEY = (func.coalesce(each, text("''")) for each in (runs.c.workspace, runs.c.key))
_NEW = (
    select(_WORKSPACE.label("workspace"), _KEY.label("key"), func.max(runs.c.number).label("last"))
    .where(NUMBERED, runs.c.number > bindparam("after"))
    .group_by(_WORKSPACE, _KEY)
    .subquery()
)
_COUNT = (
    select(func.count())
    .where(runs.c.workspace == _NEW.c.workspace, runs.c.key == _NEW.c.key, text("runs.final = 1"))
    .scalar_subquery()
    .correlate(_NEW)
)
_TOUCHED = (
    select(_NEW.c.workspace, _NEW.c.key, _NEW.c.last)
    .where(bindparam("least") <= _COUNT)
    .order_by(_NEW.c.last)
    .limit(bindparam("most"))
)


def before_each(
    connection: Connection,
    workspace: str,
    job_ids: Sequence[str],
    run_of: Callable[[Row[*tuple[Any, ...]]], Run],
) -> dict[str, Run]:
    """For each of these runs the one submitted right before it in the workspace; final ones only."""
    if not job_ids:
        return {}
    pairs = connection.execute(_PAIRS, {"workspace": workspace, "job_ids": list(job_ids)}).all()
    seqs = {row.earlier for row in pairs if row.earlier is not None}
    if not seqs:
        return {}
    found = {row.seq: run_of(row) for row in connection.execute(_BY_SEQ, {"seqs": sorted(seqs)})}
    return {row.job_id: found[row.earlier] for row in pairs if row.earlier in found}


def images_of_command(connection: Connection, workspace: str, command: str, until: int) -> dict[str, str]:
    """Key → image among the latest runs of a command; none for one too long to be compared whole."""
    if len(command) >= COMMAND_LETTERS:
        return {}
    asked = {"workspace": workspace, "command": clean(command), "until": until}
    return {row.key: row.image for row in connection.execute(_OF_COMMAND, asked)}


def touched(connection: Connection, after: int, least: int, limit: int) -> list[tuple[str, str, int]]:
    """Workspace, key and last number of the keys that have new runs, in the order of those numbers."""
    asked = {"after": after, "least": least, "most": limit}
    return [(row.workspace, row.key, row.last) for row in connection.execute(_TOUCHED, asked)]
