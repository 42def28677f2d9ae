# ruff: noqa: D102 - the contract is documented in recording/outbox.py
"""Outbox: notices that wait to be handed over."""

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, select, update

from orcaops.model.notice import Notice
from orcaops.recording.sql.records import clean, record_of
from orcaops.recording.sql.sequence import microseconds
from orcaops.recording.sql.tables import outbox
from orcaops.recording.sql.upserts import upsert

_WAITING, _DONE = "waiting", "done"
_AT_ONCE = 500


class Outbox:
    """See :class:`orcaops.recording.outbox.OutboxRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, notices: Sequence[Notice], *, due_at: datetime | None = None) -> None:
        upsert(
            self._connection,
            outbox,
            [
                {
                    "workspace": notice.workspace,
                    "id": notice.id,
                    "state": _WAITING,
                    "attempts": 0,
                    "next_at": microseconds(due_at or notice.at),
                    "record": record_of(notice),
                }
                for notice in notices
            ],
            key=("workspace", "id"),
            replace=(),
        )

    def pending(self, at: datetime) -> bool:
        asked = select(outbox.c.serial).where(
            outbox.c.state == _WAITING, outbox.c.next_at <= microseconds(at)
        )
        return self._connection.scalar(asked.limit(1)) is not None

    def due(self, at: datetime, limit: int) -> list[Notice]:
        asked = (
            select(outbox.c.record)
            .where(outbox.c.state == _WAITING, outbox.c.next_at <= microseconds(at))
            .order_by(outbox.c.next_at, outbox.c.serial)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        return [Notice.from_stored(record) for record in self._connection.scalars(asked)]

    def waiting(self, workspace: str) -> list[Notice]:
        asked = (
            select(outbox.c.record)
            .where(outbox.c.state == _WAITING, outbox.c.workspace == workspace)
            .order_by(outbox.c.serial)
            .with_for_update(skip_locked=True)
        )
        return [Notice.from_stored(record) for record in self._connection.scalars(asked)]

    def hold(self, workspace: str, notice_ids: Iterable[str], until: datetime) -> None:
        for here in _places(workspace, notice_ids):
            self._connection.execute(update(outbox).where(here).values(next_at=microseconds(until)))

    def handed_over(self, workspace: str, notice_ids: Iterable[str]) -> None:
        for here in _places(workspace, notice_ids):
            self._connection.execute(update(outbox).where(here).values(state=_DONE))

    def known(self, workspace: str, notice_ids: Iterable[str]) -> set[str]:
        return {
            found
            for here in _places(workspace, notice_ids)
            for found in self._connection.scalars(select(outbox.c.id).where(here))
        }


def _places(workspace: str, notice_ids: Iterable[str]) -> list[ColumnElement[bool]]:
    ids = [clean(each) for each in notice_ids]
    return [
        (outbox.c.workspace == workspace) & outbox.c.id.in_(ids[start : start + _AT_ONCE])
        for start in range(0, len(ids), _AT_ONCE)
    ]
