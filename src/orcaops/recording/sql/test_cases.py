# ruff: noqa: D102 - the contract is documented in recording/store.py
"""Test cases: the tests of each run, packed column by column, because columns compress well."""

from collections.abc import Mapping, Sequence
from typing import Any

import orjson
from sqlalchemy import Connection, bindparam, select

from orcaops.model.test_case import CaseStatus, TestCase
from orcaops.recording.sql.test_case_tables import test_cases
from orcaops.recording.sql.upserts import upsert

_RECORD = select(test_cases.c.record).where(
    test_cases.c.workspace == bindparam("workspace"), test_cases.c.job_id == bindparam("job_id")
)
_LETTERS = {
    CaseStatus.PASSED: "p",
    CaseStatus.FAILED: "f",
    CaseStatus.SKIPPED: "s",
    CaseStatus.ERROR: "e",
}
_STATUSES = {letter: status for status, letter in _LETTERS.items()}
_LEVEL = 3


class TestCases:
    """See :class:`orcaops.recording.store.TestCaseRepository`."""

    __test__ = False

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def put_many(self, cases: Mapping[tuple[str, str], Sequence[TestCase]]) -> None:
        upsert(
            self._connection,
            test_cases,
            [
                {
                    "workspace": workspace,
                    "job_id": job_id,
                    "cases": len(of_run),
                    "failed": sum(case.status.bad for case in of_run),
                    "record": packed(of_run),
                }
                for (workspace, job_id), of_run in cases.items()
            ],
            key=("workspace", "job_id"),
            replace=(),  # facts: the first stand
        )

    def of_run(self, workspace: str, job_id: str) -> list[TestCase]:
        record = self._connection.scalar(_RECORD, {"workspace": workspace, "job_id": job_id})
        return [] if record is None else unpacked(record)


def packed(cases: Sequence[TestCase]) -> bytes:
    """The cases as one piece of bytes; what most cases have not is kept for those that have it."""
    import zstandard

    sources = list(dict.fromkeys(case.read_from for case in cases))
    columns: dict[str, Any] = {
        "id": [case.id for case in cases],
        "status": "".join([_LETTERS[case.status] for case in cases]),
        "seconds": [case.duration_s for case in cases],
        "message": {str(n): case.message for n, case in enumerate(cases) if case.message is not None},
        "attempts": {str(n): case.attempts for n, case in enumerate(cases) if case.attempts > 1},
        "sources": sources,
        "source": {str(n): sources.index(case.read_from) for n, case in enumerate(cases)}
        if len(sources) > 1
        else {},
    }
    return zstandard.ZstdCompressor(level=_LEVEL).compress(orjson.dumps(columns))


def unpacked(record: bytes) -> list[TestCase]:
    """The cases of :func:`packed`, in the same order."""
    import zstandard

    columns = orjson.loads(zstandard.ZstdDecompressor().decompress(record))
    messages, attempts, source = columns["message"], columns["attempts"], columns["source"]
    sources = columns["sources"] or [""]
    rare = messages or attempts or source
    cases = []
    for n, (test_id, letter, seconds) in enumerate(
        zip(columns["id"], columns["status"], columns["seconds"], strict=True)
    ):
        place = str(n) if rare else ""
        # They were validated when they were read first; doing so again would be most of the cost.
        cases.append(
            TestCase.model_construct(
                id=test_id,
                status=_STATUSES[letter],
                duration_s=seconds,
                message=messages.get(place),
                attempts=attempts.get(place, 1),
                read_from=sources[source.get(place, 0)],
            )
        )
    return cases
