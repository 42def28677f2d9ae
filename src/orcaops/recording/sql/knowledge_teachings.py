# ruff: noqa: D102 - the contract is documented in recording/knowledge.py
"""Teachings: what people taught, as it stands now."""

import json
from hashlib import blake2b

from sqlalchemy import Connection, bindparam, delete, select

from orcaops.recording.knowledge import Kind, Teaching
from orcaops.recording.sql.knowledge_tables import teachings
from orcaops.recording.sql.upserts import upsert

_CHANGES = (
    select(teachings.c.id, teachings.c.change)
    .where(teachings.c.workspace == bindparam("of_workspace"), teachings.c.kind == "pattern")
    .order_by(teachings.c.id)
)


class Teachings:
    """See :class:`orcaops.recording.knowledge.TeachingRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put(self, teaching: Teaching) -> None:
        record = json.dumps(teaching.record, sort_keys=True).encode()
        upsert(
            self._connection,
            teachings,
            [
                {
                    "workspace": teaching.workspace,
                    "kind": teaching.kind,
                    "id": teaching.id,
                    "state": teaching.state,
                    "change": blake2b(record, digest_size=8).hexdigest(),
                    "record": record,
                }
            ],
            key=("workspace", "kind", "id"),
            replace=("state", "change", "record"),
        )

    def of(self, workspace: str, kind: Kind) -> list[Teaching]:
        asked = (
            select(teachings.c.id, teachings.c.state, teachings.c.record)
            .where(teachings.c.workspace == workspace, teachings.c.kind == kind)
            .order_by(teachings.c.id)
        )
        return [
            Teaching(workspace, kind, row.id, row.state, json.loads(row.record))
            for row in self._connection.execute(asked)
        ]

    def remove(self, workspace: str, kind: Kind, its_id: str) -> bool:
        here = (teachings.c.workspace == workspace) & (teachings.c.kind == kind) & (teachings.c.id == its_id)
        return bool(self._connection.execute(delete(teachings).where(here)).rowcount)

    def version(self, workspace: str) -> str:
        rows = self._connection.execute(_CHANGES, {"of_workspace": workspace})
        seen = "".join(f"{its_id}={change};" for its_id, change in rows)
        return blake2b(seen.encode(), digest_size=8).hexdigest() if seen else ""
