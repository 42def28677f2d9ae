"""Conditions: the search for the runs that a question is about: outcomes, amounts, names, words and times."""

import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import groupby

from orcaops.model.inquiry import Kind
from orcaops.services.asking.understanding.parsed import Parsed
from orcaops.services.asking.understanding.times import Span

NOT_OF_RUNS = frozenset({Kind.FORECAST, Kind.PREDICT, Kind.ADVICE})
_OF_FAILURES = frozenset(
    {Kind.RATE, Kind.TREND, Kind.ROSE, Kind.FELL, Kind.COMPARE, Kind.FLAKY, Kind.ANOMALIES, Kind.SEEN}
    | {Kind.CHANGES, Kind.FIXES}
    | NOT_OF_RUNS
)
"""Kinds that are about failures by themselves, or about successes as well: no filter for failed runs."""

_EVENT = re.compile(r"\b(?:upgrade|update|release|rollout|migration|switch|deployment|change)\b")
_DENIED = {
    "timeout": "-status:timed_out",
    "fail": "-status:failed",
    "pass": "-status:succeeded",
    "cancel": "-status:cancelled",
    "oom": "-cause:oom_killed",
    "lost": "-status:lost",
}
_ENDED = {
    "fail": "status:failed",
    "timeout": "status:timed_out",
    "cancel": "status:cancelled",
    "lost": "status:lost",
    "oom": "cause:oom_killed",
}
_CAUSES: dict[str, Callable[[Parsed], object]] = {
    "oom_killed": lambda parsed: parsed.has("oom") or _both(parsed, "memory", "killed"),
    "policy_denied": lambda parsed: parsed.has("policy"),
    "image_unavailable": lambda parsed: _both(parsed, "image", "pull"),
    "infrastructure": lambda parsed: parsed.has("infra"),
    "engine_lost": lambda parsed: _both(parsed, "engine", "lost"),
    "timeout_idle": lambda parsed: parsed.has("idle", "hung") and parsed.has("timeout", "killed"),
}
_BACK_THEN = re.compile(r"\b(?:was|were) running\b.*⟨t⟩")  # what ran at a time, and not what runs
_WAITING = re.compile(r"\b(?:long|slowest|most|more|mean|how long|trend|rise|up|fast|rate|typical|cpu)\b|⟨x⟩")


def search_of(kind: Kind, parsed: Parsed, *, with_times: bool = True) -> str:
    """The search, in its language."""
    parts = [*_outcome(kind, parsed), *parsed.amounts]
    named = sorted(dict.fromkeys(parsed.named), key=lambda one: one.field)
    for _, group in groupby(named, key=lambda one: one.field):
        some = list(group)
        parts += [one.search for one in some if one.without]
        parts += _either([one.search for one in some if not one.without])
    quoted = [each.replace("\\", "\\\\").replace('"', '\\"') for each in parsed.quotations]
    quoted = [f'"{each}"' for each in quoted]
    parts += _either(quoted) if re.search(r"⟨q⟩ or ⟨q⟩", parsed.spoken) else quoted
    if with_times:
        span = parsed.main_span
        parts += [_since_event(kind, parsed, span)] if span is not None else []
    return " ".join(parts)


def _both(parsed: Parsed, one: str, other: str) -> bool:
    return parsed.has(one) and parsed.has(other)


def _either(parts: Sequence[str]) -> list[str]:
    """Parts of which one must hold, as one part."""
    return [f"({' OR '.join(parts)})"] if len(parts) > 1 else list(parts)


def _since_event(kind: Kind, parsed: Parsed, span: Span) -> str:
    """The time of a search; what an event of one day changed is seen in all that ran since."""
    whole_day = span.start and span.end and span.end - span.start == timedelta(days=1)
    if kind in (Kind.ROSE, Kind.FELL) and whole_day and _EVENT.search(parsed.spoken):
        return span.search.partition(" before:")[0]
    return span.search


def _one_of(parsed: Parsed) -> list[str]:
    """The outcomes that stand side by side with "or" or "and" between them: any of them is meant."""
    one = "|".join(_ENDED)
    chain = re.search(rf"\b(?:{one})(?: (?:is |become )*(?:{one}))+\b", parsed.meant)
    if chain is None or not re.search(r"\b(?:or|and)\b", parsed.spoken):
        return []
    return [_ENDED[each] for each in dict.fromkeys(chain[0].split()) if each in _ENDED]


def _outcome(kind: Kind, parsed: Parsed) -> Sequence[str]:
    """Status and cause as the question says them."""
    meant = parsed.meant
    if kind in NOT_OF_RUNS:
        return []
    denied = re.findall(rf"\bnot (?:is )?({'|'.join(_DENIED)})\b", meant)
    if denied and (kind is not Kind.RATE or denied != ["fail"]):
        rest = re.sub(rf"\bnot (?:is )?(?:{'|'.join(denied)})\b", "", meant)
        return [*(_DENIED[one] for one in denied), *_outcome(kind, replace(parsed, meant=rest))]
    if len(several := _one_of(parsed)) > 1:
        return _either(several)
    if particular := _cause(parsed) or _stopped(parsed):
        return particular
    if kind in _OF_FAILURES:
        return []
    if kind in (Kind.LIST, Kind.COUNT, Kind.FIRST, Kind.LAST) and (going_on := _going_on(parsed)):
        return going_on
    if parsed.has("lost"):
        return ["status:lost"]
    if kind is Kind.EXPLAIN:
        return [] if any(one.field == "job_id" for one in parsed.named) else ["status:failed"]
    if parsed.has("fail") and not (parsed.has("pass") and kind is Kind.COUNT):
        return ["status:failed"]
    return ["status:succeeded"] if parsed.has("pass") else []


def _cause(parsed: Parsed) -> list[str]:
    causes = [f"cause:{cause}" for cause, is_said in _CAUSES.items() if is_said(parsed)]
    if causes and parsed.has("timeout") and re.search(r"\b(?:or|and)\b", parsed.spoken):
        return _either([*causes, "status:timed_out"])
    return causes


def _stopped(parsed: Parsed) -> list[str]:
    if parsed.has("timeout", "hung"):
        both = re.search(r"\bfail(?: timeout| (?:or|and) )", parsed.meant) and re.search(
            r"\b(?:or|and)\b", parsed.spoken
        )
        return _either(["status:failed", "status:timed_out"] if both else ["status:timed_out"])
    return ["status:cancelled"] if parsed.has("cancel") else []


def _going_on(parsed: Parsed) -> list[str]:
    running = parsed.has("running") and not _BACK_THEN.search(parsed.spoken)
    now = re.search(r"\bnow$", parsed.meant) and not parsed.has("fail", "pass", "queued", "wait")
    if running or now:
        return ["status:running"]
    waiting = parsed.has("wait") and not _WAITING.search(parsed.meant) and not parsed.amounts
    return ["status:queued"] if parsed.has("queued") or waiting else []
