"""Shaping: what was recognised in a question, put together as an inquiry of one kind."""

import re
from dataclasses import replace

from orcaops.model.anomaly import Severity
from orcaops.model.inquiry import TEST, WHAT_FAILED, Inquiry, Kind, Measure
from orcaops.services.asking.understanding.conditions import NOT_OF_RUNS, search_of
from orcaops.services.asking.understanding.grouping import best_of, grouping, rivals
from orcaops.services.asking.understanding.parsed import Parsed
from orcaops.services.asking.understanding.ranking import THAN_THEN

_FLAKY = re.compile(r"\b(?:flak|intermittent|sporadic|sometimes|unstable)")
_MEASURES: tuple[tuple[Measure, str], ...] = (
    (Measure.COST, "cost|expensive|dearer|cheaper|cheapest|dearest|wasted"),
    (Measure.WAIT, "wait"),
    (Measure.MEMORY, "memory"),
    (Measure.CPU, "cpu"),
)
_OF_TIME = r"\b(?:duration|slow|slower|slowest|fast|faster|fastest|long|take|time|performance)\b"
_SINGLE = re.compile(
    r"\b(?:slowest|longest|fastest|quickest|shortest|dearest|cheapest|costliest|most \w+|largest|biggest)"
    r"(?: [a-z]+)? (?:job|run|build|one)\b|\bwhich (?:job|run|build) (?!is\b)"
)
_ALL = re.compile(r"(?:(?:list|which|any|is|job|last|seen|now|how|long|first|most|top)\b ?)*")
_UNDER = re.compile(r"\b(?:with|on|using|under|after|since)(?: \w+){0,3} ⟨[nN]\d+⟩")
_COUNTED = re.compile(r"\b(?:how many|runs|jobs|builds|submissions|executions|deploys)\b")
_AT_ONCE = re.compile(r"\b(?:workers|capacity|peaks?|concurren\w+|runners|slots|machines|hosts|servers)\b")
_DONE = re.compile(r"\b(?:when|finish\w*|done|ready|complete\w*)\b")
_WHEN_MOST = re.compile(r"\bwhen\b|\bat the same time\b|\bat once\b|\bpeak|\bbusiest\b")
_ENDINGS = ("timeout", "oom", "cancel", "policy", "lost")
_FAILS_MOST = re.compile(r"\bfail most\b|\bmost (?:often )?fail$")
_OF_ONE = (Kind.FIRST, Kind.LAST, Kind.EXPLAIN, Kind.SEEN, Kind.FIXES, Kind.CHANGES, Kind.PREDICT)
"""Kinds of which there is one answer, or as many as there are."""
_GROUPED = (Kind.COUNT, Kind.RATE, Kind.TYPICAL, Kind.TOTAL)
_UNMEASURED = (Kind.FIRST, Kind.LAST, Kind.COUNT, Kind.RATE)
_MOVES_BY = ("image", "branch", "host", "name", "command", "label:team")


def shaped(kind: Kind, parsed: Parsed) -> list[Inquiry]:
    """The inquiries of a kind that the question may ask for, the most likely first."""
    by = grouping(parsed.meant, parsed)
    kind = _really(kind, by, parsed)
    for special in (_comparison, _latest, _what_failed, _moved, _missing, _overview, _forecast, _ended_so):
        if (found := special(kind, by, parsed)) is not None:
            return found
    return _plain(kind, by, parsed)


def _really(kind: Kind, by: str | None, parsed: Parsed) -> Kind:
    """The kind that is meant where the words are those of another."""
    if kind in (Kind.ROSE, Kind.FELL) and re.search(r"(?<!more )\brate\b", parsed.meant):
        return Kind.FELL if kind is Kind.ROSE else Kind.ROSE  # a rate of successes that drops: more failures
    if kind is Kind.LIST and by not in WHAT_FAILED:
        if best_of(parsed.meant) is not None:
            return Kind.TYPICAL  # the slowest image: no run
        if by not in (None, "key", "name") and not _superlative(parsed):
            return Kind.COUNT  # which hosts: groups, and no runs
    return kind


def _latest(kind: Kind, _by: str | None, parsed: Parsed) -> list[Inquiry] | None:
    if kind is Kind.LAST and parsed.top is not None and parsed.top > 1:
        return [Inquiry(kind=Kind.LIST, top=parsed.top, where=search_of(Kind.LIST, parsed))]
    return None


def _what_failed(_kind: Kind, by: str | None, parsed: Parsed) -> list[Inquiry] | None:
    if by not in WHAT_FAILED:
        return None
    if by == TEST and _FLAKY.search(parsed.spoken):
        return [Inquiry(kind=Kind.FLAKY, by=by, where=search_of(Kind.FLAKY, parsed))]
    return [Inquiry(kind=Kind.COUNT, by=by, top=parsed.top, where=search_of(Kind.RATE, parsed))]


def _moved(kind: Kind, _by: str | None, parsed: Parsed) -> list[Inquiry] | None:
    """What changed under something, or from one time to another."""
    if kind not in (Kind.ROSE, Kind.FELL):
        return None
    if (found := _under_another(kind, parsed)) is not None:
        return [found]
    if (times := _two_times(parsed)) is None:
        return None
    where = f"{search_of(kind, parsed, with_times=False)} {times[0]}"
    return [Inquiry(kind=kind, measure=_measure(kind, parsed), against=times[1], where=where)]


def _missing(kind: Kind, by: str | None, parsed: Parsed) -> list[Inquiry] | None:
    if kind is not Kind.MISSING:
        return None
    passed = ["status:succeeded"] if re.search(r"\bnot (?:is |ever )*pass\b", parsed.meant) else []
    where = " ".join([*passed, *filter(None, [search_of(kind, replace(parsed, meant=""))])])
    # Without a time or an outcome every job has such a run.
    there = any(one.field not in ("name", "key") for one in parsed.named)
    if not (passed or parsed.spans or there):
        return []
    return [Inquiry(kind=kind, by=None if by == "key" else by, top=parsed.top, where=where)]


def _overview(kind: Kind, _by: str | None, parsed: Parsed) -> list[Inquiry] | None:
    if kind is Kind.COUNT and parsed.has("overview"):
        return [Inquiry(kind=kind, by="status", where=search_of(kind, parsed))]
    return None


def _forecast(kind: Kind, _by: str | None, parsed: Parsed) -> list[Inquiry] | None:
    if kind is not Kind.FORECAST:
        return None
    measure = _measure(kind, parsed)
    most = measure is None and _WHEN_MOST.search(parsed.spoken)
    ahead = next((span.search for span in parsed.spans if span.ahead), "")
    where = " ".join(filter(None, [search_of(kind, parsed, with_times=False), ahead]))
    return [Inquiry(kind=kind, measure=measure, by="hour-of-day" if most else None, where=where)]


def _ended_so(kind: Kind, by: str | None, parsed: Parsed) -> list[Inquiry] | None:
    """The rate of one way to end: how many runs there are of each."""
    if kind is not Kind.RATE or by is not None or not parsed.has(*_ENDINGS):
        return None
    by = "cause" if parsed.has("oom", "policy") else "status"
    rest = replace(parsed, meant=re.sub("|".join(_ENDINGS), "", parsed.meant))
    return [Inquiry(kind=Kind.COUNT, by=by, where=search_of(Kind.RATE, rest))]


def _plain(kind: Kind, by: str | None, parsed: Parsed) -> list[Inquiry]:
    """An inquiry of which each part is told by itself."""
    measure, least, top = _measure(kind, parsed), _wants_least(kind, parsed), parsed.top
    if kind is Kind.LIST:
        measure = measure if _superlative(parsed) else None
        least = least and measure is not None
        if measure is not None and top is None and _SINGLE.search(parsed.spoken):
            top = 1
        if measure is None and not search_of(kind, parsed) and not _ALL.fullmatch(parsed.meant):
            return []  # more was said than that everything is wanted
    elif kind in _OF_ONE:
        top = None
    return [
        Inquiry(
            kind=kind,
            measure=None if kind in _UNMEASURED else measure,
            severity=_severity(parsed) if kind is Kind.ANOMALIES else None,
            least=least,
            by=_grouped_by(kind, by, parsed, least=least),
            top=top,
            where=search_of(kind, parsed, with_times=kind not in NOT_OF_RUNS),
        )
    ]


def _wants_least(kind: Kind, parsed: Parsed) -> bool:
    if kind is Kind.RATE:
        return re.search(r"\bmost rate\b|\bnot (?:is )?(?:ever )?fail\b", parsed.meant) is not None
    if kind in (Kind.LIST, Kind.TYPICAL, Kind.COUNT, Kind.TOTAL):
        return parsed.has("fastest", "least", "cheapest") and not parsed.has("most", "slowest")
    return False


def _grouped_by(kind: Kind, by: str | None, parsed: Parsed, *, least: bool) -> str | None:
    if kind in (Kind.ROSE, Kind.FELL):
        return by if by in _MOVES_BY else None
    if kind not in _GROUPED:
        return None
    if kind is Kind.COUNT and by is None and _FAILS_MOST.search(parsed.meant):
        return "key"
    by = by or best_of(parsed.meant)
    every_job = kind is Kind.RATE or (kind is Kind.TYPICAL and not parsed.named)
    return by or ("key" if least and every_job else None)


def _severity(parsed: Parsed) -> Severity | None:
    return next((each for each in (Severity.CRITICAL, Severity.WARNING) if parsed.has(each.value)), None)


def _two_times(parsed: Parsed) -> tuple[str, str] | None:
    """The time that is asked about and the one it is held against; None where there are not two."""
    past = [span for span in parsed.spans if not span.ahead]
    if len(past) > 1 and parsed.has("compare"):
        return past[0].search, past[1].search
    if len(past) == 1 and past[0].end is not None and THAN_THEN.search(parsed.meant):
        later = past[0].search.rpartition("before:")[2]
        return f"after:{later}", past[0].search
    return None


def _under_another(kind: Kind, parsed: Parsed) -> Inquiry | None:
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
        where=search_of(Kind.COMPARE, others),
    )


def _superlative(parsed: Parsed) -> bool:
    return parsed.has("slowest", "fastest", "dearest", "cheapest", "most", "least", "top") or (
        parsed.top is not None and parsed.has("slow", "long", "expensive")
    )


def _comparison(kind: Kind, by: str | None, parsed: Parsed) -> list[Inquiry] | None:
    if kind is not Kind.COMPARE:
        return None
    measure = _measure(Kind.COMPARE, parsed)
    past = [span for span in parsed.spans if not span.ahead]
    against = rivals(parsed)
    times = _two_times(parsed) or ((past[0].search, past[1].search) if len(past) > 1 else None)
    if times is not None:
        where = search_of(Kind.COMPARE, parsed, with_times=False)
        return [Inquiry(kind=Kind.COMPARE, measure=measure, against=times[1], where=f"{where} {times[0]}")]
    if against is not None:
        return [
            Inquiry(kind=Kind.COMPARE, measure=measure, by=against, where=search_of(Kind.COMPARE, parsed))
        ]
    if by is not None:
        return [Inquiry(kind=Kind.COMPARE, measure=measure, by=by, where=search_of(Kind.COMPARE, parsed))]
    return []


def _measure(kind: Kind, parsed: Parsed) -> Measure | None:
    if kind in (Kind.EXPLAIN, Kind.SEEN, Kind.FIXES, Kind.CHANGES, Kind.FLAKY, Kind.ADVICE):
        return None
    if kind is Kind.PREDICT and parsed.has("oom"):
        return Measure.FAILURES
    for measure, words in _MEASURES:
        if re.search(rf"\b(?:{words})\b", parsed.meant):
            return measure if kind is not Kind.FORECAST or measure is Measure.COST else None
    if kind is Kind.FORECAST and _COUNTED.search(parsed.spoken) and not _AT_ONCE.search(parsed.spoken):
        return Measure.RUNS
    timed = re.search(_OF_TIME, parsed.meant) is not None
    if kind is Kind.PREDICT and re.search(r"\bwhat\b.*\b(?:needs?|requires?)\b", parsed.spoken):
        return None  # all that it needs
    if kind in (Kind.FORECAST, Kind.ANOMALIES, Kind.PREDICT):
        timed = timed or _DONE.search(parsed.spoken) is not None
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
        if re.search(r"\b(?:worse|better|bad|good)\b", parsed.spoken):
            return Measure.FAILURES
        counted = parsed.has("count", "many") or re.search(
            r"\bmore job\b|\bless job\b|\bjob more\b|^(?:list |compare )?job ⟨t⟩", parsed.meant
        )
        plain = kind is Kind.TREND and not parsed.named
        return Measure.RUNS if counted or plain else Measure.DURATION
    if kind in (Kind.TYPICAL, Kind.TOTAL, Kind.LIST):
        return Measure.DURATION
    return None
