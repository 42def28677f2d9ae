r"""Words one of which stands in every line that a pattern matches.

>>> required_words(r"No module named '(\w+)'")
("No module named '",)
>>> required_words(r"\w+ (?:fatal )?problems? found")
(' problem found', ' problems found')
>>> required_words(r"Error: CS\d+")
('Error: CS0',)
>>> required_words(r"\w+ \w+")
()

They let one automaton pass over a log and name the few lines that are worth a closer look. ``0`` stands in
them for any digit. Where syntax is not understood, or the words would stand in too many lines, there are
none, and such a pattern is looked for everywhere.
"""

import re
from dataclasses import dataclass, replace
from functools import cache

_MOST_WORDS = 32
"""Words that a stretch of a pattern may come to when its choices are written out."""
_LEAST_WEIGHT = 0.75
_DIGIT = "0"
# fmt: off
_EVERYWHERE = frozenset(
    (
        "at", "bash", "c", "cc", "cpp", "erl", "file", "go", "http", "https", "in", "info", "is",
        "java", "js", "line", "lua", "name", "of", "on", "php", "py", "rb", "remote", "rs", "run",
        "scala", "sh", "test", "tests", "the", "time", "to", "ts", "txt", "warn",
    )
)
"""Words of so many lines that they tell next to nothing."""
_COMMON = frozenset(
    (
        "actual", "build", "building", "closed", "code", "connection", "error", "errors", "exception",
        "expect", "expected", "fail", "failed", "failing", "failure", "found", "from", "invalid",
        "lines", "message", "module", "not", "running", "start", "started", "status", "suite", "test",
        "testing", "unexpected", "version", "warning", "warnings",
    )
)
"""Words of logs in which nothing failed: however long they are, they tell little."""
# fmt: on
_ORDINARY_SIGNS = frozenset(" .:/-()[]" + _DIGIT)
_TOKEN = re.compile(r"[A-Za-z]+|[^A-Za-z]")

_FLAGS = re.compile(r"\(\?([ims]+)\)")
_GROUP = re.compile(r"\((?:\?(?:P?<\w+>|:)|(?!\?))")
_SET = re.compile(r"\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]", re.DOTALL)
_DIGITS = re.compile(r"\[(?:[0-9](?:-[0-9])?)+\]")
_FEW_LETTERS = re.compile(r"\[([^\\\-\[\]^][^\\\-\[\]]{0,3})\]")
_COUNT = re.compile(r"(?:([*+?])|\{(\d+)(,?)(\d*)\})\??")
_ANY_DIGIT = re.compile("[0-9]")
_LETTERS = re.compile(r"[^\\.\[\](){}|^$*+?]+(?![*+?{])")
_CONTROLS = {"t": "\t", "f": "\f", "v": "\v"}


class _NotUnderstoodError(Exception):
    """A pattern has syntax of which no words are read."""


_NOTHING = frozenset({""})
_SPACES = frozenset(" \t\f")
"""What white space of RE2 stands within a line."""


@dataclass(frozen=True, slots=True)
class _Part:
    """A letter, set or group of a pattern.

    ``texts`` are all that it can be, once, and ``None`` where they are too many or not known; ``choices`` are
    the alternatives of a group; ``most`` is ``None`` for any number.
    """

    texts: frozenset[str] | None
    choices: "tuple[tuple[_Part, ...], ...]" = ()
    least: int = 1
    most: int | None = 1

    def written_out(self) -> frozenset[str] | None:
        """All texts that it can be as often as it may stand there."""
        if self.least and self.most == self.least:
            return self.at_least()
        if self.texts is None or self.least or self.most != 1:
            return None
        return self.texts | {""}

    def at_least(self) -> frozenset[str] | None:
        """All texts that it can be as often as it must stand there."""
        if self.texts is None or not self.least or (self.least > 1 and len(self.texts) > 1):
            return None
        return frozenset(text * min(self.least, _MOST_WORDS) for text in self.texts)

    def edge(self, *, first: bool) -> frozenset[str]:
        """Texts one of which it is sure to begin (or to end) with; the empty one where nothing is sure."""
        sure = self.at_least()
        if sure is not None or not self.choices or not self.least:
            return sure or _NOTHING
        texts = frozenset[str]().union(*(_edge(parts, first=first) for parts in self.choices))
        return texts if len(texts) <= _MOST_WORDS else _NOTHING


def required_words(pattern: str) -> tuple[str, ...]:
    """The words of a regular expression, one of which every line that it matches holds, sorted.

    Those of an expression that ignores case (see :func:`ignores_case`) stand there in some case.
    """
    flags = _FLAGS.match(pattern)
    try:
        choices, end = _choices(pattern, flags.end() if flags else 0)
        weight, words = _heaviest_of_each(choices)
    except (_NotUnderstoodError, RecursionError):  # groups within groups, hundreds deep
        return ()
    if weight < _LEAST_WEIGHT or end < len(pattern):
        return ()
    return tuple(sorted(_shortest(words)))


def _shortest(words: frozenset[str]) -> list[str]:
    """Words without those that hold another one."""
    kept: list[str] = []
    for word in sorted(words, key=len):
        if not any(one in word for one in kept):
            kept.append(word)
    return kept


def ignores_case(pattern: str) -> bool:
    """Whether a regular expression matches in any case."""
    flags = _FLAGS.match(pattern)
    return flags is not None and "i" in flags[1]


def _heaviest_of_each(choices: tuple[tuple[_Part, ...], ...]) -> tuple[float, frozenset[str]]:
    """The words that tell most of each alternative, and what the least telling of them weighs."""
    found = [_heaviest(parts) for parts in choices]
    return min(weight for weight, _ in found), frozenset().union(*(words for _, words in found))


def _heaviest(parts: tuple[_Part, ...]) -> tuple[float, frozenset[str]]:
    """The words of the stretch of a sequence that tells most; (0, none) where nothing surely stands there."""
    found: list[tuple[float, frozenset[str]]] = [(0.0, frozenset())]
    stretch = _NOTHING

    def end() -> None:
        found.append((min(map(_weight, stretch)), stretch))

    for part in parts:
        texts = part.written_out()
        if texts is not None and len(texts) * len(stretch) <= _MOST_WORDS:
            stretch = _joined(stretch, texts)
            continue
        begin = part.edge(first=True)
        if len(begin) * len(stretch) <= _MOST_WORDS:
            stretch = _joined(stretch, begin)
        end()
        stretch = part.edge(first=False)
        if part.choices and part.least:
            found.append(_heaviest_of_each(part.choices))
    end()
    return max(found, key=lambda one: one[0])


def _edge(parts: tuple[_Part, ...], *, first: bool) -> frozenset[str]:
    """Texts one of which a sequence is sure to begin (or to end) with."""
    texts = _NOTHING
    for part in parts if first else reversed(parts):
        whole = part.written_out()
        more = part.edge(first=first) if whole is None else whole
        if len(texts) * len(more) > _MOST_WORDS:
            break
        texts = _joined(texts, more) if first else _joined(more, texts)
        if whole is None:
            break
    return texts


def _joined(before: frozenset[str], after: frozenset[str]) -> frozenset[str]:
    return frozenset(first + second for first in before for second in after)


def _weight(word: str) -> float:
    """How much a word tells, in letters of a rare word."""
    return sum(map(_weight_of_token, _TOKEN.findall(word)))


@cache
def _weight_of_token(token: str) -> float:
    if token in _EVERYWHERE:
        return 1.0
    if token.lower() in _COMMON:
        return 2.5
    if token.isalpha() and token.isascii():
        return len(token) if len(token) > 1 else 0.5
    if token in _ORDINARY_SIGNS:
        return 0.25
    return 1.0 if token.isascii() else 2.0


def _choices(pattern: str, place: int) -> tuple[tuple[tuple[_Part, ...], ...], int]:
    """The alternatives from a place on, and where they end: at a closing bracket, or with the pattern."""
    choices: list[tuple[_Part, ...]] = []
    parts: list[_Part] = []
    while place < len(pattern) and pattern[place] != ")":
        if letters := _LETTERS.match(pattern, place):
            parts.append(_letters(letters[0]))
            place = letters.end()
            continue
        if pattern[place] == "|":
            choices.append(tuple(parts))
            parts, place = [], place + 1
            continue
        part, place = _part(pattern, place)
        if counted := _COUNT.match(pattern, place):
            part, place = _counted(part, counted), counted.end()
            parts.append(part)
        elif len(part.choices) == 1:
            # What a group without alternatives begins and ends with joins what stands around it.
            parts.extend(part.choices[0])
        else:
            parts.append(part)
    return (*choices, tuple(parts)), place


def _part(pattern: str, place: int) -> tuple[_Part, int]:
    letter = pattern[place]
    if letter == "(":
        return _group(pattern, place)
    if letter == "[":
        return _set(pattern, place)
    if letter == "\\":
        return _escaped(pattern, place)
    if letter in "^$":
        return _Part(_NOTHING), place + 1
    if letter in "*+?":
        raise _NotUnderstoodError
    return _Part(None) if letter == "." else _letters(letter), place + 1


def _letters(text: str) -> _Part:
    return _Part(frozenset({_ANY_DIGIT.sub(_DIGIT, text)}))


def _group(pattern: str, place: int) -> tuple[_Part, int]:
    opened = _GROUP.match(pattern, place)
    if not opened:
        raise _NotUnderstoodError
    choices, end = _choices(pattern, opened.end())
    if end >= len(pattern):
        raise _NotUnderstoodError
    return _Part(_texts_of_each(choices), choices), end + 1


def _texts_of_each(choices: tuple[tuple[_Part, ...], ...]) -> frozenset[str] | None:
    """All texts that a group can be."""
    found: set[str] = set()
    for parts in choices:
        texts = _NOTHING
        for part in parts:
            more = part.written_out()
            if more is None or len(texts) * len(more) > _MOST_WORDS:
                return None
            texts = _joined(texts, more)
        found |= texts
    return frozenset(found) if len(found) <= _MOST_WORDS else None


def _set(pattern: str, place: int) -> tuple[_Part, int]:
    found = _SET.match(pattern, place)
    if not found:
        raise _NotUnderstoodError
    if _DIGITS.fullmatch(found[0]):
        return _Part(frozenset({_DIGIT})), found.end()
    few = _FEW_LETTERS.fullmatch(found[0])
    return _Part(frozenset(_ANY_DIGIT.sub(_DIGIT, few[1])) if few else None), found.end()


def _escaped(pattern: str, place: int) -> tuple[_Part, int]:
    letter = pattern[place + 1 : place + 2]
    if not letter:
        raise _NotUnderstoodError
    if letter in "bB":
        return _Part(_NOTHING), place + 2
    if letter == "d":
        return _Part(frozenset({_DIGIT})), place + 2
    if letter == "s":
        return _Part(_SPACES), place + 2
    if letter in "DSwWnr":
        return _Part(None), place + 2
    if letter.isascii() and (not letter.isalnum() or letter in _CONTROLS):
        return _letters(_CONTROLS.get(letter, letter)), place + 2
    raise _NotUnderstoodError


def _counted(part: _Part, counted: re.Match[str]) -> _Part:
    sign, least, comma, most = counted.groups()
    if sign:
        return replace(part, least=int(sign == "+"), most=1 if sign == "?" else None)
    return replace(part, least=int(least), most=int(most) if most else None if comma else int(least))
