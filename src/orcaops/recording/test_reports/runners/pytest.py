"""pytest: verbose lines (alone or by xdist), the short summary, ``--durations`` and the last line."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from orcaops.recording.test_reports.found import (
    ERROR,
    FAILED,
    PASSED,
    SKIPPED,
    Counted,
    Found,
    RunnerLog,
    count_in,
)

_OUTCOMES = {
    "PASSED": PASSED,
    "XPASS": PASSED,
    "FAILED": FAILED,
    "RERUN": FAILED,
    "ERROR": ERROR,
    "SKIPPED": SKIPPED,
    "XFAIL": SKIPPED,
}
_WORDS = "|".join(_OUTCOMES)
_VERBOSE = re.compile(rf"((?>\S+?::).*?) ({_WORDS})(?: \(.*\))?\s*(?:\[ *[0-9]+%\])?\s*$")
_DISTRIBUTED = re.compile(rf"\[gw[0-9]+\] (?:\[ *[0-9]+%\] )?({_WORDS}) ((?>\S+?::).*?)\s*$")
_SUMMARY = re.compile(r"(PASSED|FAILED|ERROR|XFAIL|XPASS) ((?>\S+?::).*?)(?: - (.*))?$")
_DURATION = re.compile(r"([0-9]+\.[0-9]+)s (call|setup|teardown) +((?>\S+?::).*?)\s*$")
_LAST = re.compile(r"=*\s*(?:[0-9]+ [a-z]+(?:, )?)+ in [0-9.]+s\b.*$")


@dataclass(frozen=True, slots=True)
class Pytest:
    """``tests/test_a.py::TestX::test_y[1]`` becomes ``tests.test_a.TestX::test_y[1]``, as in its report."""

    name: str = "pytest"

    def sniff(self, text: str) -> bool:
        """Its headings, or a line of its summary."""
        return (
            "= test session starts =" in text
            or "= short test summary info =" in text
            or (".py::" in text and (" PASSED" in text or "FAILED " in text))
        )

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """Outcomes, then what the summary adds to them."""
        outcomes: dict[str, Found] = {}
        tallied = False
        for line in lines:
            if "::" not in line:
                if " in " in line and not tallied and _LAST.match(line):
                    tallied = True
                    yield Counted(
                        count_in(line, "passed", "xpassed"),
                        count_in(line, "failed") + count_in(line, "error", "errors"),
                        count_in(line, "skipped") + count_in(line, "xfailed"),
                    )
                elif "= test session starts" in line:
                    tallied = False
                continue
            if match := _DURATION.match(line.lstrip()):
                known = outcomes.get(match[3])
                if known is not None and match[2] == "call":
                    yield known._replace(seconds=float(match[1]), again=True)
            elif match := _SUMMARY.match(line):
                known = outcomes.get(match[2])
                if known is None or match[1] in ("FAILED", "ERROR"):
                    found = _found(match[2], match[1], match[3], again=known is not None)
                    outcomes[match[2]] = found
                    yield found
            elif match := _VERBOSE.match(line):
                outcomes[match[1]] = _found(match[1], match[2])
                yield outcomes[match[1]]
            elif match := _DISTRIBUTED.match(line):
                outcomes[match[2]] = _found(match[2], match[1])
                yield outcomes[match[2]]


def _found(node: str, word: str, message: str | None = None, *, again: bool = False) -> Found:
    parameters = node.find("[")
    head, rest = (node, "") if parameters < 0 else (node[:parameters], node[parameters:])
    path, *inner = head.split("::")
    module = path.removesuffix(".py").replace("/", ".").replace("\\", ".").lstrip(".")
    suite = ".".join([module, *inner[:-1]])
    name = inner[-1] if inner else module
    return Found(suite, name + rest, _OUTCOMES[word], None, message, again)


runner: RunnerLog = Pytest()
