"""A pattern from failures that recur: their lines become a template, the template a regular expression.

The expression must match every line that it was made of, and no telling line of a passing run. Where the most
telling line's does, the next telling one is tried: patterns look at single lines, so a neighbour that does
not stand in passing runs takes its place.
"""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.learning.failures.masking import mask, plain, without_time
from orcaops.learning.failures.matcher import compiled
from orcaops.learning.failures.templates import ANY, Templates
from orcaops.model.errors import OrcaError

LEAST_FAILURES, LEAST_CIRCUMSTANCES = 3, 2
"""How often a failure recurs, under how many commits, before it is proposed as a pattern."""

_PLACES = 3  # the most telling lines of a failure that may make a pattern
_MOST_WORDS = 30
_EXAMPLES = 3
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
_ASCII_WORD = re.compile(r"[A-Za-z]{3,}")


@dataclass(frozen=True, slots=True)
class Draft:
    """A pattern made of lines, the lines that it is an example of, and a title."""

    pattern: str
    title: str
    examples: tuple[str, ...]


def draft(failures: Sequence[Sequence[str]], passing: Iterable[str]) -> tuple[Draft | None, str]:
    """A pattern for failures, each given by its telling lines, most telling first; or None, and why.

    ``passing`` are the telling lines of passing runs. At least two thirds of the failures must have a line
    that it matches.
    """
    harmless = [without_time(plain(line)) for line in passing]
    why = "their lines have nothing in common"
    for place in range(_PLACES):
        lines = [without_time(plain(some[place])) for some in failures if len(some) > place]
        if not lines:
            continue
        made = _from_lines(lines)
        if made is None:
            continue
        program, pattern, words = made
        matched = sum(any(program.search(plain(line)) for line in some) for some in failures)
        if 3 * matched < 2 * len(failures):
            continue
        fired = sum(program.search(line) is not None for line in harmless)
        if fired:
            why = f"what they have in common stands in {fired} lines of passing runs too"
            continue
        examples = dict.fromkeys(line[:300] for line in lines if program.search(line[:300]))
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
