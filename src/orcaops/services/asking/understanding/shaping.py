"""Shaping: what was recognised in a question, put together as an inquiry of one kind."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby
from typing import TYPE_CHECKING

from orcaops.model.inquiry import TEST, WHAT_FAILED, Inquiry, Kind, Measure

if TYPE_CHECKING:
    from orcaops.services.asking.understanding.dissection import Parsed
    from orcaops.services.asking.understanding.times import Span

_NOT_OF_RUNS = frozenset({Kind.FORECAST, Kind.PREDICT, Kind.ADVICE})
_OF_FAILURES = frozenset(
    {Kind.RATE, Kind.TREND, Kind.ROSE, Kind.FELL, Kind.COMPARE, Kind.FLAKY, Kind.ANOMALIES, Kind.SEEN}
    | {Kind.CHANGES, Kind.FIXES}
    | _NOT_OF_RUNS
)
"""Kinds that are about failures by themselves, or about successes as well: no filter for failed runs."""

_GROUPED = {
    "job": "key",
    "image": "image",
    "branch": "branch",
    "commit": "commit",
    "host": "host",
    "executor": "executor",
    "command": "command",
    "name": "name",
    "team": "label:team",
    "key": "key",
    "status": "status",
    "source": "source",
    "cause": "cause",
    "exitcode": "exit_code",
    "hour": "hour",
    "day": "day",
    "week": "week",
    "month": "month",
    "weekday": "weekday",
    "hourofday": "hour-of-day",
}
_SPANS_OF = {"hourly": "hour", "daily": "day", "weekly": "week", "monthly": "month"}
_WORD = "|".join(_GROUPED)
_MEASURES: tuple[tuple[Measure, str], ...] = (
    (Measure.COST, "cost|expensive|dearer|cheaper|cheapest|dearest|wasted"),
    (Measure.WAIT, "wait"),
    (Measure.MEMORY, "memory"),
    (Measure.CPU, "cpu"),
)
_OF_TIME = r"\b(?:duration|slow|slower|slowest|fast|faster|fastest|long|take|time|performance)\b"
_EVENT = re.compile(r"\b(?:upgrade|update|release|rollout|migration|switch|deployment|change)\b")
_SINGLE = re.compile(
    r"\b(?:slowest|longest|fastest|quickest|shortest|dearest|cheapest|costliest|most \w+|largest|biggest)"
    r"(?: [a-z]+)? (?:job|run|build|one)\b|\bwhich (?:job|run|build) (?!is\b)"
)
_ALL = re.compile(r"(?:(?:list|which|any|is|job|last|seen|now|how|long|first|most|top)\b ?)*")
_UNDER = re.compile(r"\b(?:with|on|using|under|after|since)(?: \w+){0,3} ⟨[nN]\d+⟩")
_WHEN_MOST = re.compile(r"\bwhen\b|\bat the same time\b|\bat once\b|\bpeak|\bbusiest\b")
_DENIED = {
    "timeout": "-status:timed_out",
    "fail": "-status:failed",
    "pass": "-status:succeeded",
    "cancel": "-status:cancelled",
    "oom": "-cause:oom_killed",
    "lost": "-status:lost",
}
_WAITING = re.compile(r"\b(?:long|slowest|most|more|mean|how long|trend|rise|up|fast|rate|typical|cpu)\b|⟨x⟩")


def ranked(parsed: "Parsed", found: Mapping[Kind, float]) -> list[tuple[Kind, float]]:
    """The kinds by what speaks for them, with what the parts of the question say beside its words."""
    weights = dict(found)

    def more(kind: Kind, weight: float) -> None:
        weights[kind] = weights.get(kind, 0.0) + weight

    past = [span for span in parsed.spans if not span.ahead]
    if len(past) > 1:
        more(Kind.COMPARE, 3.2)
    if _rivals(parsed) is not None and parsed.has("compare", "faster", "slower", "cheaper", "dearer", "rate"):
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
    if _grouping(parsed.meant, parsed) is not None and parsed.has("fail", "timeout", "oom", "cancel"):
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


def shaped(kind: Kind, parsed: "Parsed") -> list[Inquiry]:
    """The inquiries of a kind that the question may ask for, the most likely first."""
    if kind is Kind.COMPARE:
        return _comparison(parsed)
    if kind in (Kind.ROSE, Kind.FELL) and re.search(r"(?<!more )\brate\b", parsed.meant):
        kind = Kind.FELL if kind is Kind.ROSE else Kind.ROSE  # a rate of successes that drops: more failures
    if kind is Kind.LAST and parsed.top is not None and parsed.top > 1:
        return [Inquiry(kind=Kind.LIST, top=parsed.top, where=_where(Kind.LIST, parsed))]
    by = _grouping(parsed.meant, parsed)
    if by in WHAT_FAILED:
        if by == TEST and parsed.has("flaky", "sometimes"):
            return [Inquiry(kind=Kind.FLAKY, by=by, where=_where(Kind.FLAKY, parsed))]
        return [Inquiry(kind=Kind.COUNT, by=by, top=parsed.top, where=_where(Kind.RATE, parsed))]
    if kind in (Kind.ROSE, Kind.FELL) and (found := _under_another(kind, parsed)) is not None:
        return [found]
    if kind is Kind.MISSING:
        passed = ["status:succeeded"] if re.search(r"\bnot (?:is |ever )*pass\b", parsed.meant) else []
        where = " ".join([*passed, *filter(None, [_where(kind, replace(parsed, meant=""))])])
        # Without a time or an outcome every job has such a run.
        by = None if by == "key" else by
        return [Inquiry(kind=kind, by=by, top=parsed.top, where=where)] if passed or parsed.spans else []
    if kind is Kind.COUNT and parsed.has("overview"):
        return [Inquiry(kind=kind, by="status", where=_where(kind, parsed))]
    measure = _measure(kind, parsed)
    if kind is Kind.FORECAST and measure is None and _WHEN_MOST.search(parsed.spoken):
        return [Inquiry(kind=kind, by="hour-of-day")]
    if kind is Kind.RATE and by is None and parsed.has("timeout", "oom", "cancel", "policy", "lost"):
        by, kind = ("cause" if parsed.has("oom", "policy") else "status"), Kind.COUNT
        where = _where(
            Kind.RATE, replace(parsed, meant=re.sub(r"timeout|oom|cancel|policy|lost", "", parsed.meant))
        )
        return [Inquiry(kind=kind, by=by, where=where)]
    least = False
    top = parsed.top
    if kind in (Kind.LIST, Kind.TYPICAL, Kind.COUNT, Kind.RATE, Kind.TOTAL):
        least = parsed.has("fastest", "least", "cheapest") and not parsed.has("most", "slowest")
    if kind is Kind.RATE:
        least = re.search(r"\bmost rate\b|\bnot (?:is )?(?:ever )?fail\b", parsed.meant) is not None
        by = by or ("key" if least else None)
    if (
        kind is Kind.COUNT
        and by is None
        and re.search(r"\bfail most\b|\bmost (?:often )?fail$", parsed.meant)
    ):
        by = "key"
    if kind is Kind.LIST:
        measure = measure if _superlative(parsed) else None
        least = least and measure is not None
        by = None
        if measure is not None and top is None and _SINGLE.search(parsed.spoken):
            top = 1
    elif kind in (Kind.FIRST, Kind.LAST, Kind.EXPLAIN, Kind.SEEN, Kind.FIXES, Kind.CHANGES, Kind.PREDICT):
        by, top = None, None
    elif kind in (Kind.FORECAST, Kind.ADVICE, Kind.ANOMALIES, Kind.FLAKY, Kind.TREND):
        by = None
    elif kind in (Kind.ROSE, Kind.FELL):
        by = by if by in ("image", "branch", "host", "name", "command", "label:team") else None
    elif kind is Kind.TYPICAL and by is None and least and not parsed.named:
        by = "key"
    if kind in (Kind.FIRST, Kind.LAST, Kind.COUNT, Kind.RATE) and measure is not None:
        measure = None
    if (
        kind is Kind.LIST
        and measure is None
        and not _where(kind, parsed)
        and not _ALL.fullmatch(parsed.meant)
    ):
        return []  # more was said than that everything is wanted
    if kind in _NOT_OF_RUNS and kind is not Kind.FORECAST:
        where = _where(kind, parsed, with_times=False)
    else:
        where = "" if kind is Kind.FORECAST else _where(kind, parsed)
    return [Inquiry(kind=kind, measure=measure, least=least, by=by, top=top, where=where)]


def _under_another(kind: Kind, parsed: "Parsed") -> Inquiry | None:
    """``did web-build get faster with node:22?``: compared with the others that it ran under."""
    if not any(one.field in ("name", "key", "command") for one in parsed.named) or parsed.spans:
        return None
    under = [one for one in parsed.named if one.field in ("image", "host", "branch", "executor")]
    if len(under) != 1 or not _UNDER.search(parsed.spoken):
        return None
    others = replace(parsed, named=[one for one in parsed.named if one is not under[0]])
    return Inquiry(
        kind=Kind.COMPARE,
        measure=_measure(kind, parsed),
        by=under[0].field,
        where=_where(Kind.COMPARE, others),
    )


def _superlative(parsed: "Parsed") -> bool:
    return parsed.has("slowest", "fastest", "dearest", "cheapest", "most", "least", "top") or (
        parsed.top is not None and parsed.has("slow", "long", "expensive")
    )


def _comparison(parsed: "Parsed") -> list[Inquiry]:
    measure = _measure(Kind.COMPARE, parsed)
    past = [span for span in parsed.spans if not span.ahead]
    rivals = _rivals(parsed)
    if len(past) > 1:
        where = _where(Kind.COMPARE, parsed, with_times=False)
        return [
            Inquiry(
                kind=Kind.COMPARE, measure=measure, against=past[1].search, where=f"{where} {past[0].search}"
            )
        ]
    if rivals is not None:
        return [Inquiry(kind=Kind.COMPARE, measure=measure, by=rivals, where=_where(Kind.COMPARE, parsed))]
    if past and re.search(r"\bcompare ⟨t⟩", parsed.meant) and past[0].end is not None:
        where = _where(Kind.COMPARE, parsed, with_times=False)
        later = past[0].search.rpartition("before:")[2]
        return [
            Inquiry(
                kind=Kind.COMPARE, measure=measure, against=past[0].search, where=f"{where} after:{later}"
            )
        ]
    by = _grouping(parsed.meant, parsed)
    if by is not None:
        return [Inquiry(kind=Kind.COMPARE, measure=measure, by=by, where=_where(Kind.COMPARE, parsed))]
    return []


def _rivals(parsed: "Parsed") -> str | None:
    """The field of which several values are named, to be compared."""
    fields = [one.field for one in parsed.named]
    several = [name for name in fields if fields.count(name) > 1]
    return several[0] if several else None


def _measure(kind: Kind, parsed: "Parsed") -> Measure | None:
    if kind in (Kind.EXPLAIN, Kind.SEEN, Kind.FIXES, Kind.CHANGES, Kind.FLAKY, Kind.ADVICE):
        return None
    if kind is Kind.PREDICT and parsed.has("oom"):
        return Measure.FAILURES
    for measure, words in _MEASURES:
        if re.search(rf"\b(?:{words})\b", parsed.meant):
            return measure if kind is not Kind.FORECAST or measure is Measure.COST else None
    timed = re.search(_OF_TIME, parsed.meant) is not None
    if kind in (Kind.FORECAST, Kind.ANOMALIES, Kind.PREDICT):
        timed = timed or re.search(r"\bwhen\b", parsed.meant) is not None
        fails = kind is Kind.PREDICT and parsed.has(
            "fail", "failrate", "likely", "flaky", "oom", "timeout", "pass"
        )
        timed = timed and kind is not Kind.FORECAST
        return Measure.FAILURES if fails else Measure.DURATION if timed else None
    if kind in (Kind.ROSE, Kind.FELL, Kind.TREND, Kind.COMPARE):
        if parsed.has("fail", "failrate", "rate", "flaky", "pass", "oom", "timeout"):
            return Measure.FAILURES
        if timed:
            return Measure.DURATION
        if kind is Kind.COMPARE and re.search(r"\b(?:worse|better|bad|good)\b", parsed.spoken):
            return Measure.FAILURES
        counted = parsed.has("count", "many") or re.search(
            r"\bmore job\b|\bless job\b|\bjob more\b", parsed.meant
        )
        plain = kind is Kind.TREND and not parsed.named
        return Measure.RUNS if counted or plain else Measure.DURATION
    if kind in (Kind.TYPICAL, Kind.TOTAL, Kind.LIST):
        return Measure.DURATION
    return None


def _grouping(meant: str, parsed: "Parsed") -> str | None:
    if parsed.by is not None:
        return parsed.by
    ranked_by = re.search(rf"\b({_WORD}) per (?:count|fail|failrate|rate|cost|duration|memory|cpu)\b", meant)
    if ranked_by:
        return _GROUPED[ranked_by[1]]
    if re.search(r"\bper (?:run|job|execution)\b", parsed.spoken) and parsed.has("cost", "mean"):
        meant = re.sub(r"\bper job\b", "", meant)  # what one of them costs
    per = re.search(rf"\bper (?:[a-z]+ )??({_WORD})\b", meant)
    if per:
        return _GROUPED[per[1]]
    for word, span in _SPANS_OF.items():
        if re.search(rf"\b{word}\b", parsed.spoken):
            return span
    asked = re.search(rf"\b(?:which|top|distinct)(?: is)?(?: (?!rate\b)[a-z]+)? ({_WORD})\b", meant)
    if asked and not re.search(r"⟨n⟩", meant[: asked.start()]):
        return _GROUPED[asked[1]]
    if re.search(r"\bmost\b", meant) and (first := re.search(rf"^(?:list )?({_WORD})\b", meant)):
        return _GROUPED[first[1]]
    if re.search(r"^which cost\b(?: [a-z]+)? most\b", meant):
        return "key"
    if often := re.search(r"\b(?:most|often) (?:often )?(?:fail )?(cause|exitcode)\b", meant):
        return _GROUPED[often[1]]
    if re.search(r"^when is most\b|\bforecast hour\b", meant):
        return "hour-of-day"
    if re.search(r"\bforecast (?:day|weekday)\b", meant):
        return "weekday"
    if re.search(r"\b(?:hourofday|weekday)\b", meant):
        return "weekday" if "weekday" in meant else "hour-of-day"
    return None


def _where(kind: Kind, parsed: "Parsed", *, with_times: bool = True) -> str:
    parts = [*_outcome(kind, parsed), *parsed.amounts]
    named = sorted(dict.fromkeys(parsed.named), key=lambda one: one.field)
    for _, group in groupby(named, key=lambda one: one.field):
        each = [one.search for one in group]
        parts.append(each[0] if len(each) == 1 else f"({' OR '.join(each)})")
    for quotation in parsed.quotations:
        said = quotation.replace("\\", "\\\\").replace('"', '\\"')
        parts.append(f'"{said}"')
    if with_times:
        parts += [_since_event(kind, parsed, span) for span in parsed.spans[:1]]
    return " ".join(parts)


def _since_event(kind: Kind, parsed: "Parsed", span: "Span") -> str:
    """The time of a search; what an event of one day changed is seen in all that ran since."""
    whole_day = span.start and span.end and span.end - span.start == timedelta(days=1)
    if kind in (Kind.ROSE, Kind.FELL) and whole_day and _EVENT.search(parsed.spoken):
        return span.search.partition(" before:")[0]
    return span.search


def _outcome(kind: Kind, parsed: "Parsed") -> Sequence[str]:
    """Status and cause as the question says them."""
    meant = parsed.meant
    if kind in _NOT_OF_RUNS:
        return []
    denied = re.findall(rf"\bnot (?:is )?({'|'.join(_DENIED)})\b", meant)
    if denied and (kind is not Kind.RATE or denied != ["fail"]):
        rest = re.sub(rf"\bnot (?:is )?(?:{'|'.join(denied)})\b", "", meant)
        return [*(_DENIED[one] for one in denied), *_outcome(kind, replace(parsed, meant=rest))]
    causes = []
    if parsed.has("oom") or re.search(r"\bmemory\b.*\bkilled\b|\bkilled\b.*\bmemory\b", meant):
        causes.append("cause:oom_killed")
    if parsed.has("policy"):
        causes.append("cause:policy_denied")
    if re.search(r"\bimage\b.*\bpull\b|\bpull\b.*\bimage\b", meant):
        causes.append("cause:image_unavailable")
    if parsed.has("infra"):
        causes.append("cause:infrastructure")
    if re.search(r"\bengine\b.*\blost\b|\blost\b.*\bengine\b", meant):
        causes.append("cause:engine_lost")
    if parsed.has("idle") and parsed.has("timeout", "killed"):
        causes.append("cause:timeout_idle")
    if causes and parsed.has("timeout") and re.search(r"\b(?:or|and)\b", parsed.spoken):
        return [f"({' OR '.join([*causes, 'status:timed_out'])})"]
    if causes:
        return causes
    if parsed.has("timeout"):
        both = re.search(r"\bfail(?: timeout| (?:or|and) )", meant) and re.search(
            r"\b(?:or|and)\b", parsed.spoken
        )
        return ["(status:failed OR status:timed_out)" if both else "status:timed_out"]
    if parsed.has("cancel"):
        return ["status:cancelled"]
    if kind in _OF_FAILURES:
        return []
    listed = kind in (Kind.LIST, Kind.COUNT)
    if listed and (parsed.has("running") or re.search(r"\bnow$", meant)):
        return ["status:running"]
    if listed and (
        parsed.has("queued") or (parsed.has("wait") and not _WAITING.search(meant) and not parsed.amounts)
    ):
        return ["status:queued"]
    if parsed.has("lost"):
        return ["status:lost"]
    if kind is Kind.EXPLAIN:
        return [] if any(one.field == "job_id" for one in parsed.named) else ["status:failed"]
    if parsed.has("fail") and not (parsed.has("pass") and kind is Kind.COUNT):
        return ["status:failed"]
    return ["status:succeeded"] if parsed.has("pass") else []
