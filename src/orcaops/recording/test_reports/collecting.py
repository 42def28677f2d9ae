"""From reports and logs to the tests of a run: each once, in one form, bounded, and without secrets.

A report (a JUnit file among the artifacts) says more than a log and says it more surely: where a run left
one, its log is not asked. Whatever is wrong with a file is a note, and never an error.
"""

import importlib
import logging
import pkgutil
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import BinaryIO, cast

from orcaops.model.test_case import CaseStatus, TestCase, TestTotals, case_id, tidy_message
from orcaops.recording.redaction import Redactor
from orcaops.recording.terminal import without_controls
from orcaops.recording.test_reports.found import Counted, Found, RunnerLog
from orcaops.recording.test_reports.junit import Case, Fault, suites_of
from orcaops.recording.test_reports.telltale import may_hold_tests

MOST_CASES = 20_000
"""Cases kept of one run."""

MOST_LOG_BYTES = 16 * 1024 * 1024
"""How much of a log is looked into where it is one of a test runner: its head and its tail."""

_MOST_REPORTS = 1_000
_MOST_REPORT_BYTES = 64 * 1024 * 1024  # of all reports of a run together
_MOST_READ = 200_000  # outcomes looked at, repeated ones included
_LONGEST_LINE = 2_000
_MOST_RUNNERS = 4
_MOST_NOTES = 20
_LOOKED_AT = 8 * 1024
# As continuous integration writes it before each line of a log that it gives out.
_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z ", re.MULTILINE)

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Report:
    """A file that a run left: how it is called, how large it is, and how it is opened."""

    path: str
    size_bytes: int
    open: Callable[[], BinaryIO]


@dataclass(frozen=True, slots=True)
class Collected:
    """The tests of a run, and their sum."""

    cases: tuple[TestCase, ...]
    totals: TestTotals


@dataclass(slots=True)
class _Known:
    """What is known of one test so far."""

    id: str
    found: Found
    attempts: int
    source: str


@dataclass(slots=True)
class _Pile:
    """Outcomes as they come, brought together by test."""

    tests: dict[tuple[str | None, str], _Known] = field(default_factory=dict)
    names: dict[str, int] = field(default_factory=dict)
    counted: dict[str, list[int]] = field(default_factory=dict)
    sources: dict[str, None] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    read: int = 0
    cut: int = 0

    @property
    def full(self) -> bool:
        return self.read >= _MOST_READ

    def note(self, text: str) -> None:
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(text)

    def add(self, found: Found, source: str, retried: int = 0) -> None:
        self.read += 1
        self.sources[source] = None
        place = (found.suite, found.name)
        known = self.tests.get(place)
        if known is None:
            if len(self.tests) >= MOST_CASES:
                self.cut += 1
                return
            test_id = case_id(found.suite, found.name)
            # Two tests whose parameters are masked alike are told apart by their place in the report.
            same = self.names[test_id] = self.names.get(test_id, 0) + 1
            if same > 1:
                test_id = f"{test_id}#{same}"
            self.tests[place] = _Known(test_id, found, 1 + retried, source)
            return
        if found.again:
            known.found = known.found._replace(
                seconds=found.seconds if found.seconds is not None else known.found.seconds,
                message=found.message or known.found.message,
                # An outcome that only the summary tells, as an error behind a test that had passed.
                status=found.status if found.status.bad else known.found.status,
            )
            return
        if known.found.status.bad and found.status is CaseStatus.PASSED:
            known.attempts += 1
            found = found._replace(message=found.message or known.found.message)
        elif known.found.status.bad and not found.status.bad:
            return  # skipped in a second report: the failure is what counts
        known.found = found

    def count(self, counted: Counted, source: str) -> None:
        self.sources[source] = None
        sums = self.counted.setdefault(source, [0, 0, 0])
        for place, number in enumerate(counted):
            sums[place] += number

    def collected(self, redactor: Redactor) -> Collected | None:
        if not self.tests and not any(map(sum, self.counted.values())) and not self.notes:
            return None
        cases = _cases(self.tests.values(), redactor)
        listed = [0, 0, 0]
        for case in cases:
            listed[1 if case.status.bad else 2 if case.status is CaseStatus.SKIPPED else 0] += 1
        # A runner that names only its failures still counts all; where both are there, the larger holds.
        counted = [sum(sums) for sums in zip(*self.counted.values(), strict=True)] or [0, 0, 0]
        passed, failed, skipped = (max(pair) for pair in zip(listed, counted, strict=True))
        if sum(counted) <= sum(listed):
            passed, failed, skipped = listed
        return Collected(
            cases,
            TestTotals(
                total=passed + failed + skipped + self.cut,
                passed=passed,
                failed=failed,
                skipped=skipped,
                cut=self.cut,
                read_from=tuple(self.sources)[:_MOST_NOTES],
                notes=tuple(redactor.text(note) for note in self.notes),
            ),
        )


def collect(reports: Iterable[Report], text: Callable[[], str], redactor: Redactor) -> Collected | None:
    """The tests that the reports name, or if they name none, those of the log; None where there is nothing.

    ``text`` gives the log, and is called only if it is needed. Raises nothing but what ``text`` raises.
    """
    pile = _Pile()
    left = _MOST_REPORT_BYTES
    for number, report in enumerate(report for report in reports if looks_like_report(report.path)):
        if number >= _MOST_REPORTS or left <= 0 or pile.full:
            pile.note("not all reports were read: there are too many, or they are too large")
            break
        left -= _read_report(report, pile, left)
    if not pile.tests:
        read_log(text(), pile)
    return pile.collected(redactor)


def collect_log(text: str, redactor: Redactor) -> Collected | None:
    """The tests that a log names; None where it names none."""
    pile = _Pile()
    read_log(text, pile)
    return pile.collected(redactor)


def collect_found(cases: Iterable[Case], source: str, redactor: Redactor) -> Collected | None:
    """The tests of a report that has been read already."""
    pile = _Pile()
    for case in cases:
        pile.add(case.found, source, case.retried)
    return pile.collected(redactor)


def looks_like_report(path: str) -> bool:
    """Whether a file may be a JUnit report; what is in it decides."""
    return path.lower().endswith(".xml")


def _read_report(report: Report, pile: _Pile, most_bytes: int) -> int:
    """Read one report onto the pile; returns how many bytes of it were looked at."""
    try:
        with report.open() as file:
            beginning = file.read(_LOOKED_AT)
            # In UTF-16 there is a NUL between the letters.
            if b"<testsuite" not in beginning.replace(b"\x00", b""):
                return len(beginning)
            file.seek(0)
            for item in suites_of(file, most_cases=_MOST_READ - pile.read, most_bytes=most_bytes):
                if isinstance(item, Fault):
                    pile.note(f"{report.path}, line {item.line}: {item.reason}")
                    continue
                for case in item.cases:
                    pile.add(case.found, report.path, case.retried)
                    if pile.full:
                        return most_bytes
    except (OSError, ValueError, LookupError) as error:  # the disk, or an encoding that nobody knows
        pile.note(f"{report.path} cannot be read: {error}")
    return report.size_bytes


def read_log(text: str, pile: _Pile) -> None:
    """Read what runners say in a log onto the pile."""
    if not may_hold_tests(text):
        return
    text = without_controls(text)
    asked = [runner for runner in runners() if runner.sniff(text)]
    if not asked:
        return
    if _STAMP.match(text):
        text = _STAMP.sub("", text)
    lines = [line.rstrip("\r") for line in text.split("\n") if len(line) <= _LONGEST_LINE]
    for runner in asked[:_MOST_RUNNERS]:
        source = f"{runner.name} log"
        try:
            for found in runner.read(lines):
                if isinstance(found, Counted):
                    pile.count(found, source)
                else:
                    pile.add(found, source)
                if pile.full:
                    return
        except Exception as error:  # noqa: BLE001  # a reader that trips must not cost the record
            _log.warning("the reader of %s logs raised and is passed over", runner.name, exc_info=True)
            pile.note(f"the log cannot be read as one of {runner.name}: {type(error).__name__}")


@cache
def runners() -> Sequence[RunnerLog]:
    """All readers of logs by name: found because they lie in their folder."""
    package = importlib.import_module("orcaops.recording.test_reports.runners")
    found = []
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        if hasattr(module, "runner"):
            found.append(cast(RunnerLog, module.runner))
    return tuple(found)


def _cases(known: Iterable[_Known], redactor: Redactor) -> tuple[TestCase, ...]:
    tests = list(known)
    ids = _masked([test.id for test in tests], redactor)
    texts = [tidy_message(test.found.message) for test in tests]
    said = [place for place, text in enumerate(texts) if text is not None]
    masked = [redactor.text(texts[place] or "") for place in said]
    messages = dict(zip(said, masked, strict=True))
    return tuple(
        TestCase(
            id=ids[place],
            status=test.found.status,
            duration_s=test.found.seconds,
            message=messages.get(place),
            attempts=test.attempts,
            read_from=test.source,
        )
        for place, test in enumerate(tests)
    )


def _masked(ids: list[str], redactor: Redactor) -> list[str]:
    """The ids without secrets: looked through together, because most hold none."""
    whole = "\n".join(ids)
    masked = redactor.text(whole)
    if masked == whole:
        return ids
    lines = masked.split("\n")
    return lines if len(lines) == len(ids) else [redactor.text(test_id) for test_id in ids]
