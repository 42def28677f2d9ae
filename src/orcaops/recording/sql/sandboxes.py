# ruff: noqa: D102 - the contract is documented in recording/sandbox_store.py
"""Sandboxes, and the containers that stood ready, as rows."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, delete, select, text

from orcaops.model.errors import not_found
from orcaops.model.query import Page, is_in
from orcaops.model.readiness import Stood
from orcaops.model.sandbox import Sandbox, SandboxState
from orcaops.recording.sql.cursors import digest_of
from orcaops.recording.sql.paging import page_of_rows
from orcaops.recording.sql.records import clean, record_of
from orcaops.recording.sql.sandbox_tables import sandboxes, stood_ready
from orcaops.recording.sql.upserts import upsert

_GONE = (SandboxState.REMOVED.value, SandboxState.LOST.value)
_ADDING = text("SELECT pg_advisory_xact_lock(hashtextextended(:workspace, 7062026))")


class Sandboxes:
    """See :class:`orcaops.recording.sandbox_store.SandboxRepository`."""

    def __init__(self, connection: Connection, *, writing: bool = False) -> None:
        self._connection = connection
        self._writing = writing

    def put(self, sandbox: Sandbox) -> None:
        row = {
            "workspace": sandbox.workspace,
            "id": sandbox.id,
            "state": sandbox.state.value,
            "record": record_of(sandbox.model_copy(update={"idle_s": None, "executing": 0})),
        }
        upsert(self._connection, sandboxes, [row], key=("workspace", "id"), replace=("state", "record"))

    def get(self, workspace: str, sandbox_id: str) -> Sandbox:
        here = (sandboxes.c.workspace == workspace) & (sandboxes.c.id == clean(sandbox_id))
        asked = select(sandboxes.c.record).where(here)
        row = self._connection.execute(asked.with_for_update() if self._writing else asked).one_or_none()
        if row is None:
            raise not_found(
                f"there is no sandbox {sandbox_id[:130]!r}",
                where="id",
                hint="`orcaops sandbox list --all` shows them.",
            )
        return _sandbox(row)

    def page(
        self,
        workspace: str,
        *,
        gone: bool = False,
        text: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Sandbox]:
        matching = select(sandboxes.c.id, sandboxes.c.record).where(sandboxes.c.workspace == workspace)
        if not gone:
            matching = matching.where(sandboxes.c.state.not_in(_GONE))
        return page_of_rows(
            self._connection,
            matching,
            (sandboxes.c.id,),
            _sandbox,
            digest=digest_of("sandboxes", workspace, gone, text),
            limit=limit,
            cursor=cursor,
            keeps=(lambda each: is_in(text, each.id, each.name, each.image)) if text else None,
        )

    def living(self) -> list[Sandbox]:
        rows = self._connection.execute(
            select(sandboxes.c.record)
            .where(sandboxes.c.state.not_in(_GONE))
            .order_by(sandboxes.c.workspace, sandboxes.c.id)
        )
        return [_sandbox(row) for row in rows]

    def living_to_add(self, workspace: str) -> list[Sandbox]:
        if self._connection.dialect.name == "postgresql":  # SQLite has one writer anyway
            self._connection.execute(_ADDING, {"workspace": workspace})
        return [each for each in self.living() if each.workspace == workspace]


class StoodReady:
    """See :class:`orcaops.recording.sandbox_store.StoodReadyRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add_many(self, facts: Sequence[Stood]) -> None:
        rows = [
            {
                "workspace": each.workspace,
                "id": each.id,
                "ended_at": int(each.ended_at.timestamp() * 1_000_000),
                "record": record_of(each),
            }
            for each in facts
        ]
        upsert(self._connection, stood_ready, rows, key=("workspace", "id"), replace=())

    def since(self, at: datetime) -> Iterable[Stood]:
        rows = self._connection.execute(
            select(stood_ready.c.record)
            .where(stood_ready.c.ended_at >= int(at.timestamp() * 1_000_000))
            .order_by(stood_ready.c.ended_at, stood_ready.c.id)
        )
        return [Stood.from_stored(row.record) for row in rows]

    def forget_before(self, at: datetime) -> int:
        before = stood_ready.c.ended_at < int(at.timestamp() * 1_000_000)
        return int(self._connection.execute(delete(stood_ready).where(before)).rowcount)


def _sandbox(row: Row[*tuple[Any, ...]]) -> Sandbox:
    return Sandbox.from_stored(row.record)
