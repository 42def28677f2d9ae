"""junit: test reports in XML, one run per test suite that holds test cases."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, BinaryIO
from xml.parsers import expat

from orcaops.model.errors import OrcaError, invalid
from orcaops.model.run import Run
from orcaops.recording.foreign_runs import number_of, run_of, time_of
from orcaops.recording.reader import BadLine, Reader, ReadOptions

_PIECE = 256 * 1024
_MOST_FAILURES = 100
_LONGEST_FAILURE = 4096


@dataclass(frozen=True, slots=True)
class Junit:
    """A suite is named as it names itself, and fails if one of its cases fails or errs.

    Its duration is the suite's ``time``, or the sum of its cases'. The failures' messages are its log. A
    ``timestamp`` without a zone, as most tools write it, is taken as UTC; without one the suite is reported.
    A document type declaration is refused, and with it whatever entities could do.
    """

    name: str = "junit"

    def sniff(self, beginning: bytes) -> bool:
        """The element that all these reports have."""
        return b"<testsuite" in beginning

    def read(self, file: BinaryIO, options: ReadOptions) -> Iterator[Run | BadLine]:
        """One run or one complaint per suite; numbers are those of lines."""
        parsing = _Parsing()
        try:
            while piece := file.read(_PIECE):
                parsing.parser.Parse(piece, False)
                yield from self._finished(parsing, options)
            if parsing.parser.CurrentByteIndex > 0:
                parsing.parser.Parse(b"", True)
        except expat.ExpatError as error:
            yield BadLine(error.lineno, f"not well-formed XML: {expat.ErrorString(error.code)}")
        except OrcaError:
            raise
        yield from self._finished(parsing, options)

    def _finished(self, parsing: "_Parsing", options: ReadOptions) -> Iterator[Run | BadLine]:
        for suite in parsing.finished:
            try:
                yield run_of(_fields(suite), self.name, options)
            except ValueError as error:
                yield BadLine(suite.line, str(error))
        parsing.finished.clear()


@dataclass(slots=True)
class _Suite:
    """A suite as far as it has been read."""

    attributes: dict[str, str]
    line: int
    cases: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)


class _Parsing:
    """Listens to the parser and collects the suites that have ended."""

    def __init__(self) -> None:
        self.finished: list[_Suite] = []
        self.parser = expat.ParserCreate()
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self._open: list[_Suite] = []
        self._case = ""
        self._words: list[str] | None = None

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        if element == "testsuite":
            self._open.append(_Suite(attributes, self.parser.CurrentLineNumber))
        elif not self._open:
            return
        elif element == "testcase":
            suite = self._open[-1]
            suite.cases += 1
            suite.seconds += _seconds(attributes.get("time")) or 0.0
            self._case = ".".join(filter(None, (attributes.get("classname"), attributes.get("name"))))
        elif element in ("failure", "error"):
            self._open[-1].failed += 1
            kind, message = attributes.get("type", element), attributes.get("message", "")
            self._words = [f"ERROR {self._case}: {kind}: {message}\n"]
        elif element == "skipped":
            self._open[-1].skipped += 1

    def _end(self, element: str) -> None:
        if element == "testsuite" and self._open:
            suite = self._open.pop()
            if suite.cases:  # a suite of suites is only a heading
                self.finished.append(suite)
        elif element in ("failure", "error") and self._words is not None and self._open:
            if len(self._open[-1].failures) < _MOST_FAILURES:
                self._open[-1].failures.append("".join(self._words)[:_LONGEST_FAILURE])
            self._words = None

    def _text(self, text: str) -> None:
        if self._words is not None and len(self._words) < _LONGEST_FAILURE:
            self._words.append(text)

    def _refuse(self, *_: Any) -> None:
        raise invalid(
            "the report has a document type declaration",
            where=f"line {self.parser.CurrentLineNumber}",
            hint="Test reports have none; remove the <!DOCTYPE …> if you trust the file.",
        )


def _fields(suite: _Suite) -> dict[str, Any]:
    found = suite.attributes
    duration = _seconds(found.get("time"))
    return {
        "name": found.get("name") or found.get("package") or "testsuite",
        "started_at": _time(found.get("timestamp")),
        "duration_s": duration if duration is not None else suite.seconds,
        "status": "failed" if suite.failed else "succeeded",
        "host": found.get("hostname"),
        "attributes": {"tests": suite.cases, "failed": suite.failed, "skipped": suite.skipped},
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
