# ruff: noqa: D102 - the contract is documented in recording/outbox.py
"""Tellings: what people were told of, and what the digest remembers."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import Connection, select

from orcaops.recording.outbox import Told
from orcaops.recording.sql.notice_tables import digests, tellings
from orcaops.recording.sql.records import clean
from orcaops.recording.sql.sequence import microseconds
from orcaops.recording.sql.upserts import upsert

_AT_ONCE = 500


class Tellings:
    """See :class:`orcaops.recording.outbox.TellingRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put_many(self, workspace: str, told: Iterable[Told], at: datetime) -> None:
        rows = {each.anomaly_id: each for each in told}  # the last word about each
        upsert(
            self._connection,
            tellings,
            [
                {
                    "workspace": workspace,
                    "anomaly_id": each.anomaly_id,
                    "told": int(each.told),
                    "because": clean(each.because),
                    "at": microseconds(at),
                }
                for each in rows.values()
            ],
            key=("workspace", "anomaly_id"),
            replace=("told", "because", "at"),
        )

    def find(self, workspace: str, anomaly_ids: Iterable[str]) -> dict[str, Told]:
        ids = [clean(each) for each in anomaly_ids]
        found: dict[str, Told] = {}
        for start in range(0, len(ids), _AT_ONCE):
            asked = select(tellings.c.anomaly_id, tellings.c.told, tellings.c.because).where(
                tellings.c.workspace == workspace, tellings.c.anomaly_id.in_(ids[start : start + _AT_ONCE])
            )
            for row in self._connection.execute(asked):
                found[row.anomaly_id] = Told(row.anomaly_id, bool(row.told), row.because)
        return found

    def window(self, workspace: str) -> dict[str, Any] | None:
        asked = select(digests.c.record).where(digests.c.workspace == workspace)
        record = self._connection.scalar(asked)
        if record is None:
            return None
        kept: dict[str, Any] = orjson.loads(record)
        return kept

    def keep_window(self, workspace: str, window: dict[str, Any]) -> None:
        row = {"workspace": workspace, "record": orjson.dumps(window)}
        upsert(self._connection, digests, [row], key=("workspace",), replace=("record",))
