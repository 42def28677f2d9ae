"""What a text looks like on a terminal: as it is, without the sequences that only a terminal obeys."""

import re

_CONTROLS = re.compile(
    r"\x1b\[[0-?]*[ -/]*[@-~]"  # colours, cursor movements
    r"|\x1b\][^\x07\x1b]{0,2000}(?:\x07|\x1b\\)"  # titles, and where a link leads
)


def without_controls(text: str) -> str:
    """The text without the terminal's control sequences, so that words stand by themselves again.

    >>> without_controls("\\x1b[1;31mFAILED\\x1b[0m test_x")
    'FAILED test_x'
    """
    return _CONTROLS.sub("", text) if "\x1b" in text else text
