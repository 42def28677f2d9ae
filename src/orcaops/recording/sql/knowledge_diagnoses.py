# ruff: noqa: D102 - the contract is documented in recording/knowledge.py
"""Diagnoses and trials: opinions about failed runs, as rows."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Select, and_, delete, func, select

from orcaops.recording.knowledge import Recurring, Seen
from orcaops.recording.sql.knowledge_tables import diagnoses, diagnosis_patterns, trials
from orcaops.recording.sql.records import clean, moment, record_of
from orcaops.recording.sql.sequence import microseconds
from orcaops.recording.sql.upserts import insert_many, upsert

if TYPE_CHECKING:
    from orcaops.model.diagnosis import Diagnosis, Trial

_AT_ONCE = 500
_LATEST = 10


class Diagnoses:
    """See :class:`orcaops.recording.knowledge.DiagnosisRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put_many(self, new: "Sequence[Diagnosis]") -> None:
        upsert(
            self._connection,
            diagnoses,
            [
                {
                    "workspace": each.workspace,
                    "job_id": each.job_id,
                    "number": each.number,
                    "key": clean(each.key),
                    "signature": each.signature,
                    "family": clean(each.family),
                    "circumstance": clean(each.circumstance),
                    "knowledge": each.knowledge,
                    "has_lines": int(each.has_lines),
                    "explained": int(bool(each.patterns)),
                    "by_engine": each.by_engine,
                    "awaited": int(each.awaited),
                    "record": record_of(each),
                }
                for each in new
            ],
            key=("workspace", "job_id"),
            replace=("knowledge", "explained", "awaited", "record"),
        )
        self._put_patterns(new)

    def _put_patterns(self, new: "Sequence[Diagnosis]") -> None:
        with_lines: dict[str, list[Diagnosis]] = {}
        for each in new:
            if each.has_lines:
                with_lines.setdefault(each.workspace, []).append(each)
        for workspace, some in with_lines.items():
            for place in range(0, len(some), _AT_ONCE):
                here = [each.job_id for each in some[place : place + _AT_ONCE]]
                self._connection.execute(
                    delete(diagnosis_patterns).where(
                        diagnosis_patterns.c.workspace == workspace, diagnosis_patterns.c.job_id.in_(here)
                    )
                )
            insert_many(
                self._connection,
                diagnosis_patterns,
                [
                    {
                        "workspace": workspace,
                        "pattern_id": pattern_id,
                        "job_id": each.job_id,
                        "place": place,
                        "at": microseconds(each.at),
                    }
                    for each in some
                    for place, pattern_id in enumerate(each.patterns)
                ],
            )

    def find(self, workspace: str, job_ids: Iterable[str]) -> "dict[str, Diagnosis]":
        found: dict[str, Diagnosis] = {}
        for part in _parts(job_ids):
            here = (diagnoses.c.workspace == workspace) & diagnoses.c.job_id.in_(part)
            found.update((each.job_id, each) for each in self._read(select(diagnoses.c.record).where(here)))
        return found

    def awaited(self, workspace: str, keys: Iterable[str]) -> "list[Diagnosis]":
        found: list[Diagnosis] = []
        for part in _parts(map(clean, keys)):
            here = and_(
                diagnoses.c.workspace == workspace, diagnoses.c.awaited == 1, diagnoses.c.key.in_(part)
            )
            found += self._read(select(diagnoses.c.record).where(here))
        return sorted(found, key=lambda each: each.number)

    def of_signature(self, workspace: str, signature: str, limit: int) -> "list[Diagnosis]":
        return self._latest(diagnoses.c.signature == signature, workspace, limit)

    def of_family(self, workspace: str, family: str, limit: int) -> "list[Diagnosis]":
        return self._latest(diagnoses.c.family == clean(family), workspace, limit)

    def unexplained(self, workspace: str, limit: int, below: int | None = None) -> "list[Diagnosis]":
        earlier = _UNEXPLAINED if below is None else and_(_UNEXPLAINED, diagnoses.c.number < below)
        return self._latest(earlier, workspace, limit)

    def unexplained_count(self, workspace: str) -> int:
        return self._count(and_(diagnoses.c.workspace == workspace, _UNEXPLAINED))

    def _latest(self, here: Any, workspace: str, limit: int) -> "list[Diagnosis]":
        asked = select(diagnoses.c.record).where(diagnoses.c.workspace == workspace, here)
        return self._read(asked.order_by(diagnoses.c.number.desc()).limit(limit))

    def outdated(self, workspace: str, knowledge: str, limit: int) -> "list[Diagnosis]":
        return self._read(
            select(diagnoses.c.record)
            .where(_outdated(workspace, knowledge))
            .order_by(diagnoses.c.number)
            .limit(limit)
        )

    def outdated_count(self, workspace: str, knowledge: str) -> int:
        return self._count(_outdated(workspace, knowledge))

    def counts(self, workspace: str) -> tuple[int, int, int, dict[str, int]]:
        here = diagnoses.c.workspace == workspace
        engine = (
            select(diagnoses.c.by_engine, func.count())
            .where(here, diagnoses.c.explained == 0, diagnoses.c.by_engine.is_not(None))
            .group_by(diagnoses.c.by_engine)
            .order_by(func.count().desc(), diagnoses.c.by_engine)
        )
        return (
            self._count(here),
            self._count(here & (diagnoses.c.explained == 1)),
            self._count(here & (diagnoses.c.has_lines == 0)),
            {str(name): count for name, count in self._connection.execute(engine)},
        )

    def _count(self, here: Any) -> int:
        return self._connection.scalar(select(func.count()).select_from(diagnoses).where(here)) or 0

    def seen(self, workspace: str, pattern_ids: Iterable[str] | None = None) -> dict[str, Seen]:
        asked = (
            select(diagnosis_patterns.c.pattern_id, func.count(), func.max(diagnosis_patterns.c.at))
            .where(diagnosis_patterns.c.workspace == workspace)
            .group_by(diagnosis_patterns.c.pattern_id)
        )
        if pattern_ids is not None:
            asked = asked.where(diagnosis_patterns.c.pattern_id.in_(list(pattern_ids)))
        return {its_id: Seen(count, moment(last)) for its_id, count, last in self._connection.execute(asked)}

    def first_of(self, workspace: str) -> dict[str, int]:
        asked = (
            select(diagnosis_patterns.c.pattern_id, func.count())
            .where(diagnosis_patterns.c.workspace == workspace, diagnosis_patterns.c.place == 0)
            .group_by(diagnosis_patterns.c.pattern_id)
            .order_by(func.count().desc(), diagnosis_patterns.c.pattern_id)
        )
        return {str(its_id): int(count) for its_id, count in self._connection.execute(asked)}

    def recurring(self, workspace: str, *, least: int, limit: int) -> list[Recurring]:
        here = and_(
            diagnoses.c.workspace == workspace, diagnoses.c.explained == 0, diagnoses.c.by_engine.is_(None)
        )
        size = func.count()
        asked = (
            select(diagnoses.c.signature, size, func.count(diagnoses.c.circumstance.distinct()))
            .where(here)
            .group_by(diagnoses.c.signature)
            .having(size >= least)
            .order_by(size.desc(), diagnoses.c.signature)
            .limit(limit)
        )
        return [
            Recurring(signature, count, circumstances, self._latest_ids(here, signature))
            for signature, count, circumstances in self._connection.execute(asked).all()
        ]

    def _latest_ids(self, here: Any, signature: str) -> tuple[str, ...]:
        asked = select(diagnoses.c.job_id).where(here, diagnoses.c.signature == signature)
        latest = asked.order_by(diagnoses.c.number.desc()).limit(_LATEST)
        return tuple(self._connection.scalars(latest))

    def add_trials(self, new: "Sequence[Trial]") -> None:
        upsert(
            self._connection,
            trials,
            [
                {
                    "workspace": each.workspace,
                    "job_id": each.job_id,
                    "number": each.number,
                    "signature": each.signature,
                    "family": clean(each.family),
                    "record": record_of(each),
                }
                for each in new
            ],
            key=("workspace", "job_id"),
            replace=("number", "record"),
        )

    def trials_of(
        self,
        workspace: str,
        *,
        signature: str | None = None,
        family: str | None = None,
        pattern_id: str | None = None,
        limit: int = 500,
    ) -> "list[Trial]":
        from orcaops.model.diagnosis import Trial

        asked = select(trials.c.record).where(trials.c.workspace == workspace)
        if signature is not None:
            asked = asked.where(trials.c.signature == signature)
        if family is not None:
            asked = asked.where(trials.c.family == clean(family))
        if pattern_id is not None:
            asked = asked.join(
                diagnosis_patterns,
                and_(
                    diagnosis_patterns.c.workspace == trials.c.workspace,
                    diagnosis_patterns.c.job_id == trials.c.job_id,
                ),
            ).where(diagnosis_patterns.c.pattern_id == pattern_id)
        latest = asked.order_by(trials.c.number.desc(), trials.c.job_id).limit(limit)
        return [Trial.from_stored(record) for record in self._connection.scalars(latest)]

    def latest_number(self) -> int:
        return self._connection.scalar(select(func.max(diagnoses.c.number))) or 0

    def each(self) -> "Iterator[Diagnosis]":
        from orcaops.model.diagnosis import Diagnosis

        asked = select(diagnoses.c.record).order_by(diagnoses.c.workspace, diagnoses.c.number)
        for record in self._connection.scalars(asked):
            yield Diagnosis.from_stored(record)

    def each_trial(self) -> "Iterator[Trial]":
        from orcaops.model.diagnosis import Trial

        asked = select(trials.c.record).order_by(trials.c.workspace, trials.c.number, trials.c.job_id)
        for record in self._connection.scalars(asked):
            yield Trial.from_stored(record)

    def _read(self, asked: Select[Any]) -> "list[Diagnosis]":
        from orcaops.model.diagnosis import Diagnosis

        return [Diagnosis.from_stored(record) for record in self._connection.scalars(asked)]


_UNEXPLAINED = and_(diagnoses.c.explained == 0, diagnoses.c.by_engine.is_(None))


def _outdated(workspace: str, knowledge: str) -> Any:
    return and_(
        diagnoses.c.workspace == workspace, diagnoses.c.has_lines == 1, diagnoses.c.knowledge != knowledge
    )


def _parts(values: Iterable[str]) -> Iterator[list[str]]:
    every = list(values)
    for place in range(0, len(every), _AT_ONCE):
        yield every[place : place + _AT_ONCE]
