"""dotnet: ``dotnet test``, whose console logger names all tests from verbosity ``normal`` on."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orcaops.recording.test_reports.found import (
    FAILED,
    PASSED,
    SKIPPED,
    Counted,
    Found,
    RunnerLog,
    count_in,
    seconds_of,
)

_RESULT = re.compile(r" +(Passed|Failed|Skipped) ([\w.+<>`]+(?:\(.*\))?)(?: \[(.*)\])?$")
_COUNT = re.compile(r"(?:Passed|Failed)! +- +Failed:")
_OUTCOMES = {"Passed": PASSED, "Failed": FAILED, "Skipped": SKIPPED}


@dataclass(frozen=True, slots=True)
class Dotnet:
    """``Shop.CartTests.Total(count: 3)`` becomes ``Shop.CartTests::Total(count: 3)``."""

    name: str = "dotnet test"

    def sniff(self, text: str) -> bool:
        """The line that counts."""
        return "Total tests: " in text or ("! " in text and " - Failed: " in text and "Total: " in text)

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Outcomes, with the error message behind a failure."""
        failure: Found | None = None
        message_follows = False
        total = 0
        for line in lines:
            if failure is not None and message_follows and line.strip():
                yield failure._replace(message=line.strip())
                failure, message_follows = None, False
            elif match := _RESULT.match(line):
                if failure is not None:
                    yield failure
                    failure, message_follows = None, False
                head, brace, rest = match[2].partition("(")
                suite, _, method = head.rpartition(".")
                status = _OUTCOMES[match[1]]
                found = Found(suite or None, method + brace + rest, status, seconds_of(match[3]))
                if status is FAILED:
                    failure = found
                else:
                    yield found
            elif line.strip() == "Error Message:":
                message_follows = True
            elif _COUNT.match(line):
                yield Counted(count_in(line, "Passed"), count_in(line, "Failed"), count_in(line, "Skipped"))
            elif line.startswith("Total tests: "):
                total = count_in(line, "Total tests")
            elif total and line.startswith("     "):
                if passed := count_in(line, "Passed"):
                    yield Counted(passed, 0, 0)
                elif failed := count_in(line, "Failed"):
                    yield Counted(0, failed, 0)
                elif skipped := count_in(line, "Skipped"):
                    yield Counted(0, 0, skipped)
        if failure is not None:
            yield failure


runner: RunnerLog = Dotnet()
