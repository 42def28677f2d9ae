# ruff: noqa: D102 - the contract is documented in recording/knowledge.py
"""Evidence: what the logs of runs told, as rows."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sqlalchemy import Connection, select

from orcaops.model.identity import content_id
from orcaops.recording.sql.knowledge_tables import failure_evidence, passing_lines
from orcaops.recording.sql.records import clean, record_of
from orcaops.recording.sql.sequence import microseconds
from orcaops.recording.sql.upserts import upsert

if TYPE_CHECKING:
    from orcaops.model.diagnosis import Evidence, PassingLines

_AT_ONCE = 500


class EvidenceRows:
    """See :class:`orcaops.recording.knowledge.EvidenceRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, evidence: "Evidence") -> None:
        self._put(evidence, replace=())

    def replace(self, evidence: "Evidence") -> None:
        self._put(evidence, replace=("record",))

    def _put(self, evidence: "Evidence", *, replace: tuple[str, ...]) -> None:
        row = {
            "workspace": evidence.workspace,
            "job_id": evidence.job_id,
            "record": record_of(evidence),
        }
        upsert(self._connection, failure_evidence, [row], key=("workspace", "job_id"), replace=replace)

    def find(self, workspace: str, job_ids: Iterable[str]) -> "dict[str, Evidence]":
        from orcaops.model.diagnosis import Evidence

        found: dict[str, Evidence] = {}
        wanted = list(job_ids)
        for place in range(0, len(wanted), _AT_ONCE):
            asked = select(failure_evidence.c.job_id, failure_evidence.c.record).where(
                failure_evidence.c.workspace == workspace,
                failure_evidence.c.job_id.in_(wanted[place : place + _AT_ONCE]),
            )
            found.update(
                (row.job_id, Evidence.from_stored(row.record)) for row in self._connection.execute(asked)
            )
        return found

    def add_passing(self, lines: "PassingLines") -> None:
        row = {
            "workspace": lines.workspace,
            "key": clean(lines.key),
            "digest": content_id(*lines.lines),
            "at": microseconds(lines.at),
            "record": record_of(lines),
        }
        upsert(
            self._connection,
            passing_lines,
            [row],
            key=("workspace", "key", "digest"),
            replace=("at", "record"),
        )

    def passing(self, workspace: str, limit: int) -> "list[PassingLines]":
        from orcaops.model.diagnosis import PassingLines

        asked = (
            select(passing_lines.c.record)
            .where(passing_lines.c.workspace == workspace)
            .order_by(passing_lines.c.at.desc(), passing_lines.c.serial.desc())
            .limit(limit)
        )
        return [PassingLines.from_stored(record) for record in self._connection.scalars(asked)]
