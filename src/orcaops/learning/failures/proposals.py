"""A pattern from failures that recur: their lines become a template, the template a regular expression.

The expression must match every line that it was made of, and nothing that passing runs print. Where that of
the line that names the failure does, the same words at the start of a line are tried, then the next telling
line: patterns look at single lines, so a neighbour that does not stand in passing runs takes its place.
Lines that say only that something failed ("exit status 1") make no pattern.
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.learning.failures.causes import VERDICT, severity
from orcaops.learning.failures.expressions import compiled
from orcaops.learning.failures.masking import mask, plain, without_time
from orcaops.learning.failures.templates import ANY, Templates
from orcaops.model.errors import OrcaError

LEAST_FAILURES, LEAST_CIRCUMSTANCES = 3, 2
"""How often a failure recurs, under how many commits, before it is proposed as a pattern."""

_PLACES = 3  # the most telling lines of a failure that may make a pattern
_MOST_WORDS = 30
_EXAMPLES = 3
_LONGEST = 300  # letters of an example
_MASKS = {
    "n": r"[0-9][0-9.,]*(?:\s?[A-Za-z%µ]{1,8})?",
    "url": r"[a-zA-Z][a-zA-Z0-9+.-]*://[^\s'\"<>)\]}]+",
    "email": r"\S+@\S+",
    "ip": r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}(?::[0-9]+)?",
    "mac": r"[0-9a-fA-F:]{17}",
    "hex": r"0[xX][0-9a-fA-F]+",
    "hash": r"[0-9a-fA-F]{7,64}",
    "uuid": r"[0-9a-fA-F-]{36}",
    "time": r"[0-9][0-9T:., Z+-]*",
    "path": r"[^\s'\"]*",
}
_MASK = re.compile(r"<(n|url|email|ip|mac|hex|hash|uuid|time|path)>")
_AT_THE_START = r"^(?:[\[(]?[0-9][0-9T:.,/+Z-]*[\])]?\s+){0,3}"  # or behind a time stamp
_ASCII_WORD = re.compile(r"[A-Za-z]{3,}")


@dataclass(frozen=True, slots=True)
class Draft:
    """A pattern made of lines, the lines that it is an example of, and a title."""

    pattern: str
    title: str
    examples: tuple[str, ...]


def draft(
    failures: Sequence[Sequence[str]],
    passing: Iterable[str],
    *,
    named: Sequence[str] = (),
    printed: Callable[[Any], int] = lambda _program: 0,
) -> tuple[Draft | None, str]:
    """A pattern for failures, each given by its telling lines, most telling first; or None, and why.

    ``passing`` are the telling lines of passing runs; ``printed`` says in how many whole logs of passing runs
    a program is found. ``named`` is, of each failure, the text that names it. At least two thirds of the
    failures must have a line that the pattern matches.
    """
    harmless = [without_time(plain(line)) for line in passing]
    telling = [
        [bare for line in some if severity(bare := without_time(plain(line))) != VERDICT] for some in failures
    ]
    why = "their lines have nothing in common"
    names = [without_time(plain(text)) for text in named]
    places = [[some[place] for some in telling if len(some) > place] for place in range(_PLACES)]
    for lines in ([name for name in names if severity(name) != VERDICT], *places):
        made = _from_lines(lines) if lines else None
        if made is None:
            continue
        program, pattern, words = made
        if any(map(program.search, harmless)):
            # Scripts are often echoed before they run: the line itself begins with these words.
            pattern = _AT_THE_START + pattern
            program = compiled(pattern)
        found = [next((line for line in some if program.search(line[:_LONGEST])), None) for some in telling]
        examples = dict.fromkeys(line[:_LONGEST] for line in found if line is not None)
        if 3 * sum(line is not None for line in found) < 2 * len(failures):
            continue
        fired = sum(program.search(line) is not None for line in harmless)
        if fired:
            why = f"what they have in common stands in {fired} lines of passing runs too"
            continue
        if fired := printed(program):
            why = f"what they have in common stands in {fired} logs of passing runs too"
            continue
        return Draft(pattern, words, tuple(examples)[:_EXAMPLES]), ""
    return None, why


def _from_lines(lines: Sequence[str]) -> tuple[Any, str, str] | None:
    templates = Templates()
    for line in lines:
        templates.learn_masked(mask(line))
    best = next(iter(templates.all()), None)
    if best is None or best.count * 3 < len(lines) * 2:
        best_words = Counter(mask(line) for line in lines).most_common(1)[0][0].split()
    else:
        best_words = best.words
    pattern = expression(best_words)
    if pattern is None:
        return None
    try:
        program = compiled(pattern)
    except OrcaError:
        return None
    title = _MASK.sub("…", " ".join(best_words).replace(ANY, "…"))
    return program, pattern, title[:120]


def expression(words: Sequence[str]) -> str | None:
    r"""The regular expression of a template's words; None if hardly a word of it stays the same.

    >>> expression("Worker <n> lost its lease on <*>".split())
    'Worker\\s+[0-9][0-9.,]*(?:\\s?[A-Za-z%µ]{1,8})?\\s+lost\\s+its\\s+lease\\s+on\\s+\\S+'
    """
    kept = list(words[:_MOST_WORDS])
    while kept and kept[-1] == ANY and len(words) > _MOST_WORDS:
        kept.pop()
    solid = sum(
        len(found) for word in kept if word != ANY for found in _ASCII_WORD.findall(_MASK.sub("", word))
    )
    if solid < 8:
        return None
    return r"\s+".join(r"\S+" if word == ANY else _word(word) for word in kept)


def _word(word: str) -> str:
    parts: list[str] = []
    place = 0
    for found in _MASK.finditer(word):
        parts += [re.escape(word[place : found.start()]), _MASKS[found[1]]]
        place = found.end()
        if found[1] == "path" and word[place : place + 1] == "/":
            place += 1  # of a path the last part is kept, its slash belongs to what is masked
    parts.append(re.escape(word[place:]))
    return "".join(parts).replace(r"\ ", " ")
