"""Ranking: the kinds of inquiry that a question may be, by what speaks for them."""

import re
from collections.abc import Mapping

from orcaops.model.inquiry import Kind
from orcaops.services.asking.understanding.grouping import grouping, rivals
from orcaops.services.asking.understanding.parsed import Parsed

_COMPARED = ("compare", "faster", "slower", "cheaper", "dearer", "rate", "more", "less", "most", "least")
_RUNS_BY = re.compile(r"\btop (?:runs|executions)\b.*\b(?:by|in)\b")
THAN_THEN = re.compile(r"\bcompare (?:is )*⟨t⟩")
"""``slower than last week``, ``than it was in october``."""


def ranked(parsed: Parsed, found: Mapping[Kind, float]) -> list[tuple[Kind, float]]:
    """The kinds by what speaks for them, with what the parts of the question say beside its words."""
    weights = dict(found)

    def more(kind: Kind, weight: float) -> None:
        weights[kind] = weights.get(kind, 0.0) + weight

    past = [span for span in parsed.spans if not span.ahead]
    if len(past) > 1 and (parsed.has("compare") or all(span.end for span in past)):
        more(Kind.COMPARE, 3.2)
    if rivals(parsed) is not None and parsed.has(*_COMPARED):
        more(Kind.COMPARE, 3.0)
        if re.search(r"\b(?:or|which)\b", parsed.spoken) and not parsed.has("become"):
            more(Kind.COMPARE, 4.0)
    moved = [kind for kind in (Kind.ROSE, Kind.FELL) if kind in weights]
    if THAN_THEN.search(parsed.meant) or (len(past) > 1 and parsed.has("compare")):
        more(Kind.COMPARE, 3.2 if moved and THAN_THEN.search(parsed.meant) else 1.6)
        if moved and re.search(r"^(?:list )?(?:which|any|is any|job)\b", parsed.meant):
            more(moved[0], 9.0)  # which of them moved, and not how much all of them did
    if any(one.field == "job_id" for one in parsed.named):
        more(Kind.LIST if parsed.has("list", "seen") else Kind.EXPLAIN, 2.0)
        if Kind.ROSE in weights or Kind.FELL in weights or parsed.has("thanusual"):
            more(Kind.ANOMALIES, 6.0)  # one run is held against what is usual
    if any(one.field == "commit" for one in parsed.named):
        more(Kind.LIST, 1.4)
    if parsed.has("last") and re.search(r"\bhow long is last\b|\blast (?:⟨n⟩|job) take\b", parsed.meant):
        more(Kind.LAST, 4.0)
    if grouping(parsed.meant, parsed) is not None and parsed.has("fail", "timeout", "oom", "cancel"):
        more(Kind.COUNT, 0.4)
    if weights.get(Kind.ROSE) and parsed.has("thanusual", "become"):
        more(Kind.ROSE, 0.8)
    if weights.get(Kind.FELL) and parsed.has("become"):
        more(Kind.FELL, 0.8)
    if re.search(r"\btake (?:[a-z]+ )?slower\b", parsed.meant):
        more(Kind.ROSE, 1.5)
    if parsed.has("rate", "failrate"):
        more(Kind.COUNT, -3.0)
    if parsed.has("trend"):
        more(Kind.RATE, -2.0)
    if parsed.has("mean"):
        more(Kind.LIST, -4.0)
        more(Kind.TYPICAL, 2.0 if parsed.has("slowest", "fastest") else 0.0)
        more(Kind.TOTAL, -2.0)
    if parsed.has("cost") and re.search(r"\b(?:per|each|one|single) (?:run|execution)\b", parsed.spoken):
        more(Kind.TYPICAL, 9.0)
    if parsed.has("how many", "count"):
        more(Kind.LIST, -2.0)
    if Kind.ROSE in weights or Kind.FELL in weights:
        more(Kind.LIST, -1.5)
    if parsed.has("rate", "failrate") and parsed.has("rise", "drop", "up", "down", "become"):
        more(Kind.RATE, -3.0)
    if Kind.TOTAL in weights and not parsed.has(
        "cost", "expensive", "wasted", "duration", "time", "cpu", "wait", "hour"
    ):
        more(Kind.COUNT, weights.pop(Kind.TOTAL) + 0.5)
    if (
        any(span.ahead for span in parsed.spans)
        and parsed.has("fail", "pass")
        and not parsed.has("will", "forecast")
    ):
        weights.pop(Kind.FORECAST, None)
    if parsed.has("often"):
        more(Kind.LIST, -2.5)
    if not any(one.field in ("name", "key", "command", "image") for one in parsed.named):
        weights.pop(Kind.PREDICT, None)  # nothing is predicted of nobody
    _by_what_is_asked_of_it(weights, parsed)
    order = list(Kind)
    weights = {kind: weight for kind, weight in weights.items() if weight > 0}
    perfect = re.search(r"\bnever\b|\b(?:has|have) not\b(?!.*\bruns\b)", parsed.spoken)
    if perfect and re.search(
        r"^(?:list |is )?(?:which|any|job)\b.*\bnot (?:is |ever |become )*pass\b", parsed.meant
    ):
        weights[Kind.MISSING] = 8.0
    if Kind.MISSING in weights:
        weights.pop(Kind.LIST, None)  # what did not run is no run
    return sorted(weights.items(), key=lambda one: (-one[1], order.index(one[0])))


_AGAIN = (Kind.LIST, Kind.ROSE, Kind.FELL, Kind.TREND, Kind.COMPARE, Kind.LAST)
"""Kinds that cannot tell of a time that comes again."""


def _by_what_is_asked_of_it(weights: dict[Kind, float], parsed: Parsed) -> None:
    """What one part of a question settles, whatever its other words speak for."""

    def instead(kind: Kind, *others: Kind) -> None:
        taken = [weights.pop(other) for other in others if other in weights]
        if taken:
            weights[kind] = max(weights.get(kind, 0.0), *taken)

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
