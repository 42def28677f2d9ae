"""The few lines of a log in which a pattern may match at all.

Automatons of the words that patterns need (:mod:`~orcaops.learning.failures.required_words`) pass over the
log, by the algorithm of Aho and Corasick (1975), and name the lines that hold one. Nothing is lost: in what a
sieve lets fall, no pattern matches. ``make bench`` measures megabytes per second.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from orcaops.learning.failures.required_words import ignores_case, required_words

_LONGEST_LINE = 2000
_BEFORE_A_WORD = 400
_DIGITS_ALIKE = bytes.maketrans(b"123456789", b"000000000")
_DIGITS_AND_CASES_ALIKE = _DIGITS_ALIKE.lower()

Span = tuple[int, int]
"""Where a line begins in a text, and where it ends."""


class Sieve:
    """Tells which of many regular expressions may match, and where. Safe to use from threads."""

    def __init__(self, expressions: Sequence[str]) -> None:
        as_written: dict[str, list[int]] = {}
        in_any_case: dict[str, list[int]] = {}
        self._wordless: list[int] = []
        for number, expression in enumerate(expressions):
            words = required_words(expression)
            any_case = ignores_case(expression)
            # Letters beyond ASCII change their case in ways that bytes do not.
            if not words or (any_case and not all(word.isascii() for word in words)):
                self._wordless.append(number)
            elif any_case:
                for word in {word.lower() for word in words}:
                    in_any_case.setdefault(word, []).append(number)
            else:
                for word in words:
                    as_written.setdefault(word, []).append(number)
        self._words = [
            _Words(words, alike)
            for words, alike in ((as_written, _DIGITS_ALIKE), (in_any_case, _DIGITS_AND_CASES_ALIKE))
            if words
        ]

    def candidates(self, text: bytes) -> dict[int, list[Span]]:
        """The lines of a text in which each expression may match, by the expression's number.

        Of a line longer than 2 kB they hold what surrounds the words.
        """
        found: dict[int, list[Span]] = {}
        for words in self._words:
            words.add_candidates(text, found)
        if self._wordless:
            lines = list(_all_lines(text))
            found.update(dict.fromkeys(self._wordless, lines))
        return found


class _Words:
    """Finds the lines that hold words, once the ``alike`` letters are made one; each with who needs it."""

    def __init__(self, needed_by: Mapping[str, list[int]], alike: bytes) -> None:
        import ahocorasick_rs

        self._alike = alike
        self._needed_by = list(needed_by.values())
        self._automaton: Any = ahocorasick_rs.BytesAhoCorasick(
            [word.encode() for word in needed_by], implementation=ahocorasick_rs.Implementation.DFA
        )

    def add_candidates(self, text: bytes, found: dict[int, list[Span]]) -> None:
        line = (0, 0)
        for word, first, last in self._automaton.find_matches_as_indexes(
            text.translate(self._alike), overlapping=True
        ):
            if first >= line[1]:
                line = _line_around(text, first, last, line[1])
            for number in self._needed_by[word]:
                lines = found.get(number)
                if lines is None:
                    found[number] = [line]
                elif lines[-1] is not line:
                    lines.append(line)


def _line_around(text: bytes, first: int, last: int, after: int) -> Span:
    """The line around a word, or what is near to it in a long one, as far as it lies ``after`` a place."""
    start = text.rfind(b"\n", after, first) + 1 or after
    end = text.find(b"\n", last)
    if end < 0:
        end = len(text)
    if end - start > _LONGEST_LINE:
        start = max(start, first - _BEFORE_A_WORD)
        end = min(end, max(last, start + _LONGEST_LINE))
    return start, end


def _all_lines(text: bytes) -> Iterator[Span]:
    place = 0
    while place < len(text):
        end = text.find(b"\n", place, place + _LONGEST_LINE)
        if end < 0:
            end = min(len(text), place + _LONGEST_LINE)
        yield place, end
        place = end + (text[end : end + 1] == b"\n")
