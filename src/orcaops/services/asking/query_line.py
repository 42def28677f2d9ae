"""The line of an inquiry, read: ``typical duration by image top 5 where branch:main``.

>>> from datetime import UTC, datetime
>>> now = datetime(2026, 11, 22, 12, tzinfo=UTC)
>>> parse_line("slower since:2026-11-16", now).line
'rose duration where after:2026-11-16'
>>> parse_line("status:failed image:python*", now).line
'list where status:failed image:python*'
"""

import re
from collections.abc import Iterator
from datetime import datetime

from orcaops.model.anomaly import Severity
from orcaops.model.errors import OrcaError, invalid, not_found
from orcaops.model.inquiry import GROUPS, LONGEST_LINE, MOST_ROWS, SPANS, WHAT_FAILED, Inquiry, Kind, Measure
from orcaops.model.query import EVERYTHING, And, Compare, Not, Or, Query
from orcaops.recording.query import parse_query, show_query

_SHORT = {
    "slower": (Kind.ROSE, Measure.DURATION),
    "faster": (Kind.FELL, Measure.DURATION),
    "cost": (Kind.TOTAL, Measure.COST),
    "slowest": (Kind.LIST, Measure.DURATION),
    "failures": (Kind.LIST, None),
}
"""Words that stand for a kind with its measure."""

_HINT = (
    "Write KIND [MEASURE] [SEVERITY] [least] [by FIELD] [top N] [against after:… before:…] [where SEARCH]; "
    "kinds: "
    + ", ".join(Kind)
    + "; measures: "
    + ", ".join(Measure)
    + "; severities: "
    + ", ".join(Severity)
    + "."
)


def parse_line(text: str, now: datetime) -> Inquiry:
    """The inquiry that a line says; a bare search lists what it finds. ``now`` is what ``7d`` counts from.

    ``where`` may be left out before the search; ``since:`` and ``until:`` stand for ``after:`` and
    ``before:``. Times become absolute. Raises ``invalid`` or ``not_found``, with what is expected.
    """
    if len(text) > LONGEST_LINE:
        raise invalid("the query is too long", where="query", hint=f"At most {LONGEST_LINE} letters.")
    words = text.split()
    if not words:
        raise invalid("the query is empty", where="query", hint=_HINT)
    first = words[0].lower()
    if first in _SHORT:
        kind, measure = _SHORT[first]
    elif first in set(Kind):
        kind, measure = Kind(first), None
    elif ":" in first or first in ("where", "not", "(") or first[:1] in '("-':
        search = text.strip()
        if first == "where":
            search = search[len("where") :]
        return Inquiry(kind=Kind.LIST, where=_search(search, now))
    else:
        raise not_found(f"there is no kind of question {first[:40]!r}", where="query", hint=_HINT)
    return _rest_of(text, kind, measure, now)


def continued(second: Inquiry, first: Inquiry, now: datetime) -> Inquiry:
    """What is asked next, about the runs of the question before where it names none of its own.

    Names and times go on; the outcome does too where the second says none.
    """
    mine, theirs = (_parts_of(parse_query(one.where, now)) for one in (second, first))
    said = set().union(*(fields for fields, _ in mine))
    said |= _OUTCOME if said & _OUTCOME else set()
    kept = [part for fields, part in theirs if not fields & said]
    where = " ".join(f"({show_query(part)})" for part in (*(part for _, part in mine), *kept))
    return second.model_copy(update={"where": _search(where, now)})


_OUTCOME = {"status", "cause", "exit_code"}


def _parts_of(query: Query) -> list[tuple[set[str], Query]]:
    """The parts of a search that must all hold, with the fields that each is about."""
    if query == EVERYTHING:
        return []
    parts = query.parts if isinstance(query, And) else (query,)
    return [(set(_named_in(part)), part) for part in parts]


def _named_in(query: Query) -> Iterator[str]:
    if isinstance(query, And | Or):
        for part in query.parts:
            yield from _named_in(part)
    elif isinstance(query, Not):
        yield from _named_in(query.part)
    elif isinstance(query, Compare):
        yield query.field


def _rest_of(text: str, kind: Kind, measure: Measure | None, now: datetime) -> Inquiry:
    """Reads word by word behind the kind; what is none of its words begins the search."""
    rest = text.strip()
    rest = rest[len(rest.split(maxsplit=1)[0]) :].lstrip()
    least, by, top, against, severity = False, None, None, "", None
    while rest:
        word, _, behind = rest.partition(" ")
        behind = behind.lstrip()
        if word in set(Measure):
            measure, rest = Measure(word), behind
        elif kind is Kind.ANOMALIES and word in set(Severity):
            severity, rest = Severity(word), behind
        elif word == "least":
            least, rest = True, behind
        elif word == "by":
            field, _, rest = behind.partition(" ")
            by = _group(field, kind)
        elif word == "top":
            number, _, rest = behind.partition(" ")
            top = _top(number)
        elif word == "against":
            taken = re.match(r'((?:(?:after|before|since|until):(?:"[^"]*"|\S+)\s*)*)', behind)
            span = taken[1] if taken else ""
            against, rest = _range(span, now), behind[len(span) :]
        elif word == "where":
            return Inquiry(
                kind=kind, measure=measure, severity=severity, least=least, by=by, top=top, against=against,
                where=_search(behind, now),
            )  # fmt: skip
        elif ":" in word or word[:1] in '("-':
            rest = f"where {rest}"
        else:
            raise not_found(f"a query has no word {word[:40]!r} here", where="query", hint=_HINT)
        rest = rest.lstrip()
    return Inquiry(
        kind=kind, measure=measure, severity=severity, least=least, by=by, top=top, against=against
    )


def _group(field: str, kind: Kind) -> str:
    if field in WHAT_FAILED and kind not in (Kind.COUNT, Kind.FLAKY):
        raise invalid(
            f"{kind} cannot be asked by {field}",
            where="query",
            hint=f"Failures can be counted: count by {field}.",
        )
    if field in (*GROUPS, *SPANS, *WHAT_FAILED) or re.fullmatch(r"label:[A-Za-z0-9][A-Za-z0-9._/-]*", field):
        return field
    raise not_found(
        f"runs cannot be grouped by {field[:40]!r}",
        where="query",
        hint=f"Group by one of {', '.join((*GROUPS, *SPANS, *WHAT_FAILED))} or label:NAME.",
    )


def _top(number: str) -> int:
    if number.isascii() and number.isdigit() and 1 <= int(number[:9]) <= MOST_ROWS:
        return int(number)
    raise invalid(f"top {number[:40]!r} is no number", where="query", hint=f"Write top 1 to top {MOST_ROWS}.")


def _range(text: str, now: datetime) -> str:
    query = parse_query(_with_times(text), now)
    parts = query.parts if isinstance(query, And) else (query,)
    if not parts or not all(isinstance(part, Compare) and part.field == "submitted_at" for part in parts):
        raise invalid(
            "against what time?", where="query", hint="Write against after:2026-11-02 before:2026-11-09."
        )
    return _with_dates(show_query(query))


def _search(text: str, now: datetime) -> str:
    if not text.strip():
        return ""
    try:
        return _with_dates(show_query(parse_query(_with_times(text), now)))
    except OrcaError as error:
        raise OrcaError(
            error.code, error.message, where=f"query, in its search: {error.where}", hint=error.hint
        ) from None


def _with_times(text: str) -> str:
    """``since:`` and ``until:`` as the search language has them."""
    text = _outside_quotes(text, r"(?<!\S)since:", "after:")
    return _outside_quotes(text, r"(?<!\S)until:", "before:")


def _with_dates(text: str) -> str:
    """Midnights as dates, which is how people write them."""
    return _outside_quotes(text, r"(?<!\S)((?:after|before):\d{4}-\d{2}-\d{2})T00:00:00Z(?!\S)", r"\1")


def _outside_quotes(text: str, expression: str, by: str) -> str:
    pieces = re.split(r'("(?:\\.|[^"\\])*")', text)
    for place in range(0, len(pieces), 2):
        pieces[place] = re.sub(expression, by, pieces[place])
    return "".join(pieces)
