"""Ranking: the kinds of inquiry that a question may be, by what speaks for them."""

import re
from collections.abc import Callable, Mapping

from orcaops.model.inquiry import Kind
from orcaops.services.asking.understanding.grouping import grouping, rivals
from orcaops.services.asking.understanding.parsed import Parsed
from orcaops.services.asking.understanding.times import Span

_COMPARED = ("compare", "faster", "slower", "cheaper", "dearer", "rate", "more", "less", "most", "least")
_RUNS_BY = re.compile(r"\btop (?:runs|executions)\b.*\b(?:by|in)\b")
_WHICH = re.compile(r"^(?:list )?(?:which|any|is any|job)\b")
_NOT_PASSED = re.compile(r"^(?:list |is )?(?:which|any|job)\b.*\bnot (?:is |ever |become )*pass\b")
_NEVER = re.compile(r"\bnever\b|\b(?:has|have) not\b(?!.*\bruns\b)")
THAN_THEN = re.compile(r"\bcompare (?:is )*⟨t⟩")
"""``slower than last week``, ``than it was in october``."""

Weights = Mapping[Kind, float]
_Sign = tuple[Callable[[Parsed, Weights], object], Callable[[Parsed, Weights], Weights] | Weights]
"""Whether something is to be seen in a question, and what that adds to the weights of kinds."""


def ranked(parsed: Parsed, found: Weights) -> list[tuple[Kind, float]]:
    """The kinds by what speaks for them, with what the parts of the question say beside its words."""
    weights = dict(found)
    for is_seen, adds in _SIGNS:
        if is_seen(parsed, weights):
            for kind, weight in (adds if isinstance(adds, Mapping) else adds(parsed, weights)).items():
                weights[kind] = weights.get(kind, 0.0) + weight
    _by_what_is_asked_of_it(weights, parsed)
    weights = {kind: weight for kind, weight in weights.items() if weight > 0}
    if _NEVER.search(parsed.spoken) and _NOT_PASSED.search(parsed.meant):
        weights[Kind.MISSING] = 8.0
    if Kind.MISSING in weights:
        weights.pop(Kind.LIST, None)  # what did not run is no run
    order = list(Kind)
    return sorted(weights.items(), key=lambda one: (-one[1], order.index(one[0])))


def _past(parsed: Parsed) -> list[Span]:
    return [span for span in parsed.spans if not span.ahead]


def _has(*meanings: str) -> Callable[[Parsed, Weights], object]:
    return lambda parsed, _: parsed.has(*meanings)


def _says(pattern: str) -> Callable[[Parsed, Weights], object]:
    compiled = re.compile(pattern)
    return lambda parsed, _: compiled.search(parsed.meant)


def _names(*fields: str) -> Callable[[Parsed, Weights], object]:
    return lambda parsed, _: any(one.field in fields for one in parsed.named)


def _moved(weights: Weights) -> list[Kind]:
    return [kind for kind in (Kind.ROSE, Kind.FELL) if kind in weights]


def _rivals_compared(parsed: Parsed, _: Weights) -> object:
    return rivals(parsed) is not None and parsed.has(*_COMPARED)


def _held_against_then(parsed: Parsed, _: Weights) -> object:
    return THAN_THEN.search(parsed.meant) or (len(_past(parsed)) > 1 and parsed.has("compare"))


def _then(parsed: Parsed, weights: Weights) -> Weights:
    moved = _moved(weights)
    compared = {Kind.COMPARE: 3.2 if moved and THAN_THEN.search(parsed.meant) else 1.6}
    # Which of them moved, and not how much all of them did.
    return compared | ({moved[0]: 9.0} if moved and _WHICH.search(parsed.meant) else {})


def _one_of_all(parsed: Parsed, weights: Weights) -> Weights:
    told = {Kind.LIST if parsed.has("list", "seen") else Kind.EXPLAIN: 2.0}
    # One run is held against what is usual.
    return told | ({Kind.ANOMALIES: 6.0} if _moved(weights) or parsed.has("thanusual") else {})


_SIGNS: tuple[_Sign, ...] = (
    (
        lambda parsed, _: (
            len(_past(parsed)) > 1 and (parsed.has("compare") or all(span.end for span in _past(parsed)))
        ),
        {Kind.COMPARE: 3.2},
    ),
    (_rivals_compared, {Kind.COMPARE: 3.0}),
    (
        lambda parsed, weights: (
            _rivals_compared(parsed, weights)
            and re.search(r"\b(?:or|which)\b", parsed.spoken)
            and not parsed.has("become")
        ),
        {Kind.COMPARE: 4.0},
    ),
    (_held_against_then, _then),
    (_names("job_id"), _one_of_all),
    (_names("commit"), {Kind.LIST: 1.4}),
    (
        lambda parsed, _: (
            parsed.has("last") and re.search(r"\bhow long is last\b|\blast (?:⟨n⟩|job) take\b", parsed.meant)
        ),
        {Kind.LAST: 4.0},
    ),
    (
        lambda parsed, _: (
            grouping(parsed.meant, parsed) is not None and parsed.has("fail", "timeout", "oom", "cancel")
        ),
        {Kind.COUNT: 0.4},
    ),
    (
        lambda parsed, weights: weights.get(Kind.ROSE) and parsed.has("thanusual", "become"),
        {Kind.ROSE: 0.8},
    ),
    (lambda parsed, weights: weights.get(Kind.FELL) and parsed.has("become"), {Kind.FELL: 0.8}),
    (_says(r"\btake (?:[a-z]+ )?slower\b"), {Kind.ROSE: 1.5}),
    (_has("rate", "failrate"), {Kind.COUNT: -3.0}),
    (_has("trend"), {Kind.RATE: -2.0}),
    (_has("mean"), {Kind.LIST: -4.0, Kind.TYPICAL: 0.0, Kind.TOTAL: -2.0}),
    (
        lambda parsed, _: parsed.has("mean") and parsed.has("slowest", "fastest"),
        {Kind.TYPICAL: 2.0},
    ),
    (
        lambda parsed, _: (
            parsed.has("cost") and re.search(r"\b(?:per|each|one|single) (?:run|execution)\b", parsed.spoken)
        ),
        {Kind.TYPICAL: 9.0},
    ),
    (_has("how many", "count"), {Kind.LIST: -2.0}),
    (lambda _, weights: _moved(weights), {Kind.LIST: -1.5}),
    (
        lambda parsed, _: (
            parsed.has("rate", "failrate") and parsed.has("rise", "drop", "up", "down", "become")
        ),
        {Kind.RATE: -3.0},
    ),
    (_has("often"), {Kind.LIST: -2.5}),
)


_SUMMED = ("cost", "expensive", "wasted", "duration", "time", "cpu", "wait", "hour")
_AGAIN = (Kind.LIST, Kind.ROSE, Kind.FELL, Kind.TREND, Kind.COMPARE, Kind.LAST)
"""Kinds that cannot tell of a time that comes again."""


def _by_what_is_asked_of_it(weights: dict[Kind, float], parsed: Parsed) -> None:
    """What one part of a question settles, whatever its other words speak for."""

    def instead(kind: Kind, *others: Kind) -> None:
        taken = [weights.pop(other) for other in others if other in weights]
        if taken:
            weights[kind] = max(weights.get(kind, 0.0), *taken)

    if Kind.TOTAL in weights and not parsed.has(*_SUMMED):
        weights[Kind.COUNT] = weights.get(Kind.COUNT, 0.0) + weights.pop(Kind.TOTAL) + 0.5
    ahead = any(span.ahead for span in parsed.spans)
    if ahead and parsed.has("fail", "pass") and not parsed.has("will", "forecast"):
        weights.pop(Kind.FORECAST, None)
    if not any(one.field in ("name", "key", "command", "image") for one in parsed.named):
        weights.pop(Kind.PREDICT, None)  # nothing is predicted of nobody
    if Kind.EXPLAIN in weights or Kind.FIXES in weights or Kind.CHANGES in weights:
        weights.pop(Kind.LAST, None)  # why the last one failed
    if (Kind.EXPLAIN in weights and parsed.has("why")) or Kind.CHANGES in weights:
        weights.pop(Kind.LIST, None)
    if Kind.TOTAL in weights and parsed.has("cost") and Kind.COUNT in weights and not parsed.has("how many"):
        weights[Kind.COUNT] -= 3.0
    if Kind.ROSE in weights and parsed.has("count") and parsed.has("rise", "drop"):
        instead(Kind.ROSE, Kind.COUNT)
    if _RUNS_BY.search(parsed.spoken):
        instead(Kind.LIST, Kind.COUNT, Kind.TOTAL, Kind.TYPICAL)
    if parsed.times_said is not None and parsed.has("failrate"):
        instead(Kind.RATE, Kind.COUNT, Kind.LIST, Kind.ROSE, Kind.FELL, Kind.COMPARE)
    elif parsed.times_said is not None:
        instead(Kind.COUNT, Kind.LIST, Kind.ROSE, Kind.FELL)
    if parsed.recurring is not None:
        numbers = {Kind.COUNT, Kind.RATE, Kind.TYPICAL, Kind.TOTAL}
        measured = parsed.has("duration", "slow", "slower", "faster", "long", "take", "memory", "wait", "cpu")
        told = Kind.TYPICAL if measured else Kind.COUNT if parsed.has("fail", "job", "timeout") else Kind.RATE
        instead(told, *(kind for kind in _AGAIN if not numbers & set(weights) or kind is not Kind.LIST))
