"""unittest: the lines of ``-v``, the sections of failures, ``--durations`` and the last lines."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orcaops.model.test_case import CaseStatus
from orcaops.recording.test_reports.found import (
    ERROR,
    FAILED,
    PASSED,
    SKIPPED,
    Counted,
    Found,
    RunnerLog,
    count_in,
)

_TEST = r"(\w+) \(([\w.<>-]+)\)(?: (?:\[(.*)\]|(\(.*\))))?"
_ONE_LINE = re.compile(rf"{_TEST} \.\.\. (.*)$")
_ALONE = re.compile(rf"{_TEST}$")
_DESCRIBED = re.compile(r".* \.\.\. (ok|FAIL|ERROR|skipped .*|expected failure|unexpected success)$")
_SECTION = re.compile(rf"(FAIL|ERROR): {_TEST}$")
_DURATION = re.compile(rf"([0-9]+\.[0-9]+)s +{_TEST}$")
_RAN = re.compile(r"Ran ([0-9]+) tests? in ")


@dataclass(frozen=True, slots=True)
class Unittest:
    """``test_y (tests.test_a.TestX.test_y)`` becomes ``tests.test_a.TestX::test_y``."""

    name: str = "unittest"

    def sniff(self, text: str) -> bool:
        """The line that counts."""
        return "\nRan " in text and (" test in " in text or " tests in " in text)

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Outcomes, with the last line of each traceback as its message."""
        open_test: tuple[str, str] | None = None
        section: Found | None = None
        last = ""
        ran: int | None = None
        known: dict[tuple[str, str], CaseStatus] = {}
        for line in lines:
            if section is not None and line.startswith(("======", "Ran ", "Slowest test durations")):
                yield section._replace(message=last or None)
                section = None
            if match := _RAN.match(line):
                ran = int(match[1])
            elif ran is not None and line.startswith(("OK", "FAILED")):
                failed = count_in(line, "failures") + count_in(line, "errors")
                skipped = count_in(line, "skipped")
                yield Counted(max(ran - failed - skipped, 0), failed, skipped)
                ran = None
            elif section is not None:
                if line.strip() and not line.startswith("-----"):
                    last = line.strip()
            elif match := _SECTION.match(line):
                test = _place(match[2], match[3], match[4] or match[5])
                section, last = Found(*test, _STATUS[match[1]], again=test in known), ""
                known[test] = section.status
            elif match := _ONE_LINE.match(line):
                open_test = _place(match[1], match[2], match[3] or match[4])
                if status := _status(match[5]):
                    known[open_test] = status
                    yield Found(*open_test, status)
                    open_test = None
            elif match := _ALONE.match(line):
                open_test = _place(match[1], match[2], match[3] or match[4])  # its description follows
            elif match := _DURATION.match(line):
                test = _place(match[2], match[3], match[4] or match[5])
                if test in known:
                    yield Found(*test, known[test], float(match[1]), again=True)
            elif open_test is not None and (match := _DESCRIBED.match(line)):
                known[open_test] = _status(match[1]) or PASSED
                yield Found(*open_test, known[open_test])
                open_test = None
            elif open_test is not None and (status := _status(line)) is not None:
                known[open_test] = status  # it printed something before
                yield Found(*open_test, status)
                open_test = None


_STATUS = {
    "ok": PASSED,
    "unexpected success": FAILED,
    "FAIL": FAILED,
    "ERROR": ERROR,
    "expected failure": SKIPPED,
}


def _status(words: str) -> CaseStatus | None:
    return SKIPPED if words.startswith("skipped ") else _STATUS.get(words.strip())


def _place(method: str, where: str, parameters: str | None) -> tuple[str, str]:
    """Suite and name; since Python 3.11 the place ends with the method's name."""
    suite = where.removesuffix(f".{method}")
    return suite, f"{method}[{parameters.strip('()')}]" if parameters else method


runner: RunnerLog = Unittest()
