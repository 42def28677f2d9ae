"""Found: what the log or the report of a test runner says, before it is brought into one form.

A runner's log is read by a file in ``recording/test_reports/runners`` that ends with ``runner: RunnerLog =
…`` and is found because it lies there. It is given the lines of the log without colours, and yields a
:class:`Found` for each outcome of a test and a :class:`Counted` for each line that counts them. It keeps
state in its own frame only, raises nothing, and takes time linear in the log.
"""

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple, Protocol

from orcaops.model.test_case import CaseStatus

PASSED, FAILED = CaseStatus.PASSED, CaseStatus.FAILED
SKIPPED, ERROR = CaseStatus.SKIPPED, CaseStatus.ERROR

_PARTS = re.compile(r"([0-9]+(?:[.,][0-9]+)?) ?(ms|s|sec|secs|seconds|m|min|h|µs|us|μs|ns)?", re.IGNORECASE)
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 1e-3, "m": 60.0, "min": 60.0, "h": 3600.0}


class Found(NamedTuple):
    """One outcome of one test; ``suite`` is the class, module, package or file that it belongs to.

    Of several outcomes of one test the last one stands, unless it is ``again``: then it only adds what is
    known of the one before, as the summary at the end of a log does.
    """

    suite: str | None
    name: str
    status: CaseStatus
    seconds: float | None = None
    message: str | None = None
    again: bool = False


class Counted(NamedTuple):
    """How many tests there were, as the runner counted them; ``failed`` with those that erred."""

    passed: int
    failed: int
    skipped: int


class RunnerLog(Protocol):
    """The log of one kind of test runner."""

    @property
    def name(self) -> str:
        """What the runner is called."""

    def sniff(self, text: str) -> bool:
        """Whether a log looks like its own: a few searches for fixed texts, because every log is asked."""

    def read(self, lines: Sequence[str]) -> Iterator[Found | Counted]:
        """The outcomes in the order of the log."""


def seconds_of(text: str | None) -> float | None:
    """Seconds from what runners write: ``"3 ms"``, ``"0.05s"``, ``"1 m 2 s"``, ``"< 1 ms"``, ``"1,5"``.

    >>> seconds_of("3 ms"), seconds_of("1m 2s"), seconds_of("< 1 ms"), seconds_of("0.25"), seconds_of("soon")
    (0.003, 62.0, 0.001, 0.25, None)
    """
    if not text:
        return None
    parts = _PARTS.findall(text[:60])
    if not parts:
        return None
    total = sum(float(n.replace(",", ".")) * _UNITS.get(unit.lower(), 1.0) for n, unit in parts)
    return total if total < 1e9 else None


def count_in(line: str, *words: str) -> int:
    """The number before (``3 failed``) or behind (``Failures: 3``) one of the words; 0 where none stands.

    >>> count_in("2 failed, 10 passed", "passed"), count_in("Tests run: 3, Failures: 1", "Failures")
    (10, 1)
    """
    for word in words:
        match = re.search(rf"\b([0-9]{{1,9}}) {word}\b|\b{word}(?::| =|=) *([0-9]{{1,9}})\b", line)
        if match is not None:
            return int(match[1] or match[2])
    return 0
