"""cargo: ``cargo test`` and ``cargo nextest``."""

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

_RUNNING = re.compile(r" +Running (?:unittests )?(\S+)(?: \(.*\))?$")
_DOC_TESTS = re.compile(r" +Doc-tests (\S+)")
_TEST = re.compile(
    r"test (\S.*?)(?: - should panic)? \.\.\. (ok|FAILED|ignored)(?:, .*?)?(?: <([0-9.]+s)>)?$"
)
_PANIC = re.compile(r"thread '([^']+)'(?: \([0-9]+\))? panicked at (.*?):?$")
_NEXTEST = re.compile(
    r" *(PASS|FAIL|SKIP|TIMEOUT|SIGABRT|SIGSEGV|LEAK|TRY [0-9]+ (?:FAIL|PASS)) "
    r"\[ *([0-9.]+s)?[^\]]*\] (?:\( *[0-9]+/[0-9]+\) )?(\S+) (\S+)$"
)
_OUTCOMES = {"ok": PASSED, "FAILED": FAILED, "ignored": SKIPPED, "PASS": PASSED, "LEAK": PASSED}


@dataclass(frozen=True, slots=True)
class Cargo:
    """Tests are named by the file of their crate (``src/lib.rs``), by nextest by its binary."""

    name: str = "cargo test"

    def sniff(self, text: str) -> bool:
        """The line that counts, or nextest's."""
        return "test result: " in text or "Nextest run ID" in text or "Summary [" in text

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Outcomes, with what a panic said."""
        suite: str | None = None
        failed: dict[str, Found] = {}
        panicked = ""
        summed = False
        for line in lines:
            if panicked:
                if (found := failed.get(panicked)) is not None and line.strip():
                    yield found._replace(message=line.strip(), again=True)
                panicked = ""
            if line.startswith("test "):
                if match := _TEST.match(line):
                    found = Found(suite, match[1], _OUTCOMES[match[2]], seconds_of(match[3]))
                    if found.status is FAILED:
                        failed[match[1]] = found
                    yield found
                elif line.startswith("test result: "):
                    yield Counted(
                        count_in(line, "passed"), count_in(line, "failed"), count_in(line, "ignored")
                    )
            elif match := _RUNNING.match(line) or _DOC_TESTS.match(line):
                suite, failed = match[1], {}
            elif match := _PANIC.match(line):
                panicked = match[1]
            elif "Summary [" in line:
                summed = True  # nextest names its failures once more behind it
            elif not summed and (match := _NEXTEST.match(line)):
                word = match[1].rpartition(" ")[2]
                status = SKIPPED if word == "SKIP" else _OUTCOMES.get(word, FAILED)
                found = Found(match[3], match[4], status, seconds_of(match[2]))
                if status is FAILED:
                    failed[match[4]] = found
                yield found


runner: RunnerLog = Cargo()
