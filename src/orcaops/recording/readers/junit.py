"""junit: test reports in XML, one run per test suite that holds test cases, with its tests."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, BinaryIO

from orcaops.model.errors import invalid
from orcaops.model.run import Run
from orcaops.recording.foreign_runs import number_of, run_of, time_of
from orcaops.recording.reader import BadLine, Reader, ReadOptions
from orcaops.recording.redaction import Redactor
from orcaops.recording.test_reports.collecting import MOST_CASES, collect_found
from orcaops.recording.test_reports.junit import Fault, Suite, suites_of

_MOST_FAILURES = 100


@dataclass(frozen=True, slots=True)
class Junit:
    """A suite is named as it names itself, and fails if one of its cases fails or errs.

    Its duration is the suite's ``time``, or the sum of its cases'. The failures' messages are its log; its
    cases are the tests of the run, up to 20 000. A ``timestamp`` without a zone, as most tools write it, is
    taken as UTC; without one the suite is reported. A document type declaration is refused, and with it
    whatever entities could do.
    """

    name: str = "junit"

    def sniff(self, beginning: bytes) -> bool:
        """The element that all these reports have."""
        return b"<testsuite" in beginning

    def read(self, file: BinaryIO, options: ReadOptions) -> Iterator[Run | BadLine]:
        """One run or one complaint per suite; numbers are those of lines."""
        redactor = Redactor()
        for item in suites_of(file, most_cases=MOST_CASES, most_failures=_MOST_FAILURES):
            if isinstance(item, Fault):
                if item.refused:
                    raise invalid(
                        item.reason,
                        where=f"line {item.line}",
                        hint="Remove the <!DOCTYPE …> if you trust the file.",
                    )
                yield BadLine(item.line, item.reason)
                continue
            try:
                run = run_of(_fields(item), self.name, options)
            except ValueError as error:
                yield BadLine(item.line, str(error))
                continue
            yield _with_tests(run, item, options, redactor)


def _with_tests(run: Run, suite: Suite, options: ReadOptions, redactor: Redactor) -> Run:
    if options.keep_tests is None:
        return run
    collected = collect_found(suite.cases, "report", redactor)
    if collected is None:
        return run
    cut = collected.totals.cut + suite.count - len(suite.cases)
    options.keep_tests(run.job_id, collected.cases)
    totals = {"cut": cut, "total": suite.count} if cut else {}
    return run.changed(tests=collected.totals.model_copy(update=totals))


def _fields(suite: Suite) -> dict[str, Any]:
    found = suite.attributes
    duration = _seconds(found.get("time"))
    return {
        "name": found.get("name") or found.get("package") or "testsuite",
        "started_at": _time(found.get("timestamp")),
        "duration_s": duration if duration is not None else suite.seconds,
        "status": "failed" if suite.failed else "succeeded",
        "host": found.get("hostname"),
        "attributes": {"tests": suite.count, "failed": suite.failed, "skipped": suite.skipped},
        "log": "\n".join(suite.failures) + "\n" if suite.failures else None,
    }


def _time(text: str | None) -> datetime | None:
    if not text:
        raise ValueError("the suite has no 'timestamp', so its place in time is unknown")
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return time_of(text, "timestamp")
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _seconds(text: str | None) -> float | None:
    return number_of({"time": text.replace(",", "")}, "time") if text else None


reader: Reader = Junit()
