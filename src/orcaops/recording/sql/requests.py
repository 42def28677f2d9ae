# ruff: noqa: D102 - the contract is documented in recording/store.py
"""Requests: answers already given, by ``Idempotency-Key``."""

from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection, delete, select, text

from orcaops.model.errors import conflict
from orcaops.recording.sql.records import clean
from orcaops.recording.sql.sequence import microseconds
from orcaops.recording.sql.tables import requests
from orcaops.recording.sql.upserts import upsert

_KEPT = timedelta(days=1)
_ASKED = text("SELECT pg_advisory_xact_lock(hashtextextended(:asked, 7062025))")


class Requests:
    """See :class:`orcaops.recording.store.RequestRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def recall(self, workspace: str, key: str) -> tuple[str, bytes] | None:
        if self._connection.dialect.name == "postgresql":
            # Who asks the same meanwhile waits for the first one's answer; SQLite has one writer anyway.
            self._connection.execute(_ASKED, {"asked": f"{workspace} {clean(key)}"})
        return self._recall(workspace, key, datetime.now(UTC))

    def remember(self, workspace: str, key: str, fingerprint: str, answer: bytes, at: datetime) -> None:
        self._connection.execute(delete(requests).where(requests.c.at < microseconds(at - _KEPT)))
        row = {
            "workspace": workspace,
            "key": clean(key),
            "fingerprint": fingerprint,
            "answer": answer,
            "at": microseconds(at),
        }
        upsert(self._connection, requests, [row], key=("workspace", "key"), replace=())
        if self._recall(workspace, key, at) != (fingerprint, answer):
            raise conflict(
                "a request with this Idempotency-Key has just been answered",
                where="Idempotency-Key",
                hint="Repeat the request to get that answer, or use a new key for a new request.",
            )

    def _recall(self, workspace: str, key: str, now: datetime) -> tuple[str, bytes] | None:
        asked = select(requests.c.fingerprint, requests.c.answer).where(
            requests.c.workspace == workspace,
            requests.c.key == clean(key),
            requests.c.at >= microseconds(now - _KEPT),
        )
        row = self._connection.execute(asked).one_or_none()
        return None if row is None else (row.fingerprint, row.answer)
