"""vitest: the lines of its default and ``verbose`` reporters."""

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

_CASE = re.compile(r" +([✓✔×✗❯↓-]) (?:\|[^|]+\| )?(\S+\.[cm]?[jt]sx?) > (\S.*?)(?: ([0-9.]+ ?m?s))?$")
_FAIL = re.compile(r" ?FAIL +(?:\|[^|]+\| )?(\S+\.[cm]?[jt]sx?) > (\S.*?)$")
_COUNT = re.compile(r" +Tests +.*\([0-9]+\)$")
_MARKS = {"✓": PASSED, "✔": PASSED, "×": FAILED, "✗": FAILED, "❯": FAILED, "↓": SKIPPED, "-": SKIPPED}


@dataclass(frozen=True, slots=True)
class Vitest:
    """Tests are named by their file; those that passed are named by ``--reporter=verbose`` alone."""

    name: str = "vitest"

    def sniff(self, text: str) -> bool:
        """Its heading and its count."""
        return " Test Files  " in text

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Outcomes, with the error behind the heading of a failure."""
        known: set[tuple[str, str]] = set()
        telling: Found | None = None
        for line in lines:
            if telling is not None and line.strip():
                yield telling._replace(message=line.strip())
                telling = None
            elif match := _CASE.match(line):
                known.add((match[2], match[3]))
                yield Found(match[2], match[3], _MARKS[match[1]], seconds_of(match[4]))
            elif match := _FAIL.match(line):
                test = (match[1], match[2])
                telling = Found(*test, FAILED, again=test in known)
                known.add(test)
            elif _COUNT.match(line):
                skipped = count_in(line, "skipped") + count_in(line, "todo")
                yield Counted(count_in(line, "passed"), count_in(line, "failed"), skipped)


runner: RunnerLog = Vitest()
