"""TAP: the Test Anything Protocol, with subtests, as prove, bats, node-tap and ``node --test`` speak it."""

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

_RESULT = re.compile(r"( *)(not )?ok\b(?: [0-9]+)?(?: -)? ?(.*?)(?: # *(.*))?$")
_SUBTEST = re.compile(r"( *)# Subtest: (.*)$")
_TIME = re.compile(r"(?:time=|in )([0-9.]+ ?(?:ms|s|sec)?)")
_DETAIL = re.compile(r" +(duration_ms|message|error): ['\"]?(.*?)['\"]?$")
_PLAN = re.compile(r"(?:^|\n)1\.\.[0-9]+(?: |\n|$)")


@dataclass(frozen=True, slots=True)
class Tap:
    """A test without a name is told by its number, so a new one in between shifts those behind it."""

    name: str = "TAP"

    def sniff(self, text: str) -> bool:
        """The version, or a plan and a result."""
        if "TAP version 1" in text:
            return True
        return ("\nok 1" in text or "\nnot ok 1" in text or text.startswith(("ok 1", "not ok 1"))) and bool(
            _PLAN.search(text)
        )

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Outcomes; a parent whose subtests were told is not told itself."""
        parents: dict[int, str] = {}
        children: dict[int, bool] = {}
        latest: Found | None = None
        count = 0
        for line in lines:
            if match := _SUBTEST.match(line):
                indent = len(match[1])
                parents = {place: name for place, name in parents.items() if place < indent}
                parents[indent] = match[2].strip()
                children[indent] = False
            elif "ok" in line and (match := _RESULT.match(line)):
                if latest is not None:
                    yield latest
                    latest = None
                indent, word = len(match[1]), match[4] or ""
                if children.pop(indent, False) and parents.pop(indent, None) == match[3].strip():
                    continue
                parents.pop(indent, None)
                for place in list(children):
                    if place < indent:
                        children[place] = True
                count += 1
                suite = " > ".join(name for place, name in sorted(parents.items()) if place < indent)
                status = FAILED if match[2] else PASSED
                if word.upper().startswith(("SKIP", "TODO")):
                    status = SKIPPED
                timed = _TIME.search(word) or _TIME.search(match[3]) if "time=" in line else None
                name = match[3].strip() or f"test {count}"
                latest = Found(suite or None, name, status, seconds_of(timed[1]) if timed else None)
            elif latest is not None and (match := _DETAIL.match(line)):
                if match[1] == "duration_ms":
                    latest = latest._replace(seconds=seconds_of(f"{match[2]} ms"))
                elif latest.status is FAILED and latest.message is None:
                    latest = latest._replace(message=match[2])
        if latest is not None:
            yield latest


runner: RunnerLog = Tap()
