"""All patterns over a log at once, in linear time.

RE2 decides and RE2 captures, so no pattern that anybody teaches can hang it. Filters name the few patterns
whose words a piece of log holds at all; those are then searched line by line, once in a loose form (long
counted repetitions made open-ended, which keeps the automata small and never loses a match) and then
exactly. ``make bench`` measures megabytes per second.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from orcaops.learning.failures.harmless import harmless, tolerated
from orcaops.learning.failures.masking import plain
from orcaops.model.errors import OrcaError, conflict, invalid
from orcaops.model.pattern import FailurePattern

CATCH_ALL = "catch-all"
"""The tag of patterns that say only that something failed; every other pattern outranks them."""

GENERAL = "general"
"""The tag of patterns that say what failed, or where, but not why; those that say why go before them."""

_LONGEST_PATTERN = 4000
_CHUNK_BYTES = 3000
_LONGEST_LINE = 8000
_PROGRAM_BYTES = 32 << 20
_MOST_HITS = 20
# A filter's automaton is kept in 8 MB and built anew when it outgrows them. The words of 300 shipped patterns
# fit, and one filter is then faster than two; those of all do not. `make bench` measures both.
_MOST_IN_A_FILTER = 300
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
_PLACEHOLDER = re.compile(r"\{(\d)\}")
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
        groups[number - 1] for place in _PLACEHOLDER.findall(text) if (number := int(place)) <= len(groups)
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

    made = re.sub(r"\s+", " ", _PLACEHOLDER.sub(capture, text))
    return re.sub(r" ?\(\s*\)| (?=[.,;](?:\s|$)|\))|(?<=\() ", "", made).strip(" :,")


def _options(*, captures: bool) -> Any:
    import re2

    options = re2.Options()
    options.max_mem = _PROGRAM_BYTES
    options.never_nl = True
    options.log_errors = False
    options.never_capture = not captures
    return options


def _loose(pattern: str) -> str:
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
        program = re2.compile("(?m)" + pattern, _options(captures=True))
        re2.compile("(?m)" + _loose(pattern), _options(captures=False))
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


_LARGEST_TAUGHT = 20_000


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
        missing = [place for text in given for place in _PLACEHOLDER.findall(text) if int(place) > groups]
        if missing:
            captures = "nothing" if not groups else "one part" if groups == 1 else f"{groups} parts"
            raise conflict(
                f"{{{missing[0]}}} stands for nothing: the expression captures {captures}",
                where=name,
                hint="Parentheses capture: {1} is what the first pair matched, {2} the second.",
            )


class Matcher:
    """Finds known failures in lines or in a whole log. Build it once; it is safe to use from threads.

    Patterns that cannot be used are left out and listed in ``refused``.
    """

    def __init__(self, patterns: Iterable[FailurePattern]) -> None:
        self.patterns: list[FailurePattern] = []
        self.refused: list[tuple[FailurePattern, OrcaError]] = []
        self._exact: dict[int, Any] = {}
        self._gates: dict[int, Any] = {}
        for pattern in patterns:
            self.patterns.append(pattern)

    @cached_property
    def _filters(self) -> list[tuple[int, Any]]:
        """One filter for every few patterns, each with the number of its first."""
        import re2

        options = _options(captures=False)
        usable: list[FailurePattern] = []
        for pattern in self.patterns:
            try:
                re2.compile("(?m)" + _loose(pattern.pattern), options)
            except re2.error:
                self.refused.append((pattern, invalid("not a regular expression of RE2", where=pattern.id)))
            else:
                usable.append(pattern)
        self.patterns = usable
        each = -(-len(usable) // max(1, -(-len(usable) // _MOST_IN_A_FILTER)))
        made: list[tuple[int, Any]] = []
        for first in range(0, len(usable), max(1, each)):
            one = re2.Filter()
            for pattern in usable[first : first + each]:
                one.Add("(?m)" + _loose(pattern.pattern), options)
            one.Compile()
            made.append((first, one))
        return made

    def _possible(self, data: bytes) -> list[int]:
        """The numbers of the patterns that these bytes may match, by the words they need."""
        return [first + number for first, one in self._filters for number in one.Match(data, True) or ()]

    def _program(self, number: int) -> Any:
        program = self._exact.get(number)
        if program is None:
            import re2

            program = re2.compile("(?m)" + self.patterns[number].pattern, _options(captures=True))
            self._exact[number] = program
        return program

    def _loose_program(self, number: int) -> Any:
        program = self._gates.get(number)
        if program is None:
            import re2

            expression = ("(?m)" + _loose(self.patterns[number].pattern)).encode()
            program = re2.compile(expression, _options(captures=False))
            self._gates[number] = program
        return program

    def match_line(self, text: str, offset: int = 0) -> list[Match]:
        """All patterns that a line matches: specific, then general ones; taught first, then by length."""
        line = plain(text)
        if not line:
            return []
        found: list[Match] = []
        data = line.encode("utf-8", "replace")
        for number in self._possible(data):
            hit = self._loose_program(number).search(data) and self._program(number).search(line)
            if hit and _tells(self.patterns[number], line):
                found.append(Match(self.patterns[number], offset, line, tuple(hit.groups()), hit.group(0)))
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

        ``chunks`` are pieces of the log as bytes, cut anywhere. Memory is flat: a line longer than
        8 kB is looked at in pieces of that length.
        """
        found: dict[str, list[Match]] = {}
        for offset, block in _blocks(chunks):
            clean = _COLOUR.sub(b"", block) if b"\x1b" in block else block
            clean = clean.replace(b"\r", b"\n") if b"\r" in clean else clean
            if b"\0" in clean and 3 * clean.count(0) > len(clean):
                clean = clean.replace(b"\0", b"")  # UTF-16, as some Windows tools write it
            for number in self._possible(clean):
                pattern = self.patterns[number]
                if len(found.get(pattern.id, ())) < _MOST_HITS and self._loose_program(number).search(clean):
                    self._verify(number, offset, block, clean, found)
        return found

    def _verify(
        self, number: int, offset: int, block: bytes, clean: bytes, found: dict[str, list[Match]]
    ) -> None:
        pattern, program = self.patterns[number], self._program(number)
        starts = {
            clean.rfind(b"\n", 0, hit.start()) + 1 for hit in self._loose_program(number).finditer(clean)
        }
        for start in sorted(starts):
            line, after = (plain(one.decode("utf-8", "replace")) for one in _two_lines(clean, start))
            hit = program.search(line)
            if hit is None or not _tells(pattern, line, after):
                continue
            places = found.setdefault(pattern.id, [])
            if len(places) < _MOST_HITS:
                # Cleaning keeps the number of breaks: the n-th part of one is the n-th part of the other.
                before = clean.count(b"\n", 0, start)
                rest = re.split(rb"[\r\n]", block, maxsplit=before)[-1] if before else block
                place = block.rfind(b"\n", 0, len(block) - len(rest)) + 1
                places.append(Match(pattern, offset + place, line, tuple(hit.groups()), hit.group(0)))


def _tells(pattern: FailurePattern, line: str, after: str = "") -> bool:
    """Whether a line that a pattern matches counts.

    Shipped ones leave alone what says that it is harmless, itself or in the line ``after`` it.
    """
    return pattern.source != "shipped" or not (harmless(line) or tolerated(after))


def _two_lines(data: bytes, start: int) -> tuple[bytes, bytes]:
    """The line that begins there and the one below it, each at most :data:`_LONGEST_LINE` bytes."""
    lines = data[start : start + 2 * _LONGEST_LINE].split(b"\n", 2)
    return lines[0], lines[1][:_LONGEST_LINE] if len(lines) > 1 else b""


def _blocks(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Pieces of whole lines of about :data:`_CHUNK_BYTES`, each with its offset."""
    offset, rest = 0, b""
    for chunk in chunks:
        data = rest + chunk if rest else chunk
        place = 0
        while len(data) - place >= _CHUNK_BYTES:
            cut = data.rfind(b"\n", place, place + _CHUNK_BYTES) + 1
            if cut <= place:
                ahead = data.find(b"\n", place + _CHUNK_BYTES, place + _LONGEST_LINE)
                if ahead < 0 and len(data) - place < _LONGEST_LINE:
                    break
                cut = ahead + 1 if ahead >= 0 else place + _LONGEST_LINE
            yield offset + place, data[place:cut]
            place = cut
        offset += place
        rest = data[place:]
    if rest:
        yield offset, rest
