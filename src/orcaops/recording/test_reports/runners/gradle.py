"""gradle: what its test logging prints, by default the failures alone."""

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
)

_RESULT = re.compile(r"(\S.*?) > (\S.*?) (PASSED|FAILED|SKIPPED)(?: \(.*\))?$")
_COUNT = re.compile(r"[0-9]+ tests? completed\b")
_OUTCOMES = {"PASSED": PASSED, "FAILED": FAILED, "SKIPPED": SKIPPED}


@dataclass(frozen=True, slots=True)
class Gradle:
    """``com.x.CartTest > total() FAILED`` becomes ``com.x.CartTest::total``, as in its reports."""

    name: str = "gradle"

    def sniff(self, text: str) -> bool:
        """Its tasks, and the line of an outcome."""
        return ("> Task :" in text or "BUILD SUCCESSFUL" in text or "BUILD FAILED" in text) and (
            " > " in text
        )

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Outcomes, with the exception behind a failure as its message."""
        open_failure: Found | None = None
        for line in lines:
            if open_failure is not None:
                yield open_failure._replace(message=line.strip() or None)
                open_failure = None
            if line.startswith("> Task"):
                continue
            if " > " in line and (match := _RESULT.match(line)):
                suite, name = match[1], match[2].removesuffix("()")
                if suite.startswith(("Gradle Test Executor", "Gradle Test Run")):
                    continue
                found = Found(suite, name, _OUTCOMES[match[3]])
                if found.status is FAILED:
                    open_failure = found
                else:
                    yield found
            elif _COUNT.match(line):
                failed, skipped = count_in(line, "failed"), count_in(line, "skipped")
                total = count_in(line, "tests completed", "test completed")
                yield Counted(max(total - failed - skipped, 0), failed, skipped)
        if open_failure is not None:
            yield open_failure


runner: RunnerLog = Gradle()
