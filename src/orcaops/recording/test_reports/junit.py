"""JUnit's XML, as nearly every runner can write it: read as it comes, in constant memory, and suspiciously.

A document type declaration is refused, and with it whatever entities could do. What is not well-formed
gives what stood before the fault.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.parsers import expat

from orcaops.model.test_case import LONGEST_MESSAGE
from orcaops.recording.test_reports.found import ERROR, FAILED, PASSED, SKIPPED, Found

_PIECE = 256 * 1024
_LONGEST_FAILURE = 4096
_DEEPEST = 100


def seconds_in(text: str | None) -> float | None:
    """The seconds of a ``time``; None for what is no number of seconds. Commas part thousands.

    >>> seconds_in("0.25"), seconds_in("1,234.5"), seconds_in("-1"), seconds_in("soon")
    (0.25, 1234.5, None, None)
    """
    try:
        seconds = float((text or "").replace(",", ""))
    except ValueError:
        return None
    return seconds if 0 <= seconds < 1e9 else None


@dataclass(frozen=True, slots=True)
class Fault:
    """Why the rest of a report was not read; ``refused`` if it was not even tried."""

    line: int
    reason: str
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Case:
    """A test; ``retried`` counts how often it had failed before it passed."""

    found: Found
    retried: int = 0


@dataclass(slots=True)
class Suite:
    """A suite that has ended; only its own cases are counted, not those of suites inside it."""

    attributes: dict[str, str]
    line: int
    cases: list[Case] = field(default_factory=list)
    count: int = 0
    failed: int = 0
    skipped: int = 0
    seconds: float = 0.0
    failures: list[str] = field(default_factory=list)


def suites_of(
    file: BinaryIO, *, most_cases: int, most_failures: int = 100, most_bytes: int | None = None
) -> Iterator[Suite | Fault]:
    """The suites of a report as they end, each with ``most_cases`` cases at most; cases without a suite last.

    At most one :class:`Fault`, at the end.
    """
    parsing = _Parsing(most_cases, most_failures)
    read = 0
    try:
        while piece := file.read(_PIECE):
            read += len(piece)
            parsing.parser.Parse(piece, False)
            yield from parsing.ended()
            if most_bytes is not None and read >= most_bytes:
                yield from parsing.rest()
                yield Fault(parsing.parser.CurrentLineNumber, f"only the first {most_bytes} bytes were read")
                return
        if read:
            parsing.parser.Parse(b"", True)
    except expat.ExpatError as error:
        yield from parsing.ended()
        yield from parsing.rest()
        yield Fault(error.lineno, f"not well-formed XML: {expat.ErrorString(error.code)}")
        return
    except _Refused as refusal:
        yield Fault(parsing.parser.CurrentLineNumber, str(refusal), refused=True)
        return
    yield from parsing.ended()
    yield from parsing.rest()


class _Refused(Exception):  # noqa: N818 - it says what happened
    """The report holds what no report has."""


class _Parsing:
    """Listens to the parser and collects the suites that have ended."""

    def __init__(self, most_cases: int, most_failures: int) -> None:
        self._most_cases = most_cases
        self._most_failures = most_failures
        self._done: list[Suite] = []
        self._open: list[Suite] = []
        self._alone = Suite({}, 1)
        self._depth = 0
        self._case: dict[str, str] | None = None
        self._outcome = PASSED
        self._message: str | None = None
        self._retried = 0
        self._words: list[str] | None = None
        self.parser = expat.ParserCreate()
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._text
        self.parser.StartDoctypeDeclHandler = self._refuse
        self._elements: dict[str, Callable[[dict[str, str]], None]] = {
            "testsuite": self._begin_suite,
            "testcase": self._begin_case,
            "failure": self._begin_failure,
            "error": self._begin_error,
            "skipped": self._skip,
            "flakyFailure": self._retry,
            "flakyError": self._retry,
            "rerunFailure": self._retry,
            "rerunError": self._retry,
        }

    def ended(self) -> list[Suite]:
        """The suites that have ended since this was asked last."""
        done, self._done = self._done, []
        return done

    def rest(self) -> list[Suite]:
        """What has not ended: of a report that broke off, and cases outside any suite."""
        rest = [*reversed(self._open), self._alone]
        self._open, self._alone = [], Suite({}, 1)
        return [suite for suite in rest if suite.count]

    def _start(self, element: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > _DEEPEST:
            raise _Refused("elements lie too deep in each other")
        begin = self._elements.get(element)
        if begin is not None:
            begin(attributes)

    def _begin_suite(self, attributes: dict[str, str]) -> None:
        self._open.append(Suite(attributes, self.parser.CurrentLineNumber))

    def _begin_case(self, attributes: dict[str, str]) -> None:
        self._case, self._outcome, self._message, self._retried = attributes, PASSED, None, 0

    def _begin_failure(self, attributes: dict[str, str]) -> None:
        self._fail(attributes, "failure")

    def _begin_error(self, attributes: dict[str, str]) -> None:
        self._fail(attributes, "error")

    def _fail(self, attributes: dict[str, str], element: str) -> None:
        if self._case is None:
            return
        self._outcome = FAILED if element == "failure" or self._outcome is FAILED else ERROR
        kind, message = attributes.get("type", element), attributes.get("message", "")
        case = ".".join(filter(None, (self._case.get("classname"), self._case.get("name"))))
        self._words = [f"ERROR {case}: {kind}: {message}\n"]
        if self._message is None and (message or kind != element):
            self._message = message if message.startswith(kind) else f"{kind}: {message}"

    def _skip(self, attributes: dict[str, str]) -> None:
        if self._case is not None and self._outcome is PASSED:
            self._outcome = SKIPPED
            self._message = attributes.get("message") or None

    def _retry(self, attributes: dict[str, str]) -> None:
        self._retried += 1
        if self._message is None:
            self._message = attributes.get("message") or None

    def _end(self, element: str) -> None:
        self._depth -= 1
        if element == "testsuite" and self._open:
            suite = self._open.pop()
            if suite.count:  # a suite of suites is only a heading
                self._done.append(suite)
        elif element in ("failure", "error") and self._words is not None:
            text = "".join(self._words)
            self._words = None
            suite = self._suite()
            if len(suite.failures) < self._most_failures:
                suite.failures.append(text[:_LONGEST_FAILURE])
            if self._message is None:
                self._message = text.partition("\n")[2].strip()[:LONGEST_MESSAGE] or None
        elif element == "testcase" and self._case is not None:
            self._end_case(self._case)
            self._case = None

    def _end_case(self, attributes: dict[str, str]) -> None:
        suite = self._suite()
        seconds = seconds_in(attributes.get("time"))
        suite.count += 1
        suite.seconds += seconds or 0.0
        suite.failed += self._outcome.bad
        suite.skipped += self._outcome is SKIPPED
        if len(suite.cases) < self._most_cases:
            where = attributes.get("classname") or suite.attributes.get("name")
            name = attributes.get("name") or ""
            found = Found(where, name.removesuffix("()"), self._outcome, seconds, self._message)
            suite.cases.append(Case(found, 0 if self._outcome.bad else self._retried))

    def _suite(self) -> Suite:
        return self._open[-1] if self._open else self._alone

    def _text(self, text: str) -> None:
        if self._words is not None and len(self._words) < _LONGEST_FAILURE:
            self._words.append(text[:_LONGEST_FAILURE])

    def _refuse(self, *_: Any) -> None:
        raise _Refused("it has a document type declaration, which test reports have not")
