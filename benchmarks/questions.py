"""How well questions in plain English are understood, beside a plain search for their words.

A third of the questions, chosen by the digest of their text, was kept aside while the rules were made:
the rows of the set ``held out``. Those of ``asked_later`` were written when the rules stood, before anything
was known of how they do, and a third of them was kept aside as well; those of ``learned_from`` are no part of
the figures: the rules were mended with them. A question is right when the first reading is the inquiry (or
one of those) that stands with it in ``questions.toml``, every part of it, or none where none can be.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.row import Row
from orcaops.model.inquiry import Inquiry, Kind
from orcaops.model.query import And, Or, Query
from orcaops.recording.query import parse_query
from orcaops.services.asking.query_line import parse_line
from orcaops.services.asking.understanding.names import Known
from orcaops.services.asking.understanding.reading import RuleReader

_FILE = Path(__file__).with_name("questions.toml")
_NOT = "?"
_WITH_HELD = ("questions", "asked_later")
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question with the inquiries of which any is right; none where it is not to be understood."""

    question: str
    right: tuple[Inquiry, ...]


@dataclass(frozen=True, slots=True)
class Questions:
    """The questions, the moment and the workspace that they are asked in."""

    now: datetime
    known: Known
    tables: Mapping[str, tuple[Asked, ...]]

    @property
    def each(self) -> tuple[Asked, ...]:
        """All that figures are made of."""
        return tuple(one for name in _WITH_HELD for one in self.tables[name])

    @property
    def held_out(self) -> tuple[Asked, ...]:
        """A third of each table that is not learned from: those with the lowest digests."""
        held: list[Asked] = []
        for name in _WITH_HELD:
            ordered = sorted(self.tables[name], key=lambda one: sha256(one.question.encode()).hexdigest())
            held += ordered[: -(-len(ordered) // 3)]
        return tuple(held)

    @property
    def looked_at(self) -> tuple[Asked, ...]:
        """The others, which the rules were made with."""
        held = set(self.held_out)
        return tuple(one for one in self.each if one not in held)

    @property
    def learned_from(self) -> tuple[Asked, ...]:
        """Questions that were not understood once."""
        return self.tables["learned_from"]


def questions(path: Path = _FILE) -> Questions:
    """The questions of a file."""
    document = tomllib.loads(path.read_text("utf-8"))
    now = datetime.fromisoformat(document["now"])
    tables: dict[str, tuple[Asked, ...]] = {}
    for name in (*_WITH_HELD, "learned_from"):
        each = []
        for question, lines in document[name].items():
            accepted = [lines] if isinstance(lines, str) else lines
            each.append(Asked(question, tuple(parse_line(line, now) for line in accepted if line != _NOT)))
        tables[name] = tuple(each)
    known: Mapping[str, list[str]] = document["known"]
    return Questions(now, Known({name: tuple(values) for name, values in known.items()}), tables)


def meaning(inquiry: Inquiry, now: datetime) -> tuple[object, ...]:
    """What an inquiry asks for, however its parts are ordered."""
    where = _meaning(parse_query(inquiry.where, now))
    against = _meaning(parse_query(inquiry.against, now))
    return (
        *(inquiry.kind, inquiry.measure, inquiry.severity, inquiry.least, inquiry.by, inquiry.top),
        *(where, against),
    )


def _meaning(query: Query) -> object:
    if isinstance(query, And | Or):
        parts = frozenset(map(_meaning, query.parts))
        return next(iter(parts)) if len(parts) == 1 else (type(query), parts)
    return query


def is_right(asked: Asked, found: Inquiry | None, now: datetime) -> bool:
    """Whether a question was understood, or rightly not."""
    if found is None or not asked.right:
        return found is None and not asked.right
    return meaning(found, now) in [meaning(one, now) for one in asked.right]


def by_words(question: str, now: datetime) -> Inquiry | None:
    """The rival: a search for the question's words."""
    words = re.findall(r"[a-z0-9][\w.:/-]*", question.lower())
    if not words:
        return None
    return parse_line("where " + " ".join(f'"{word}"' for word in words), now)


def by_status(question: str, now: datetime) -> Inquiry | None:
    """A stronger rival: keywords for the status and a day, everything else dropped."""
    lower = question.lower()
    parts = ["status:failed"] if re.search(r"fail|error|broke|crash", lower) else []
    parts += ["status:succeeded"] if re.search(r"succe|pass", lower) else []
    parts += [f"after:{word}" for word in ("today", "yesterday") if word in lower]
    kind = Kind.COUNT if "how many" in lower or "number of" in lower else Kind.LIST
    return parse_line(f"{kind} where {' '.join(parts)}", now) if parts else None


def rows(_quick: bool) -> Iterator[Row]:
    """The share of questions that are understood."""
    asked = questions()
    reader = RuleReader()
    for name, some in (("held out", asked.held_out), ("looked at", asked.looked_at)):
        ours, words, status = [], [], []
        for one in some:
            found = reader.read(one.question, asked.known, asked.now, _UTC)
            ours.append(is_right(one, found[0].inquiry if found else None, asked.now))
            words.append(is_right(one, by_words(one.question, asked.now), asked.now))
            status.append(is_right(one, by_status(one.question, asked.now), asked.now))
        for rival, theirs in (("search for its words", words), ("keywords and days", status)):
            yield Row(
                row="questions understood",
                figure="share right",
                value=sum(ours) / len(ours),
                rival=rival,
                rival_value=sum(theirs) / len(theirs),
                n=len(ours),
                set=name,
                bar="value ≥ .90",
            )
