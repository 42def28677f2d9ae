# ruff: noqa: D102 - the contract is documented in recording/store.py
"""Outbox: notices on their way."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Connection, select, update

from orcaops.model.notice import Notice
from orcaops.recording.sql.records import clean, record_of
from orcaops.recording.sql.sequence import microseconds
from orcaops.recording.sql.tables import outbox
from orcaops.recording.sql.upserts import upsert
from orcaops.recording.store import Waiting

_WAITING, _DONE, _FAILED = "waiting", "done", "failed"


class Outbox:
    """See :class:`orcaops.recording.store.OutboxRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, notices: Sequence[Notice]) -> None:
        upsert(
            self._connection,
            outbox,
            [
                {
                    "workspace": notice.workspace,
                    "id": notice.id,
                    "state": _WAITING,
                    "attempts": 0,
                    "next_at": microseconds(notice.at),
                    "record": record_of(notice),
                }
                for notice in notices
            ],
            key=("workspace", "id"),
            replace=(),
        )

    def due(self, at: datetime, limit: int) -> list[Waiting]:
        asked = (
            select(outbox.c.record, outbox.c.attempts)
            .where(outbox.c.state == _WAITING, outbox.c.next_at <= microseconds(at))
            .order_by(outbox.c.next_at, outbox.c.serial)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )
        rows = self._connection.execute(asked)
        return [Waiting(Notice.from_stored(row.record), row.attempts) for row in rows]

    def done(self, workspace: str, notice_id: str) -> None:
        self._settle(workspace, notice_id, state=_DONE)

    def failed(self, workspace: str, notice_id: str, reason: str, *, next_at: datetime | None) -> None:
        if next_at is None:
            self._settle(workspace, notice_id, state=_FAILED, reason=clean(reason))
        else:
            self._settle(workspace, notice_id, next_at=microseconds(next_at), reason=clean(reason))

    def _settle(self, workspace: str, notice_id: str, **values: str | int) -> None:
        here = (outbox.c.workspace == workspace) & (outbox.c.id == notice_id)
        self._connection.execute(update(outbox).where(here).values(attempts=outbox.c.attempts + 1, **values))
