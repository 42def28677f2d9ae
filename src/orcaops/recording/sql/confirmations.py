# ruff: noqa: D102 - the contract is documented in recording/confirmation.py
"""Confirmations: runs that are to be run once more."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, select

from orcaops.recording.confirmation import Confirmation
from orcaops.recording.sql.notice_tables import confirmations
from orcaops.recording.sql.records import clean, moment
from orcaops.recording.sql.sequence import microseconds
from orcaops.recording.sql.upserts import upsert

_KEY = ("workspace", "job_id")
_REST = ("anomaly_id", "state", "because", "at", "rerun_id")


class Confirmations:
    """See :class:`orcaops.recording.confirmation.ConfirmationRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def want(self, confirmation: Confirmation) -> None:
        upsert(self._connection, confirmations, [_row(confirmation)], key=_KEY, replace=())

    def wanted(self, since: datetime, limit: int) -> list[Confirmation]:
        asked = (
            select(confirmations)
            .where(confirmations.c.state == "wanted", confirmations.c.at >= microseconds(since))
            .order_by(confirmations.c.at, confirmations.c.job_id)
            .limit(limit)
        )
        return [_confirmation(row) for row in self._connection.execute(asked)]

    def keep(self, confirmation: Confirmation) -> None:
        upsert(self._connection, confirmations, [_row(confirmation)], key=_KEY, replace=_REST)

    def of_rerun(self, workspace: str, rerun_id: str) -> Confirmation | None:
        return self._one(workspace, confirmations.c.rerun_id == clean(rerun_id))

    def of_run(self, workspace: str, job_id: str) -> Confirmation | None:
        return self._one(workspace, confirmations.c.job_id == clean(job_id))

    def begun_since(self, at: datetime) -> int:
        asked = (
            select(func.count())
            .select_from(confirmations)
            .where(confirmations.c.state.in_(("running", "done")), confirmations.c.at >= microseconds(at))
        )
        return self._connection.scalar(asked) or 0

    def _one(self, workspace: str, here: ColumnElement[bool]) -> Confirmation | None:
        asked = select(confirmations).where(confirmations.c.workspace == workspace, here)
        row = self._connection.execute(asked).first()
        return None if row is None else _confirmation(row)


def _row(confirmation: Confirmation) -> dict[str, Any]:
    return {
        "workspace": confirmation.workspace,
        "job_id": confirmation.job_id,
        "anomaly_id": confirmation.anomaly_id,
        "state": confirmation.state,
        "because": clean(confirmation.because),
        "at": microseconds(confirmation.at),
        "rerun_id": confirmation.rerun_id,
    }


def _confirmation(row: Row[*tuple[Any, ...]]) -> Confirmation:
    return Confirmation(
        workspace=row.workspace,
        job_id=row.job_id,
        anomaly_id=row.anomaly_id,
        state=row.state,
        because=row.because,
        at=moment(row.at),
        rerun_id=row.rerun_id,
    )
