"""rspec: the failures, pending examples, ``--profile`` and the last line."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orcaops.recording.test_reports.found import (
    FAILED,
    PASSED,
    Counted,
    Found,
    RunnerLog,
    count_in,
)

_FAILED = re.compile(r"rspec (\./\S+?)(?::[0-9]+|\[[0-9:]+\])? # (.*)$")
_COUNT = re.compile(r"[0-9]+ examples?, [0-9]+ failures?")
_SECTION = re.compile(r" +[0-9]+\) (\S.*)$")
_ERROR = re.compile(r" +(Failure/Error:|expected|got|\w+Error).*")
_SLOW = re.compile(r" +([0-9.]+) seconds? (\./\S+?):[0-9]+$")


@dataclass(frozen=True, slots=True)
class Rspec:
    """Examples are named by their file and their words; those that passed are counted, not named."""

    name: str = "rspec"

    def sniff(self, text: str) -> bool:
        """The line that counts."""
        return (" examples, " in text or "1 example, " in text) and " failure" in text

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Failures with what they said, and the slowest."""
        said: dict[str, str] = {}
        section, before = "", ""
        slow: list[Found] = []
        failed: set[tuple[str, str]] = set()
        for line in lines:
            if match := _FAILED.match(line):
                name = match[2].strip()
                failed.add((match[1], name))
                yield Found(match[1], name, FAILED, None, said.get(name))
            elif match := _SECTION.match(line):
                section = match[1].strip()
            elif section and (match := _ERROR.match(line)):
                if section not in said or said[section].startswith("Failure/Error:"):
                    said[section] = line.strip()
            elif match := _SLOW.match(line):
                slow.append(Found(match[2], before.strip(), PASSED, float(match[1])))
            elif _COUNT.match(line):
                bad = count_in(line, "failure", "failures")
                skipped = count_in(line, "pending")
                total = count_in(line, "example", "examples")
                yield Counted(max(total - bad - skipped, 0), bad, skipped)
            before = line
        yield from (found for found in slow if (found.suite, found.name) not in failed)


runner: RunnerLog = Rspec()
