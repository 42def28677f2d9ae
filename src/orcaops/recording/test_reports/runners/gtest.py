"""gtest: GoogleTest."""

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

_RESULT = re.compile(r"\[ +(OK|FAILED|SKIPPED) +\] ([^\s.]+)\.([^\s,]+)(?:, where .*)? \(([0-9]+ ms)\)$")
_FAILURE = re.compile(r".+: (?:Failure|error: )(.*)$")
_OUTCOMES = {"OK": PASSED, "FAILED": FAILED, "SKIPPED": SKIPPED}


@dataclass(frozen=True, slots=True)
class Gtest:
    """A test that crashed has begun and not ended: it has failed."""

    name: str = "gtest"

    def sniff(self, text: str) -> bool:
        """The line before each test."""
        return "[ RUN      ] " in text

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Outcomes, with the first thing that a failed one said."""
        running = ""
        said: list[str] = []
        for line in lines:
            if line.startswith("[ RUN      ] "):
                if running:
                    yield _crashed(running)
                running, said = line[13:].strip(), []
            elif running and line.startswith("[ ") and (match := _RESULT.match(line)):
                status = _OUTCOMES[match[1]]
                message = " ".join(said[:3]) if status is FAILED else None
                yield Found(match[2], match[3], status, seconds_of(match[4]), message or None)
                running = ""
            elif running and (said or _FAILURE.match(line)) and len(said) < 3 and line.strip():
                said.append(line.strip())
        if running:
            yield _crashed(running)


def _crashed(running: str) -> Found:
    suite, _, name = running.partition(".")
    return Found(suite, name or running, FAILED, None, "it began and did not end")


runner: RunnerLog = Gtest()
