"""javascript: the trees of jest (``--verbose``), mocha (``spec``) and ``node --test``."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orcaops.model.test_case import CaseStatus
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

_FILE = re.compile(r"(?:PASS|FAIL) +(?:\S+ )?(\S+\.[cm]?[jt]sx?)(?: \(.*\))?$")
_CASE = re.compile(r"( +)([✓✔√✕✗✖×○✎]|-|[0-9]+\)) (\S.*?)(?: \(([0-9.]+ ?m?s)\))?$")
_NODE_CASE = re.compile(r"( *)([✔✖﹣]) (\S.*?) \(([0-9.]+ms)\)(?: # (SKIP|TODO).*)?$")
_NODE_SUITE = re.compile(r"( *)▶ (\S.*?)(?: \([0-9.]+ms\))?$")
_TITLE = re.compile(r"( +)(\S.*)$")
_JEST_FAILURE = re.compile(r"  ● (.*)$")
_COUNT = re.compile(r"Tests: +(?:[0-9]+ \w+, )*[0-9]+ total")
_MOCHA = re.compile(r" +([0-9]+) (passing|failing|pending)\b")
_MARKS: dict[str, CaseStatus] = {
    **dict.fromkeys("✓✔√", PASSED),
    **dict.fromkeys("✕✗✖×", FAILED),
    **dict.fromkeys("○✎-﹣", SKIPPED),
}


@dataclass(frozen=True, slots=True)
class Javascript:
    """A test is named by its file, where that is told, and the titles around it: ``cart > total``."""

    name: str = "jest or mocha"

    def sniff(self, text: str) -> bool:
        """jest's or mocha's count, or node's marks."""
        return (
            ("\nTests: " in text and " total" in text and "Snapshots: " in text)
            or (" passing (" in text)
            or ("\nℹ tests " in text)
        )

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Outcomes; what a failure said is added where jest tells it."""
        file: str | None = None
        titles: dict[int, str] = {}
        failed: dict[str, Found] = {}
        telling: Found | None = None
        ended = False
        for line in lines:
            if telling is not None and line.strip():
                yield telling._replace(message=line.strip(), again=True)
                telling = None
            elif match := _FILE.match(line):
                file, titles, ended = match[1], {}, False
            elif _COUNT.match(line):
                skipped = count_in(line, "skipped") + count_in(line, "todo")
                yield Counted(count_in(line, "passed"), count_in(line, "failed"), skipped)
            elif match := _MOCHA.match(line):
                n, ended = int(match[1]), True  # below, its failures are told once more
                kinds = ("passing", "failing", "pending")
                yield Counted(*(n if match[2] == kind else 0 for kind in kinds))
            elif match := _JEST_FAILURE.match(line):
                telling = failed.get(match[1].replace(" › ", " > ").strip())
                ended = True
            elif match := _NODE_SUITE.match(line):
                _enter(titles, len(match[1]), match[2])
            elif match := _NODE_CASE.match(line):
                if not _is_suite(titles, len(match[1]), match[3]):
                    status = SKIPPED if match[5] else _MARKS[match[2]]
                    yield _found(None, titles, len(match[1]), match[3], status, match[4])
            elif ended:
                continue
            elif match := _CASE.match(line):
                status = _MARKS.get(match[2], FAILED)  # mocha numbers its failures
                title = match[3]
                if match[2] == "○":
                    title = title.removeprefix("skipped ")
                found = _found(file, titles, len(match[1]), title, status, match[4])
                if status is FAILED:
                    failed[found.name] = found
                yield found
            elif match := _TITLE.match(line):
                _enter(titles, len(match[1]), match[2])
            elif line.strip():
                titles = {}


def _enter(titles: dict[int, str], indent: int, title: str) -> None:
    for place in [place for place in titles if place >= indent]:
        del titles[place]
    titles[indent] = title.strip()[:200]


def _is_suite(titles: dict[int, str], indent: int, title: str) -> bool:
    """Whether a line ends the suite of that title, which ``node --test`` repeats with its time."""
    return titles.get(indent) == title.strip()


def _found(
    file: str | None, titles: dict[int, str], indent: int, title: str, status: CaseStatus, took: str | None
) -> Found:
    around = [name for place, name in sorted(titles.items()) if place < indent]
    return Found(file, " > ".join([*around, title.strip()]), status, seconds_of(took))


runner: RunnerLog = Javascript()
