# ruff: noqa: D102 - the contract is documented in recording/optimizations.py
"""Optimizations: changes on probation, with their history."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, bindparam, select

from orcaops.model.errors import not_found
from orcaops.model.optimization import Optimization
from orcaops.model.query import Page
from orcaops.recording.sql.cursors import digest_of
from orcaops.recording.sql.optimization_tables import optimizations
from orcaops.recording.sql.paging import mentions, page_of_rows
from orcaops.recording.sql.records import clean, record_of
from orcaops.recording.sql.sequence import microseconds
from orcaops.recording.sql.upserts import upsert

# Every submission asks this, so it is written once. Locked in one order, so that two transactions never
# wait for each other; SQLite has one writer and knows no such locks, PostgreSQL refuses them to a reader.
_OF_KEY = (
    select(optimizations.c.record)
    .where(
        optimizations.c.workspace == bindparam("workspace"),
        optimizations.c.key == bindparam("key"),
    )
    .order_by(optimizations.c.id)
)
_OF_KEY_LOCKED = _OF_KEY.with_for_update()


class Optimizations:
    """See :class:`orcaops.recording.optimizations.OptimizationRepository`."""

    def __init__(self, connection: Connection, *, writing: bool) -> None:
        self._connection = connection
        self._writing = writing

    def get(self, workspace: str, optimization_id: str) -> Optimization:
        asked = select(optimizations.c.record).where(
            optimizations.c.workspace == workspace, optimizations.c.id == clean(optimization_id)
        )
        found = self._connection.scalar(asked.with_for_update() if self._writing else asked)
        if found is None:
            raise not_found(
                f"there is no optimization {optimization_id[:130]!r}",
                where="id",
                hint="`orcaops optimizations list` shows them.",
            )
        return Optimization.from_stored(found)

    def of_key(self, workspace: str, key: str) -> list[Optimization]:
        asked = _OF_KEY_LOCKED if self._writing else _OF_KEY
        found = self._connection.scalars(asked, {"workspace": workspace, "key": clean(key)})
        return sorted(map(Optimization.from_stored, found), key=lambda each: (each.field, each.step))

    def put_many(self, new: Sequence[Optimization]) -> None:
        upsert(
            self._connection,
            optimizations,
            [
                {
                    "workspace": each.workspace,
                    "id": each.id,
                    "key": clean(each.key),
                    "field": str(each.field),
                    "state": str(each.state),
                    "changed_at": microseconds(each.changed_at),
                    "record": record_of(each),
                }
                for each in new
            ],
            key=("workspace", "id"),
            replace=("key", "field", "state", "changed_at", "record"),
        )

    def page(
        self,
        workspace: str,
        *,
        state: str | None = None,
        key: str | None = None,
        text: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Optimization]:
        table = optimizations
        matching = select(table.c.id, table.c.changed_at, table.c.record).where(
            table.c.workspace == workspace
        )
        if state is not None:
            matching = matching.where(table.c.state == state)
        if key is not None:
            matching = matching.where(table.c.key == clean(key))
        if text:
            matching = matching.where(mentions(self._connection, text, table.c.key))
        digest = digest_of("optimizations", workspace, state, key, text)
        latest_first = (table.c.changed_at, table.c.id)
        return page_of_rows(
            self._connection, matching, latest_first, _optimization, digest=digest, limit=limit, cursor=cursor
        )


def _optimization(row: Row[Any]) -> Optimization:
    return Optimization.from_stored(row.record)
