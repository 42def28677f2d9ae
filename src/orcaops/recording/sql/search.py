"""Search: a query over runs as SQL that stays quick however many runs there are.

Lists are shown newest first, and ``seq`` is that order. Neither "walk from the newest and skip what
does not match" nor "collect what matches and sort" is quick for every query: the first is slow for
rare values, the second for frequent ones. So each part of a query that has an index is counted
first, up to :data:`FEW`:

- the rarest part has at most ``FEW`` matches: they are *collected*, and the rest is checked on them;
- else the part whose latest ``FEW`` matches reach back furthest is *walked* in order, and the rest
  is checked on the way: every part is frequent, so a page is soon full;
- a pattern without a beginning (``*x*``) is first spelled out as the few values of its column that fit;
- where no part has an ordered index, the whole workspace is walked.

PostgreSQL knows how frequent values are but not how they lie in time; it is given the same plan.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Select,
    Text,
    and_,
    case,
    exists,
    false,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.sql import operators
from sqlalchemy.sql.elements import UnaryExpression
from sqlalchemy.sql.operators import custom_op

from orcaops.model.errors import invalid
from orcaops.model.query import And, Compare, Comparison, Not, Or, Query, Words
from orcaops.recording.sql.fulltext import FullText
from orcaops.recording.sql.records import clean
from orcaops.recording.sql.sequence import PER_MICROSECOND, first_of
from orcaops.recording.sql.tables import COMMAND_LETTERS, NUMBERS, labels, runs, size_class

FEW = 10_000
"""How many matches are collected, counted and sorted without thinking twice."""

_FEW_RECORDS = 2_000  # of how many the record is read just to count

_VALUES_KNOWN = 2_000  # of a column: so many are read to see which fit a pattern
_VALUES_NAMED = 200

_TEXTS_CHECKED = 300  # looking for words in one run costs as much as walking over dozens

_COLUMNS: dict[str, ColumnElement[Any]] = {
    "status": runs.c.status,
    "cause": runs.c.cause,
    "image": runs.c.image,
    "name": runs.c.name,
    "command": runs.c.command,
    "key": runs.c.key,
    "job_id": runs.c.job_id,
    "branch": runs.c.branch,
    "commit": runs.c.commit_id,
    "executor": runs.c.executor,
    "host": runs.c.host,
    "source": runs.c.source,
    "exit_code": runs.c.exit_code,
    "duration": runs.c.duration_s,
    "memory": runs.c.memory_bytes,
    "cpu": runs.c.cpu_s,
    "wait": runs.c.wait_s,
}
FIELDS = (*_COLUMNS, "label", "submitted_at")
"""What a :class:`Compare` may name here."""

_OPERATORS = {
    Comparison.EQUAL: operators.eq,
    Comparison.ABOVE: operators.gt,
    Comparison.AT_LEAST: operators.ge,
    Comparison.BELOW: operators.lt,
    Comparison.AT_MOST: operators.le,
}
_NOT_STRICT = {Comparison.ABOVE: Comparison.AT_LEAST, Comparison.BELOW: Comparison.AT_MOST}
_LAST_LETTER = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class AllWords:
    """Several :class:`Words` that must all be there: one question to the full-text index, not many."""

    parts: tuple[Words, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """A conjunct that an index answers: ``SELECT seq FROM source WHERE condition``."""

    conjunct: Query | AllWords
    source: FromClause
    seq: ColumnElement[int]
    condition: ColumnElement[bool]
    ordered: bool  # whether the index gives it in the order of seq
    document: ColumnElement[int] | None = None  # for words: what the index is ordered by
    surest: ColumnElement[int] | None = None  # for numbers: matches that are near the limit come last

    @property
    def order(self) -> ColumnElement[int]:
        """What a walk is ordered by."""
        return self.seq if self.document is None else self.document


@dataclass(frozen=True, slots=True)
class Plan:
    """With which part to begin, and whether to collect or to walk it."""

    part: Part | None = None
    collect: bool = False
    candidates: int | None = None  # how many there are, if they are few


class Search:
    """One query of one workspace, ready to be asked for pages, counts and everything."""

    def __init__(self, connection: Connection, text_index: FullText, workspace: str, query: Query) -> None:
        self._connection = connection
        self._sqlite = connection.dialect.name == "sqlite"
        self._texts = text_index
        self._workspace = workspace
        self._low: int | None = None
        self._high: int | None = None
        self._conjuncts = _together([part for part in _flat(query) if not self._took_time(part)])

    def page(self, below: int | None, limit: int) -> list[int]:
        """The next matches with numbers under ``below``, newest first."""
        plan = self._plan
        top = self._high if below is None else below if self._high is None else min(below, self._high)
        part = plan.part
        if part is not None and plan.collect:
            chosen = self._collected(part, top).order_by(runs.c.seq.desc())
            return list(self._connection.scalars(chosen.limit(limit)))
        order = runs.c.seq if part is None else part.order
        # A run's own words and its log are two documents, one behind the other, and both may match.
        most = limit * 2 if part is not None and part.document is not None else limit
        found = self._connection.scalars(self._walk(part, top).order_by(order.desc()).limit(most))
        return list(dict.fromkeys(found))[:limit]

    def total(self) -> int | None:
        """How many match, where few candidates must be looked at to tell; else None."""
        part = self._plan.part
        if len(self._conjuncts) == 1 and self._plan.candidates is not None and self._is_countable(part):
            return self._plan.candidates
        if len(self._conjuncts) > (0 if part is None else 1):
            candidates = self._plan.candidates
            if (candidates is None or candidates > _FEW_RECORDS) and not self._is_small:
                return None
        if part is not None and self._plan.collect:
            matches = self._collected(part, self._high)
        else:
            matches = self._walk(part, self._high)
            if part is not None and part.document is not None:
                matches = matches.distinct()
        few = matches.limit(FEW + 1).subquery()
        count = self._connection.scalar(select(func.count()).select_from(few)) or 0
        return count if count <= FEW else None

    def _is_countable(self, part: Part | None) -> bool:
        """Whether each candidate is a run of this workspace, once: documents may be of any, and twice."""
        return part is not None and part.document is None

    @cached_property
    def _is_small(self) -> bool:
        """Whether all runs of the workspace can be looked at."""
        few = select(runs.c.seq).where(*self._in_workspace(self._high)).limit(FEW + 1).subquery()
        return (self._connection.scalar(select(func.count()).select_from(few)) or 0) <= FEW

    @cached_property
    def _is_alone(self) -> bool:
        """Whether there is no other workspace: then what an index of all workspaces says holds as it is."""
        first, last = (select(end(runs.c.workspace)).scalar_subquery() for end in (func.min, func.max))
        return tuple(self._connection.execute(select(first, last)).one()) == (self._workspace,) * 2

    def ascending(self, above: int | None, limit: int) -> list[int]:
        """The next matches with numbers above ``above``, oldest first."""
        part = self._plan.part if self._plan.collect else None
        chosen = self._walk(None, self._high) if part is None else self._collected(part, self._high)
        if above is not None:
            chosen = chosen.where(runs.c.seq > above)
        return list(self._connection.scalars(chosen.order_by(runs.c.seq).limit(limit)))

    def latest(self, most: int) -> Select[Any]:
        """A statement for the latest matches, ``seq`` alone, to build on."""
        part = self._plan.part
        if part is not None and (self._plan.collect or part.document is not None):
            chosen = self._collected(part, self._high)
        else:
            chosen = self._walk(part, self._high)
        order = (
            part.seq if part is not None and part.source is labels and not self._plan.collect else runs.c.seq
        )
        return chosen.order_by(order.desc()).limit(most)

    # Choosing

    @cached_property
    def _plan(self) -> Plan:
        parts = [found for each in self._conjuncts if (found := self._indexed(each)) is not None]
        if len(self._conjuncts) == 1 and parts and parts[0].ordered:
            return Plan(parts[0])
        rarest: tuple[int, Part] | None = None
        sparsest: tuple[int, Part] | None = None
        for part in parts:
            count, oldest = self._probe(part)
            if count <= FEW:
                if rarest is None or count < rarest[0]:
                    rarest = (count, part)
            elif part.ordered and (sparsest is None or oldest < sparsest[0]):
                sparsest = (oldest, part)
        texts = [part for part in parts if part.document is not None]
        if rarest is not None and (rarest[0] <= _TEXTS_CHECKED or not texts or rarest[1] in texts):
            return Plan(rarest[1], collect=not rarest[1].ordered, candidates=rarest[0])
        if texts:
            return Plan(texts[0])
        return Plan(sparsest[1] if sparsest is not None else None)

    def _probe(self, part: Part) -> tuple[int, int]:
        """How many matches a part has (up to one more than FEW), and the lowest number among its latest."""
        some = select(part.seq.label("seq")).select_from(part.source)
        some = some.where(part.condition, *self._between(part, self._high)).limit(FEW + 1)
        if part.ordered:
            some = some.order_by(part.order.desc())
        elif part.surest is not None:
            some = some.order_by(part.surest)
        latest = some.subquery()
        asked = select(func.count(), func.min(latest.c.seq)).select_from(latest)
        count, oldest = self._connection.execute(asked).one()
        return count, oldest or 0

    # Statements

    def _collected(self, part: Part, top: int | None) -> Select[Any]:
        candidates = select(part.seq).select_from(part.source)
        candidates = candidates.where(part.condition, *self._between(part, top))
        chosen = select(runs.c.seq).where(runs.c.seq.in_(candidates))
        return chosen.where(self._hidden(runs.c.workspace) == self._workspace, *self._rest(part))

    def _walk(self, part: Part | None, top: int | None) -> Select[Any]:
        if part is None:
            return select(runs.c.seq).where(*self._in_workspace(top), *self._rest(None))
        walked = select(part.seq.label("seq")).where(part.condition, *self._between(part, top))
        rest = self._rest(part)
        if part.source is runs:
            return walked.where(*rest)
        if not rest and (part.source is labels or self._is_alone):
            return walked
        there = part.source.join(runs, runs.c.seq == part.seq)
        here = self._hidden(runs.c.workspace) == self._workspace
        return walked.select_from(there).where(here, *rest)

    def _in_workspace(self, top: int | None) -> list[ColumnElement[bool]]:
        bounds = [runs.c.workspace == self._workspace]
        if self._low is not None:
            bounds.append(runs.c.seq >= self._low)
        if top is not None:
            bounds.append(runs.c.seq < top)
        return bounds

    def _between(self, part: Part, top: int | None) -> list[ColumnElement[bool]]:
        # Two documents per run: see sequence.py.
        order, factor = part.order, 1 if part.document is None else 2
        bounds = []
        if self._low is not None:
            bounds.append(order >= self._low * factor)
        if top is not None:
            bounds.append(order < top * factor)
        return bounds

    def _rest(self, part: Part | None) -> list[ColumnElement[bool]]:
        begun = None if part is None else part.conjunct
        return [self._condition(each) for each in self._conjuncts if each is not begun]

    def _hidden(self, column: ColumnElement[Any]) -> ColumnElement[Any]:
        """The column as SQLite's planner will not look up in an index: it does not know what is rare."""
        if not self._sqlite:
            return column
        return UnaryExpression(column, operator=custom_op("+"), type_=column.type)

    # Conditions

    def _indexed(self, part: Query | AllWords) -> Part | None:
        if isinstance(part, Words | AllWords):
            found = self._texts.find(_sayings(part))
            seq = found.document.op(">>", return_type=BigInteger())(literal(1))
            return Part(part, found.source, seq, found.condition, True, found.document)
        if not isinstance(part, Compare):
            return None
        exactly = part.comparison is Comparison.EQUAL
        if part.comparison is Comparison.LIKE and _prefix(part.value) == "" and part.field != "label":
            return self._spelled_out(part)
        if part.field == "label":
            belongs = and_(labels.c.workspace == self._workspace, *self._label(part))
            return Part(part, labels, labels.c.seq, belongs, exactly)
        column = _column(part.field)
        condition = and_(runs.c.workspace == self._workspace, self._compared(part, column))
        of_class = NUMBERS.get(str(column.key))
        if of_class is None:
            return Part(part, runs, runs.c.seq, condition, exactly)
        alike = _OPERATORS[_NOT_STRICT.get(part.comparison, part.comparison)]
        condition = and_(runs.c[of_class].operate(alike, size_class(part.value)), condition)
        upwards = part.comparison in (Comparison.ABOVE, Comparison.AT_LEAST)
        surest = runs.c[of_class].desc() if upwards else runs.c[of_class].asc()
        return Part(part, runs, runs.c.seq, condition, exactly, surest=surest)

    def _spelled_out(self, part: Compare) -> Part | None:
        """A pattern without a beginning as the few values that fit it; None where there are too many.

        An index cannot be asked for such a pattern, but it tells quickly which values there are.
        """
        column = _column(part.field)
        if part.field == "job_id" or not isinstance(column.type, Text):
            return None
        here = runs.c.workspace == self._workspace
        values = (
            select(func.min(column).label("value"))
            .where(here, column.is_not(None))
            .cte("values_there", recursive=True)
        )
        following = select(func.min(column)).where(here, column > values.c.value).scalar_subquery()
        values = values.union_all(select(following).where(values.c.value.is_not(None)))
        known = select(values.c.value).limit(_VALUES_KNOWN + 1).subquery()
        fits = func.coalesce(self._compared(part, known.c.value), false())
        asked = select(func.count(), func.sum(case((fits, 1), else_=0))).select_from(known)
        count, fitting = self._connection.execute(asked).one()
        if count > _VALUES_KNOWN or fitting > _VALUES_NAMED:
            return None
        named = list(self._connection.scalars(select(known.c.value).where(fits)))
        condition = and_(here, column.in_(named)) if named else false()
        return Part(part, runs, runs.c.seq, condition, ordered=False)

    def _condition(self, part: Query | AllWords) -> ColumnElement[bool]:
        if isinstance(part, And):
            return and_(true(), *(self._condition(each) for each in part.parts))
        if isinstance(part, Or):
            return or_(false(), *(self._condition(each) for each in part.parts))
        if isinstance(part, Not):
            # What is unknown equals nothing: -cause:x lets runs without a cause through.
            return func.coalesce(self._condition(part.part), false()) == false()
        if isinstance(part, Words | AllWords):
            found = self._texts.find(_sayings(part))
            documents = found.document.in_((runs.c.seq * 2, runs.c.seq * 2 + 1))
            there = select(literal(1)).select_from(found.source).where(found.condition, documents)
            return exists(there.correlate(runs))
        if part.field == "submitted_at":
            low, high = _span(part)
            return and_(
                true(),
                *([runs.c.seq >= low] if low is not None else []),
                *([runs.c.seq < high] if high is not None else []),
            )
        if part.field == "label":
            here = (labels.c.workspace == self._workspace, labels.c.seq == runs.c.seq)
            return exists(select(literal(1)).where(*here, *self._label(part)).correlate(runs))
        return self._compared(part, self._hidden(_column(part.field)))

    def _label(self, part: Compare) -> list[ColumnElement[bool]]:
        if part.name is None:
            raise invalid(
                "which label?", where="label", hint="Write label:team=a, or label:team for any value."
            )
        named = labels.c.name == clean(part.name)
        return [named] if part.value == "*" else [named, self._compared(part, labels.c.value)]

    def _compared(self, part: Compare, column: ColumnElement[Any]) -> ColumnElement[bool]:
        value: Any = part.value
        if isinstance(column.type, Text):
            value = clean(str(value))
            if part.field == "command":
                value = value[:COMMAND_LETTERS]
        compare = _OPERATORS.get(part.comparison)
        if compare is not None:
            return column.operate(compare, value)
        matches = self.pattern(column, str(value))
        prefix = _prefix(value)
        if not prefix:
            return matches
        return and_(column >= prefix, column < prefix + _LAST_LETTER, matches)

    def pattern(self, column: ColumnElement[Any], value: str) -> ColumnElement[bool]:
        """The text fits the pattern, in which ``*`` stands for anything and nothing else is special."""
        return pattern(column, value, sqlite=self._sqlite)

    def _took_time(self, part: Query) -> bool:
        """Whether a conjunct was a filter by time: it becomes a range of numbers."""
        if not isinstance(part, Compare) or part.field != "submitted_at":
            return False
        low, high = _span(part)
        if low is not None:
            self._low = low if self._low is None else max(self._low, low)
        if high is not None:
            self._high = high if self._high is None else min(self._high, high)
        return True


def pattern(column: ColumnElement[Any], value: str, *, sqlite: bool) -> ColumnElement[bool]:
    """The text fits the pattern, in which ``*`` stands for anything and nothing else is special."""
    if sqlite:  # LIKE would not tell upper from lower case
        glob = value.replace("[", "[[]").replace("?", "[?]")
        return column.op("GLOB", is_comparison=True)(glob)
    like = value.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_").replace("*", "%")
    return column.like(like, escape="\\")


def _column(field: str) -> ColumnElement[Any]:
    try:
        return _COLUMNS[field]
    except KeyError:
        raise invalid(
            f"runs have no field {field!r} to search by",
            where="q",
            hint=f"Known fields: {', '.join(FIELDS)}.",
        ) from None


def _prefix(value: Any) -> str:
    return str(value).partition("*")[0]


def _span(part: Compare) -> tuple[int | None, int | None]:
    """The numbers from and below which runs were submitted then."""
    first = first_of(part.value)
    after = first + PER_MICROSECOND
    match part.comparison:
        case Comparison.ABOVE:
            return after, None
        case Comparison.AT_LEAST:
            return first, None
        case Comparison.BELOW:
            return None, first
        case Comparison.AT_MOST:
            return None, after
        case _:
            return first, after


def _together(conjuncts: Sequence[Query]) -> list[Query | AllWords]:
    words = tuple(part for part in conjuncts if isinstance(part, Words))
    rest: list[Query | AllWords] = [part for part in conjuncts if not isinstance(part, Words)]
    return [*rest, AllWords(words)] if words else rest


def _sayings(part: Words | AllWords) -> list[str]:
    return [part.text] if isinstance(part, Words) else [each.text for each in part.parts]


def _flat(query: Query) -> Sequence[Query]:
    if isinstance(query, And):
        return [conjunct for part in query.parts for conjunct in _flat(part)]
    return [query]
