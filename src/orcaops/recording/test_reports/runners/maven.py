"""maven: Surefire and Failsafe, which name each test that failed and count the others."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orcaops.recording.test_reports.found import (
    ERROR,
    FAILED,
    Counted,
    Found,
    RunnerLog,
    count_in,
    seconds_of,
)

_LEVEL = re.compile(r"\[(?:INFO|ERROR|WARNING)\] ?")
_NEW = re.compile(
    r"([\w.$]+)\.([^\s.]+(?: ?\[.*\])?) (?:--|-) Time elapsed: ([0-9.,]+ s)\w* *<<< (FAILURE|ERROR)!"
)
_OLD = re.compile(r"(\S+?)\(([\w.$]+)\) +(?:--? )?Time elapsed: ([0-9.,]+ s)\w* *<<< (FAILURE|ERROR)!")
_COUNT = re.compile(r"Tests run: [0-9]+, Failures: [0-9]+, Errors: [0-9]+, Skipped: [0-9]+$")


@dataclass(frozen=True, slots=True)
class Maven:
    """Those that passed are known by their number alone; the reports in ``target`` name them."""

    name: str = "maven"

    def sniff(self, text: str) -> bool:
        """The line that counts."""
        return "Tests run: " in text and "Failures: " in text

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Failures, with the line behind them as their message."""
        open_failure: Found | None = None
        for raw in lines:
            line = _LEVEL.sub("", raw, count=1) if raw.startswith("[") else raw
            if open_failure is not None:
                yield open_failure._replace(message=line.strip() or None)
                open_failure = None
            if "<<< " in line:
                if match := _NEW.match(line):
                    open_failure = _failure(match[1], match[2], match[3], match[4])
                elif match := _OLD.match(line):
                    open_failure = _failure(match[2], match[1], match[3], match[4])
            elif _COUNT.match(line):  # the one of all, which says no time
                skipped = count_in(line, "Skipped")
                failed = count_in(line, "Failures") + count_in(line, "Errors")
                yield Counted(max(count_in(line, "Tests run") - failed - skipped, 0), failed, skipped)
        if open_failure is not None:
            yield open_failure


def _failure(suite: str, name: str, seconds: str, word: str) -> Found:
    return Found(suite, name, FAILED if word == "FAILURE" else ERROR, seconds_of(seconds))


runner: RunnerLog = Maven()
