# ruff: noqa: D102 - the contract is documented in recording/store.py
"""Decisions: what people decided, appended."""

from collections.abc import Iterator

from sqlalchemy import Connection, func, insert, select

from orcaops.model.decision import Decision
from orcaops.recording.sql.records import clean, record_of
from orcaops.recording.sql.tables import decisions

_AT_ONCE = 500

_LATEST = select(func.max(decisions.c.serial))


class Decisions:
    """See :class:`orcaops.recording.store.DecisionRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def append(self, decision: Decision) -> None:
        self._connection.execute(
            insert(decisions).values(
                workspace=decision.workspace,
                id=decision.id,
                subject=decision.subject,
                subject_id=clean(decision.subject_id),
                record=record_of(decision),
            )
        )

    def about(self, workspace: str, subject: str, subject_id: str) -> list[Decision]:
        asked = (
            select(decisions.c.record)
            .where(
                decisions.c.workspace == workspace,
                decisions.c.subject == subject,
                decisions.c.subject_id == clean(subject_id),
            )
            .order_by(decisions.c.serial)
        )
        return [Decision.from_stored(record) for record in self._connection.scalars(asked)]

    def latest(self) -> int:
        return self._connection.scalar(_LATEST) or 0

    def each(self, subject: str | None = None, *, after: int = 0) -> Iterator[Decision]:
        chunk = select(decisions.c.serial, decisions.c.record).order_by(decisions.c.serial).limit(_AT_ONCE)
        if after:
            chunk = chunk.where(decisions.c.serial > after)
        if subject is not None:
            chunk = chunk.where(decisions.c.subject == subject)
        rows = self._connection.execute(chunk).all()
        while rows:
            for row in rows:
                yield Decision.from_stored(row.record)
            rows = self._connection.execute(chunk.where(decisions.c.serial > rows[-1].serial)).all()
