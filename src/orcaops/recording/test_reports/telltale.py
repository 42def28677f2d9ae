"""Telltale: whether a log may be one of a test runner, asked of every run before any reader is loaded."""

import re
from functools import cache
from typing import Any

from orcaops.recording.terminal import without_controls

# For each reader what its ``sniff`` cannot do without.
_WORDS = (
    "= test session starts",
    "= short test summary",
    ".py::",
    "Ran ",
    "--- PASS: ",
    "--- FAIL: ",
    "--- SKIP: ",
    '"Action":"',
    "test result: ",
    "Nextest run ID",
    "Summary [",
    "TAP version 1",
    "ok 1",
    "% tests passed, ",
    "[ RUN      ] ",
    "PHPUnit ",
    "Total tests: ",
    " - Failed: ",
    "Tests run: ",
    "> Task :",
    "BUILD SUCCESSFUL",
    "BUILD FAILED",
    " example",
    "Snapshots: ",
    " passing (",
    "ℹ tests ",
    " Test Files  ",
)


def may_hold_tests(text: str) -> bool:
    """Whether anything in a log looks like a test runner's; never false where a reader would find tests.

    >>> may_hold_tests("=== 3 passed in 0.1s ==="), may_hold_tests("= test session starts =\\n")
    (False, True)
    """
    plain = without_controls(text)  # a colour may begin in the middle of a word
    return _any_word().search(plain.encode("utf-8", "replace")) is not None


@cache
def _any_word() -> Any:
    import re2  # one pass over the text for all words; Python's own takes ten times as long

    return re2.compile("|".join(re.escape(word) for word in _WORDS).encode())
