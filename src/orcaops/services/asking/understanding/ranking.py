"""Ranking: the kinds of inquiry that a question may be, by what speaks for them."""

import re
from collections.abc import Mapping

from orcaops.model.inquiry import Kind
from orcaops.services.asking.understanding.grouping import grouping, rivals
from orcaops.services.asking.understanding.parsed import Parsed


def ranked(parsed: Parsed, found: Mapping[Kind, float]) -> list[tuple[Kind, float]]:
    """The kinds by what speaks for them, with what the parts of the question say beside its words."""
    weights = dict(found)

    def more(kind: Kind, weight: float) -> None:
        weights[kind] = weights.get(kind, 0.0) + weight

    past = [span for span in parsed.spans if not span.ahead]
    if len(past) > 1:
        more(Kind.COMPARE, 3.2)
    if rivals(parsed) is not None and parsed.has("compare", "faster", "slower", "cheaper", "dearer", "rate"):
        more(Kind.COMPARE, 3.0)
        if re.search(r"\b(?:or|which)\b", parsed.spoken) and not parsed.has("become"):
            more(Kind.COMPARE, 4.0)
    if re.search(r"\bcompare ⟨t⟩", parsed.meant) and len(past) == 1:
        more(Kind.COMPARE, 1.6)
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
    if parsed.has("rate", "failrate") and parsed.has("rise", "drop", "up", "down"):
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
    order = list(Kind)
    weights = {kind: weight for kind, weight in weights.items() if weight > 0}
    if re.search(r"\bnever\b", parsed.spoken) and re.search(r"\bnot (?:is |ever )*pass\b", parsed.meant):
        weights[Kind.MISSING] = 8.0
    if Kind.MISSING in weights:
        weights.pop(Kind.LIST, None)  # what did not run is no run
    return sorted(weights.items(), key=lambda one: (-one[1], order.index(one[0])))
