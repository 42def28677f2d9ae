"""phpunit: failures and errors by name, ``--testdox``, and the last lines."""

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
    seconds_of,
)

_THERE = re.compile(r"There (?:was|were) [0-9]+ (failure|error|skipped test|incomplete test|risky test)s?:")
_ITEM = re.compile(r"[0-9]+\) ([\w\\]+)::(.+)$")
_OK = re.compile(r"OK \(([0-9]+) tests?, ")
_CLASS = re.compile(r"\S.*\(([\w\\]+)\)$")
_TESTDOX = re.compile(r" ([✔✘∅↩☢]) (.*?)(?: +\[?([0-9.]+ ?m?s)\]?)?$")
_KINDS = {"failure": FAILED, "error": ERROR, "skipped test": SKIPPED, "incomplete test": SKIPPED}
_MARKS = {"✔": PASSED, "✘": FAILED}


@dataclass(frozen=True, slots=True)
class Phpunit:
    """Tests are named by their class; without ``--testdox`` those that passed are counted, not named."""

    name: str = "phpunit"

    def sniff(self, text: str) -> bool:
        """Its heading."""
        return "PHPUnit " in text

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Outcomes, with the first line of a failure as its message."""
        kind: CaseStatus | None = None
        item: Found | None = None
        suite = ""
        marked = False
        for line in lines:
            if item is not None and line.strip():
                yield item._replace(message=line.strip())
                item = None
            elif match := _THERE.match(line):
                kind = _KINDS.get(match[1])
            elif match := _ITEM.match(line):
                # Told by --testdox already, in words from which the method's name cannot be had.
                if kind is not None and not marked:
                    item = Found(match[1], match[2].strip(), kind)
            elif match := _OK.match(line):
                yield Counted(int(match[1]), 0, 0)
            elif line.startswith("Tests: ") and "Assertions: " in line:
                failed = count_in(line, "Failures") + count_in(line, "Errors")
                skipped = count_in(line, "Skipped") + count_in(line, "Incomplete")
                yield Counted(max(count_in(line, "Tests") - failed - skipped, 0), failed, skipped)
            elif suite and (match := _TESTDOX.match(line)):
                marked = True
                yield Found(suite, match[2].strip(), _MARKS.get(match[1], SKIPPED), seconds_of(match[3]))
            elif match := _CLASS.match(line):
                suite = match[1]
        if item is not None:
            yield item


runner: RunnerLog = Phpunit()
