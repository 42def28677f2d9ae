"""go: ``go test``, with ``-v`` or ``-json``."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import orjson

from orcaops.recording.test_reports.found import (
    FAILED,
    PASSED,
    SKIPPED,
    Counted,
    Found,
    RunnerLog,
)

_OUTCOMES = {"PASS": PASSED, "FAIL": FAILED, "SKIP": SKIPPED, "pass": PASSED, "fail": FAILED, "skip": SKIPPED}
_RESULT = re.compile(r" *--- (PASS|FAIL|SKIP): (\S+) \(([0-9.]+)s\)")
_PACKAGE = re.compile(r"(?:ok|FAIL)\s+(\S+)\s+(?:[0-9.]+s|\(cached\))")
_SAID = re.compile(r" +\S+\.go:[0-9]+: (.*)")


@dataclass(frozen=True, slots=True)
class Go:
    """Tests are named by their package; in plain text that follows behind them. Cached results are no run."""

    name: str = "go test"

    def sniff(self, text: str) -> bool:
        """The line of an outcome, or an event."""
        return (
            "--- PASS: " in text
            or "--- FAIL: " in text
            or "--- SKIP: " in text
            or ('"Action":"' in text and '"Package":"' in text)
        )

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Outcomes; a test that failed says the first line of its file that it reported."""
        waiting: list[Found] = []
        said: dict[tuple[str, str], str] = {}
        running = ""
        messages: dict[str, str] = {}
        for line in lines:
            if line.startswith("{") and '"Action":"' in line:
                yield from _event(line, said)
            elif match := _RESULT.match(line):
                seconds = float(match[3])
                waiting.append(Found(None, match[2], _OUTCOMES[match[1]], seconds, messages.get(match[2])))
                running = match[2]
            elif line.startswith("=== "):
                running = line.split()[-1]
            elif match := _SAID.match(line):
                messages.setdefault(running, match[1])
                if waiting and waiting[-1].name == running and waiting[-1].message is None:
                    waiting[-1] = waiting[-1]._replace(message=match[1])
            elif match := _PACKAGE.match(line):
                if "(cached)" not in line:
                    yield from (found._replace(suite=match[1]) for found in waiting)
                waiting, messages = [], {}
        yield from waiting


def _event(line: str, said: dict[tuple[str, str], str]) -> Iterator[Found]:
    try:
        event = orjson.loads(line)
    except orjson.JSONDecodeError:
        return
    if not isinstance(event, dict) or not isinstance(event.get("Test"), str):
        return
    place = (str(event.get("Package", "")), event["Test"])
    action = event.get("Action")
    if action == "output":
        if match := _SAID.match(str(event.get("Output", ""))):
            said.setdefault(place, match[1])
    elif action in _OUTCOMES:
        elapsed = event.get("Elapsed")
        seconds = float(elapsed) if isinstance(elapsed, int | float) else None
        message = said.pop(place, None)
        status = _OUTCOMES[action]
        yield Found(*place, status, seconds, message if status is not PASSED else None)


runner: RunnerLog = Go()
