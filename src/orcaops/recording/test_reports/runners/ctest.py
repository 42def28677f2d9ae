"""ctest: the tests of CMake."""

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
    seconds_of,
)

_RESULT = re.compile(r" *[0-9]+/[0-9]+ Test +#[0-9]+: (\S.*?) ?\.\.+(.*?) +([0-9.]+) sec\b")
_COUNT = re.compile(r"[0-9]+% tests passed, ([0-9]+) tests? failed out of ([0-9]+)")


@dataclass(frozen=True, slots=True)
class Ctest:
    """A test that did not finish (a timeout, a signal) has failed, and says how."""

    name: str = "ctest"

    def sniff(self, text: str) -> bool:
        """The line that counts."""
        return "% tests passed, " in text

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Outcomes with their times."""
        skipped = 0
        for line in lines:
            if match := _RESULT.match(line):
                how = match[2].strip(" .*")
                status = FAILED
                if how == "Passed":
                    status = PASSED
                elif how.startswith(("Skipped", "Not Run (Disabled)")):
                    status = SKIPPED
                    skipped += 1
                message = None if status is PASSED or how == "Failed" else how
                yield Found(None, match[1].rstrip(" ."), status, seconds_of(match[3]), message)
            elif match := _COUNT.match(line):
                failed, total = int(match[1]), int(match[2])
                yield Counted(max(total - failed - skipped, 0), failed, skipped)


runner: RunnerLog = Ctest()
