"""The regular expressions of failure patterns: what they may be, and how RE2 runs them.

RE2 runs in time linear in the text whatever the expression, so none that anybody teaches can hang it.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from orcaops.model.errors import conflict, invalid

PLACEHOLDER = re.compile(r"\{(\d)\}")
"""A place in the texts of a pattern that a capture fills, like ``{1}``."""

_LONGEST_PATTERN = 4000
_PROGRAM_BYTES = 32 << 20
_LARGEST_TAUGHT = 20_000
# Lines that no pattern of a failure may match; one that matches several of them matches everything.
_HARMLESS = (
    "",
    "a",
    "Hello, world.",
    "Collecting requests",
    "[INFO] Compiling 12 source files to /app/target/classes",
    "2026-11-22 20:49:35 started worker 4",
    "ok 12 - adds two numbers",
    "100% [==========>] 12.3 MB/s",
)


def options(*, captures: bool) -> Any:
    """How RE2 runs expressions here: within a line, in bounded memory."""
    import re2

    options = re2.Options()
    options.max_mem = _PROGRAM_BYTES
    options.never_nl = True
    options.log_errors = False
    options.never_capture = not captures
    return options


def loose(pattern: str) -> str:
    """A pattern that matches at least what this one does, with no long counted repetition outside sets."""
    made: list[str] = []
    place, in_set = 0, False
    while place < len(pattern):
        letter = pattern[place]
        if letter == "\\":
            made.append(pattern[place : place + 2])
            place += 2
            continue
        if letter == "[" and not in_set:
            in_set = True
            # A bracket that stands first in a set is a letter of it.
            first = re.match(r"\[\^?\]?", pattern[place:])
            made.append(first[0] if first else letter)
            place += len(made[-1])
            continue
        if letter == "]":
            in_set = False
        counted = re.match(r"\{(\d+),(\d+)\}", pattern[place:]) if letter == "{" and not in_set else None
        if counted and int(counted[2]) >= 10:
            made.append(f"{{{min(int(counted[1]), 3)},}}")
            place += counted.end()
            continue
        made.append(letter)
        place += 1
    return "".join(made)


def compiled(pattern: str, where: str = "pattern") -> Any:
    """The RE2 program of a pattern. Raises ``invalid`` or ``conflict``, saying why.

    Refused are patterns that are no regular expressions of RE2 (no look-around, no back references), that
    are too long or too large, and, as a conflict with what jobs print, those that match everything.
    """
    import re2

    if not pattern.strip() or len(pattern) > _LONGEST_PATTERN:
        raise invalid(
            f"a pattern has 1 to {_LONGEST_PATTERN} letters",
            where=where,
            hint="Shorten it to what is typical of the failure.",
        )
    try:
        program = re2.compile("(?m)" + pattern, options(captures=True))
        re2.compile("(?m)" + loose(pattern), options(captures=False))
    except re2.error as error:
        reason = error.args[0] if error.args else error
        reason = reason.decode("utf-8", "replace") if isinstance(reason, bytes) else str(reason)
        raise invalid(
            f"the pattern is not a regular expression that RE2 can run: {reason.replace('(?m)', '', 1)}",
            where=where,
            hint="There is no look-around and no back reference; a literal ( [ . * needs a backslash.",
        ) from error
    if program.search("") is not None or sum(program.search(line) is not None for line in _HARMLESS) >= 2:
        raise conflict(
            "the pattern matches ordinary lines, so it would explain every failure",
            where=where,
            hint="Add words that stand only in lines of this failure.",
        )
    return program


def check_size(pattern: str, where: str = "pattern") -> None:
    """Refuse, as ``invalid``, a pattern whose program is so large that many of them would fill memory.

    RE2 runs in linear time whatever the pattern; counted repetitions within each other make programs large.
    """
    program = compiled(pattern, where)
    size = max(program.programsize, program.reverseprogramsize)
    if size > _LARGEST_TAUGHT:
        raise invalid(
            f"the pattern is too large for its length: {size} steps, {_LARGEST_TAUGHT} at most",
            where=where,
            hint="Use * or + instead of large counted repetitions such as {1,1000}.",
        )


def check_places(pattern: str, texts: Mapping[str, Iterable[str]]) -> None:
    """Refuse, as a conflict, a text with a place, like ``{2}``, for which the expression captures nothing.

    ``texts`` are those that the captures fill, by the names of their fields.
    """
    groups = compiled(pattern, where="pattern").groups
    for name, given in texts.items():
        missing = [place for text in given for place in PLACEHOLDER.findall(text) if int(place) > groups]
        if missing:
            captures = "nothing" if not groups else "one part" if groups == 1 else f"{groups} parts"
            raise conflict(
                f"{{{missing[0]}}} stands for nothing: the expression captures {captures}",
                where=name,
                hint="Parentheses capture: {1} is what the first pair matched, {2} the second.",
            )
