"""All patterns over a log at once, in linear time.

RE2 decides and RE2 captures, so no pattern that anybody teaches can hang it. A sieve names the few lines and
patterns that come into question; those are then searched, once in a loose form (long counted repetitions made
open-ended, which keeps the automata small and never loses a match) and then exactly.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from typing import Any

from orcaops.learning.failures.expressions import PLACEHOLDER, loose, options
from orcaops.learning.failures.harmless import harmless, tolerated
from orcaops.learning.failures.masking import plain
from orcaops.learning.failures.sieve import Sieve, Span
from orcaops.model.errors import OrcaError, invalid
from orcaops.model.pattern import FailurePattern

CATCH_ALL = "catch-all"
"""The tag of patterns that say only that something failed; every other pattern outranks them."""

GENERAL = "general"
"""The tag of patterns that say what failed, or where, but not why; those that say why go before them."""

_BLOCK_BYTES = 65_536
_LONGEST_LINE = 2000
_MOST_HITS = 20
_REMEMBERED = 512  # lines: one that tells is asked about several times, and the same ones come again
_COLOUR = re.compile(rb"\x1b\[[0-?]*[ -/]*[@-~]")


@dataclass(frozen=True, slots=True)
class Match:
    """One pattern found in one line; ``groups`` are its captures, ``None`` where a group took no part."""

    pattern: FailurePattern
    offset: int
    text: str
    groups: tuple[str | None, ...] = ()
    matched: str = ""

    @property
    def catch_all(self) -> bool:
        """Whether the pattern says only that something failed."""
        return CATCH_ALL in self.pattern.tags

    @property
    def general(self) -> bool:
        """Whether the pattern says what failed, or where, but not why."""
        return GENERAL in self.pattern.tags

    @property
    def title(self) -> str:
        """The pattern's title, filled from the match."""
        return filled(self.pattern.title, self.groups)

    @property
    def description(self) -> str:
        """The pattern's description, filled from the match."""
        return filled(self.pattern.description, self.groups)

    @property
    def solutions(self) -> tuple[str, ...]:
        """The pattern's solutions, filled from the match."""
        return tuple(filled(one, self.groups) for one in self.pattern.solutions)

    @property
    def named(self) -> int:
        """What of its placeholders the line fills: 2 those of solutions, 1 others, 0 none."""
        if any(_fills(one, self.groups) for one in self.pattern.solutions):
            return 2
        return 1 if any(self.groups) else 0


def _fills(text: str, groups: Sequence[str | None]) -> bool:
    """Whether some place of a text is filled by captures."""
    return any(
        groups[number - 1] for place in PLACEHOLDER.findall(text) if (number := int(place)) <= len(groups)
    )


def filled(text: str, groups: Sequence[str | None]) -> str:
    """A text with ``{1}``, ``{2}`` … replaced by captures; what captured nothing leaves no trace.

    >>> filled("Install missing module: pip install {1}", ("requests",))
    'Install missing module: pip install requests'
    >>> filled("Test {1}{2} failed: {3}", (None, "test_a", None))
    'Test test_a failed'
    >>> filled("Install {1} from here (pip install -e .)", ("it",))
    'Install it from here (pip install -e .)'
    """
    if "{" not in text:
        return text

    def capture(found: re.Match[str]) -> str:
        number = int(found[1])
        return (groups[number - 1] or "").strip() if 1 <= number <= len(groups) else ""

    made = re.sub(r"\s+", " ", PLACEHOLDER.sub(capture, text))
    return re.sub(r" ?\(\s*\)| (?=[.,;](?:\s|$)|\))|(?<=\() ", "", made).strip(" :,")


class Matcher:
    """Finds known failures in lines or in a whole log. Build it once; it is safe to use from threads.

    Patterns that cannot be used are left out and listed in ``refused``.
    """

    def __init__(self, patterns: Iterable[FailurePattern]) -> None:
        self.patterns: list[FailurePattern] = []
        self.refused: list[tuple[FailurePattern, OrcaError]] = []
        self._exact: dict[int, Any] = {}
        self._gates: dict[int, Any] = {}
        self._remembered = lru_cache(maxsize=_REMEMBERED)(self._matched)  # patterns never change
        for pattern in patterns:
            self.patterns.append(pattern)

    @cached_property
    def _sieve(self) -> Sieve:
        import re2

        within = options(captures=False)
        usable: list[FailurePattern] = []
        for pattern in self.patterns:
            try:
                re2.compile("(?m)" + loose(pattern.pattern), within)
            except re2.error:
                self.refused.append((pattern, invalid("not a regular expression of RE2", where=pattern.id)))
            else:
                usable.append(pattern)
        self.patterns = usable
        return Sieve([pattern.pattern for pattern in usable])

    def _program(self, number: int) -> Any:
        program = self._exact.get(number)
        if program is None:
            import re2

            program = re2.compile("(?m)" + self.patterns[number].pattern, options(captures=True))
            self._exact[number] = program
        return program

    def _loose_program(self, number: int) -> Any:
        program = self._gates.get(number)
        if program is None:
            import re2

            expression = ("(?m)" + loose(self.patterns[number].pattern)).encode()
            program = re2.compile(expression, options(captures=False))
            self._gates[number] = program
        return program

    def match_line(self, text: str, offset: int = 0) -> list[Match]:
        """All patterns that a line matches: specific, then general ones; taught first, then by length."""
        line = plain(text)
        return [replace(match, offset=offset) for match in self._remembered(line)] if line else []

    def _matched(self, line: str) -> Sequence[Match]:
        """The same of a plain line, wherever it stands."""
        found: list[Match] = []
        data = line.encode("utf-8", "replace")
        for number in sorted(self._sieve.candidates(data)):
            hit = self._loose_program(number).search(data) and self._program(number).search(line)
            if hit and _tells(self.patterns[number], line):
                found.append(Match(self.patterns[number], 0, line, tuple(hit.groups()), hit.group(0)))
        found.sort(
            key=lambda one: (
                one.catch_all,
                one.general,
                one.pattern.source == "shipped",
                -len(one.matched),
                one.pattern.id,
            )
        )
        return found

    def match_lines(self, lines: Iterable[tuple[int, str]]) -> list[Match]:
        """The patterns found in lines, each once; catch-alls come last.

        Where a pattern stands in several lines, it is the first that names what its placeholders stand
        for, those of its solutions before those of its title: "npm error code E404" says less than the line
        below it, which names the package, and only the line that names the test tells how to run it.
        """
        told: dict[str, Match] = {}
        for offset, text in lines:
            for match in self.match_line(text, offset):
                before = told.get(match.pattern.id)
                if before is None or match.named > before.named:
                    told[match.pattern.id] = match
        return sorted(told.values(), key=lambda one: one.catch_all)

    def scan(self, chunks: Iterable[bytes]) -> dict[str, list[Match]]:
        """The patterns found in a whole log, by id, each with its first twenty places.

        ``chunks`` are pieces of the log as bytes, cut anywhere. Memory is flat: of a line longer than 2 kB
        what surrounds the words that patterns need is looked at.
        """
        found: dict[str, list[Match]] = {}
        for block in _blocks(chunks):
            for number, lines in self._sieve.candidates(block.clean).items():
                places = found.get(self.patterns[number].id, ())
                if len(places) < _MOST_HITS:
                    self._look(number, block, lines, found)
        return found

    def _look(
        self, number: int, block: "_Block", lines: Sequence[Span], found: dict[str, list[Match]]
    ) -> None:
        """Look for a pattern in some lines of a block."""
        together = b"\n".join([block.clean[start:end] for start, end in lines])
        hits = {
            lines[together.count(b"\n", 0, hit.start())]
            for hit in self._loose_program(number).finditer(together)
        }
        for start, end in sorted(hits):
            after = block.clean[end + 1 : end + 1 + _LONGEST_LINE].split(b"\n", 1)[0]
            match = self._match_of(number, block.clean[start:end], after)
            if match is None:
                continue
            places = found.setdefault(match.pattern.id, [])
            if len(places) < _MOST_HITS:
                places.append(replace(match, offset=block.place(start)))

    def _match_of(self, number: int, raw: bytes, after: bytes) -> Match | None:
        """What a pattern says of a line; ``after`` is the line below it."""
        pattern = self.patterns[number]
        line = plain(raw.decode("utf-8", "replace"))
        hit = self._program(number).search(line)
        if hit is None or not _tells(pattern, line, plain(after.decode("utf-8", "replace"))):
            return None
        return Match(pattern, 0, line, tuple(hit.groups()), hit.group(0))


def _tells(pattern: FailurePattern, line: str, after: str = "") -> bool:
    """Whether a line that a pattern matches counts.

    Shipped ones leave alone what says that it is harmless, itself or in the line ``after`` it.
    """
    return pattern.source != "shipped" or not (harmless(line) or tolerated(after))


class _Block:
    """A part of a log, and the text in which patterns are looked for: with as many line breaks."""

    def __init__(self, offset: int, raw: bytes) -> None:
        self._offset = offset
        self._raw = raw
        clean = _COLOUR.sub(b"", raw) if b"\x1b" in raw else raw
        clean = clean.replace(b"\r", b"\n") if b"\r" in clean else clean
        if b"\0" in clean and 3 * clean.count(0) > len(clean):
            clean = clean.replace(b"\0", b"")  # UTF-16, as some Windows tools write it
        self.clean = clean

    def place(self, start: int) -> int:
        """Where in the log the line stands that begins there in the clean text."""
        if len(self._raw) == len(self.clean):
            place = start
        else:
            place = self._starts[self.clean.count(b"\n", 0, start)]
        line = self._raw.rfind(b"\n", 0, place) + 1
        return self._offset + (line if place - line < _LONGEST_LINE else place)

    @cached_property
    def _starts(self) -> list[int]:
        """Where the lines of the clean text begin in the raw one."""
        import numpy as np

        letters = np.frombuffer(self._raw, dtype=np.uint8)
        return [0, *(np.flatnonzero((letters == 10) | (letters == 13)) + 1).tolist()]


def _blocks(chunks: Iterable[bytes]) -> Iterator[_Block]:
    """Blocks of about :data:`_BLOCK_BYTES`, of whole lines where these are not longer."""
    offset, rest = 0, b""
    for chunk in chunks:
        data = rest + chunk if rest else chunk
        place = 0
        while len(data) - place >= _BLOCK_BYTES:
            cut = data.rfind(b"\n", place, place + _BLOCK_BYTES) + 1 or place + _BLOCK_BYTES
            yield _Block(offset + place, data[place:cut])
            place = cut
        offset += place
        rest = data[place:]
    if rest:
        yield _Block(offset, rest)
