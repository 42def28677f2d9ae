"""Names in a question: what a workspace really has, found in the words, and what is meant for it.

>>> known = Known({"name": ("unit-tests", "deploy"), "branch": ("main",), "label:team": ("search",)})
>>> named, words = known.find("did deploy fail on main for the search team")
>>> [one.search for one in named], words
(['name:deploy', 'branch:main', 'label:team=search'], 'did ⟨n0⟩ fail on ⟨n1⟩ for the ⟨n2⟩')
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property

from orcaops.services.asking.understanding.lexicon import meanings

FIELD_WORDS = {
    "name": r"(?:jobs?|runs?|builds?|tasks?|pipelines?|workflows?|name|named|called)",
    "image": r"(?:images?|containers?)",
    "branch": r"(?:branch|branches)",
    "host": r"(?:hosts?|machines?|runners?|nodes?|servers?)",
    "executor": r"(?:executors?|engine)",
    "command": r"(?:commands?)",
    "commit": r"(?:commits?|revision|sha)",
    "key": r"(?:keys?|baseline)",
    "source": r"(?:source|imported from|imports?)",
}
"""The words that say which field a name belongs to."""

_ORDER = ("name", "key", "branch", "image", "host", "executor", "command", "source")
_POINTS = (
    r"(?:on|of|for|in|from|at|does|did|do|is|has|was|will|to|with|the|than|vs|versus|and|or|job|branch"
    r"|why did)"
)
_WITHOUT = re.compile(
    r"(?:(?<=\beverything )|(?<=\banything )|(?<=\ball ))but (?:the )?$"
    r"|(?:\bbut )?\b(?:not|except|excluding|outside|other than|without"
    r"|besides|not counting|not including|leaving out|ignoring|apart from|aside from|minus|omitting)"
    r"(?: (?:the |those )?(?:ones|runs|jobs))?(?: on| in| for| with| from| of)?(?: the)? $"
)
_COMMIT = re.compile(
    r"\b(?:commits?|revision|sha|rev) ([0-9a-f]{4,40})\b"
    r"|(?<![\w-])(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])([0-9a-f]{7,40})(?![\w-])"
)
_JOB_ID = re.compile(r"(?<![\w-])(01[0-9a-hjkmnp-tv-z]{24})(?![\w-])")
_FIELD_VALUE = re.compile(
    r"(?<![\w:-])(-?)(status|name|image|branch|host|command|executor|commit|key|source|cause):"
    r"(\"[^\"]+\"|[\w./:@*-]*[\w*])"
)
_HAVING_LABEL = re.compile(
    r"\b(with(?:out)?|no|lacking|missing)(?: an?| the| any)? labels? (?:named |called )?"
    r"([a-z0-9][\w./-]*)(?![\w=])"
)
_LABELLED = re.compile(
    r"\b(with(?:out)?|no|lacking|missing|having)(?: an?| the| any)? ([a-z0-9][\w./-]*) labels?\b"
)
_MAYBE_ID = re.compile(r"(?<![\w./:=-])(?=[\w.-]*\d)[a-z0-9][\w.-]{5,127}(?![\w/=:]|-)")
_MOST_LOOKED_UP = 5  # words of a question that may be the ids of jobs
_LABEL = re.compile(r"(?<![\w=])([a-z0-9][\w./-]*)=([\w./:-]+)")
_UNKNOWN = {
    name: re.compile(rf"\b{words}(?: is| called| named)? ([a-z0-9][\w./:@-]*[\w*])")
    for name, words in FIELD_WORDS.items()
}
_LOOKS_LIKE_A_NAME = re.compile(r"[a-z0-9][\w.@:/-]*[-_./:\d][\w.:/-]*")
_NEAR = 82.0  # of 100: from there on a word is taken for a name that is there


@dataclass(frozen=True, slots=True)
class Named:
    """A value of a field; ``pattern`` says that ``*`` stands for anything in it."""

    field: str
    value: str
    pattern: bool = False
    without: bool = False  # the runs that do not have it

    @property
    def search(self) -> str:
        """The part of a search that says so."""
        turned = "-" if self.without else ""
        if self.field.startswith("label:"):
            label = f"{self.field.removeprefix('label:')}={self.value}"
            return f"{turned}label:{_written(label, self.pattern)}"
        return f"{turned}{self.field}:{_written(self.value, self.pattern)}"


@dataclass(frozen=True)
class Known:
    """The values that the fields of a workspace's runs have, by field; ``label:NAME`` for a label."""

    values: Mapping[str, Sequence[str]] = field(default_factory=dict)
    last: Callable[[str], datetime | None] | None = field(default=None, compare=False)
    """When the latest run that matches a search was submitted; None where it is not asked for."""

    def find(self, text: str) -> tuple[list[Named], str]:
        """What is named, in the order of the text, and the text with ``⟨n0⟩`` and so on in their places."""
        places: list[tuple[int, int, Named]] = []
        for expression, name in ((_JOB_ID, "job_id"), (_COMMIT, "commit")):
            for found in expression.finditer(text):
                value = next(part for part in found.groups() if part)
                full = name == "job_id" or len(value) == 40
                places.append(
                    (found.start(), found.end(), Named(name, value if full else f"{value}*", not full))
                )
        for found in _FIELD_VALUE.finditer(text):
            value = self._as_it_is(found[2], found[3].strip('"'))
            one = Named(found[2], value, "*" in value, without=bool(found[1]))
            places.append((found.start(), found.end(), one))
        places += [
            (found.start(), found.end(), Named("label", found[2], without=found[1] not in ("with", "having")))
            for found in (*_HAVING_LABEL.finditer(text), *_LABELLED.finditer(text))
            if found[2] in self.labels
        ]
        places += [
            (found.start(), found.end(), Named(f"label:{found[1]}", found[2]))
            for found in _LABEL.finditer(text)
        ]
        places += self._ids(text)
        for expression, candidates in self._expressions:
            for found in expression.finditer(text):
                if any(found.start() < end and start < found.end() for start, end, _ in places):
                    continue
                chosen = self._chosen(text, found, candidates)
                if chosen is not None:
                    places.append((*self._with_field_word(text, found, chosen), chosen))
        places.sort(key=lambda one: one[:2])
        return self._marked(text, places)

    def _ids(self, text: str) -> list[tuple[int, int, Named]]:
        """The words that are ids of jobs: whoever imported a history has ids of any form."""
        if self.last is None:
            return []
        words = [one for one in _MAYBE_ID.finditer(text) if one[0] not in self.words]
        return [
            (one.start(), one.end(), Named("job_id", one[0]))
            for one in words[:_MOST_LOOKED_UP]
            if not re.fullmatch(r"[\d.-]+", one[0]) and self.last(f'job_id:"{one[0]}"') is not None
        ]

    def _as_it_is(self, name: str, value: str) -> str:
        """A value that stands in the question in lower case, as the workspace writes it."""
        return next((each for each in self.values.get(name, ()) if each.lower() == value), value)

    def guess(self, word: str) -> Named | None:
        """What a word is likely to stand for: a part of names or commands, or a misspelt name."""
        for name in ("name", "command", "image", "branch", "host"):
            fitting = [value for value in self.values.get(name, ()) if word in value.lower()]
            if fitting and len(word) >= 3:
                if len(fitting) == 1 and name != "command":
                    return Named(name, fitting[0])
                ends = all(value.lower().endswith(word) for value in fitting)
                begins = all(value.lower().startswith(word) for value in fitting)
                pattern = f"*{word}" if ends else f"{word}*" if begins else f"*{word}*"
                return Named(name, pattern if name != "command" else f"*{word}*", pattern=True)
        stem = next((value for value in self.values.get("name", ()) if _derived(word, value.lower())), None)
        if stem is not None:
            return Named("name", stem)
        near = self.nearest(word, least=_NEAR)
        if not near:
            return None
        return next(Named(name, near[0]) for name in self.values if near[0] in self.values[name])

    def nearest(self, word: str, *, field: str | None = None, least: float = 50.0) -> list[str]:
        """The up to three known names that look most like a word."""
        from rapidfuzz.fuzz import ratio
        from rapidfuzz.process import extract
        from rapidfuzz.utils import default_process

        pool = [
            value
            for name, values in self.values.items()
            if name in ("name", "image", "branch", "host") and field in (None, name)
            for value in values
        ]
        found = extract(word, pool, scorer=ratio, processor=default_process, score_cutoff=least, limit=3)
        return [value for value, _, _ in found]

    def of_quotation(self, text: str) -> Named | None:
        """The value that a quotation is; None if it is none."""
        for name in self._fields:
            for value in self.values[name]:
                if value.lower() == text.lower():
                    return Named(name, value)
        return None

    @cached_property
    def labels(self) -> list[str]:
        """The names of labels."""
        return [name.removeprefix("label:") for name in self.values if name.startswith("label:")]

    @cached_property
    def words(self) -> frozenset[str]:
        """The known values as one reads them: they are spelt right."""
        return frozenset(value.lower() for values in self.values.values() for value in values)

    @cached_property
    def _fields(self) -> list[str]:
        return sorted(self.values, key=lambda name: _ORDER.index(name) if name in _ORDER else len(_ORDER))

    @cached_property
    def _expressions(self) -> list[tuple[re.Pattern[str], list[Named]]]:
        """What to look for, the longest first, each with the fields that have it."""
        candidates: dict[str, list[Named]] = {}
        for name in self._fields:
            for value in self.values[name]:
                if len(value) > 1 and not value.isdigit():
                    candidates.setdefault(value.lower(), []).append(Named(name, value))
        return [
            (
                re.compile(rf"(?<![\w./:=-]){_spoken(value)}(?:'s|s(?!\w))?(?![\w/=-]|[.:]\w)"),
                candidates[value],
            )
            for value in sorted(candidates, key=len, reverse=True)
        ]

    def _chosen(self, text: str, found: re.Match[str], candidates: Sequence[Named]) -> Named | None:
        before, behind = text[: found.start()], text[found.end() :]
        if re.match(r" (?:reason|cause|problem|issue|error)s?\b", behind):
            return None  # the main reasons
        if " " in found[0] and re.search(r"\b(?:which|what) $", before) and found[0].endswith("tests"):
            return None  # which unit tests failed: tests, and no job
        for one in candidates:
            words = FIELD_WORDS.get(one.field) or rf"{re.escape(one.field.removeprefix('label:'))}s?"
            if re.search(rf"\b{words} (?:is |called |named )?$", before) or re.match(rf" {words}\b", behind):
                return one
        spoken = found[0].removesuffix("'s")
        common = meanings().get(spoken) is not None or meanings().get(candidates[0].value.lower()) is not None
        if common:  # a word of the language: only where a name has to stand
            exact = spoken == candidates[0].value.lower()
            if not exact or not re.search(rf"\b{_POINTS} $", before):
                return None
            if re.search(r"\b(?:which|what|many|each|every|per|all|any|by) (?:of )?(?:the )?$", before):
                return None
        return candidates[0]

    def _with_field_word(self, text: str, found: re.Match[str], one: Named) -> tuple[int, int]:
        """The place of a name with the word that says what it is."""
        words = FIELD_WORDS.get(one.field) or rf"{re.escape(one.field.removeprefix('label:'))}s?"
        before = re.search(rf"(?:the )?\b{words} (?:is |called |named )?$", text[: found.start()])
        behind = re.match(rf" {words}\b", text[found.end() :])
        if behind and one.field not in ("name", "command"):
            return found.start(), found.end() + behind.end()
        if (
            before
            and not re.match(r"(?:which|what)", before[0])
            and one.field not in ("name", "command", "source")
        ):
            return before.start(), found.end()
        return found.start(), found.end()

    @staticmethod
    def _marked(text: str, places: Sequence[tuple[int, int, Named]]) -> tuple[list[Named], str]:
        named: list[Named] = []
        written, last = "", 0
        for start, end, one in places:
            if start < last:
                continue
            before = _WITHOUT.search(text[last:start])
            joined = (
                named
                and named[-1].without
                and re.fullmatch(r" ?(?:,|and|or|nor|, and|, or) ?(?:the )?", text[last:start])
            )
            if before or joined:
                one = replace(one, without=True)  # noqa: PLW2901
            if before:
                start = last + before.start()  # noqa: PLW2901
            written += f"{text[last:start]} ⟨n{len(named)}⟩ "
            named.append(one)
            last = end
        return named, " ".join((written + text[last:]).split())


def _spoken(value: str) -> str:
    """An expression for a name as people say it: with spaces for what joins its words."""
    return re.sub(r"(?<=[a-z])(?:\\-|_)(?=[a-z])", "[-_ ]", re.escape(value))


def _derived(word: str, name: str) -> bool:
    """Whether a word is made from a name: ``deployment`` from ``deploy``."""
    return (
        len(name) >= 4 and word.startswith(name) and word[len(name) :] in ("ment", "ments", "ing", "er", "s")
    )


def unknown_names(text: str) -> list[tuple[str, str, str]]:
    """Names of nothing that is there: the field, the name, and what of the text says so."""
    found = []
    for name, expression in _UNKNOWN.items():
        for each in expression.finditer(text):
            word = each[1]
            named = _LOOKS_LIKE_A_NAME.fullmatch(word) or re.search(r"(?:called|named)", each[0])
            if named and meanings().get(word) is None:
                found.append((name, word, each[0]))
    return found


def looks_like_a_name(word: str) -> bool:
    """Whether a word is written as jobs are named, and not as words are."""
    return _LOOKS_LIKE_A_NAME.fullmatch(word) is not None


def _written(value: str, pattern: bool) -> str:
    if pattern and not re.search(r'[\s()"\\]', value):
        return value
    if re.search(r'[\s()"*\\]', value):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return value
