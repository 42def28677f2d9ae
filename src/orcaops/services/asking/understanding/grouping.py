"""Grouping: by what a question asks for numbers, and what it sets against each other."""

import re

from orcaops.services.asking.understanding.parsed import Parsed

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
_WITH = "image|branch|host|executor|team|command"  # what several jobs run with


def rivals(parsed: Parsed) -> str | None:
    """The field of which several values are named, to be compared."""
    fields = [one.field for one in parsed.named]
    several = [name for name in fields if fields.count(name) > 1]
    return several[0] if several else None


def grouping(meant: str, parsed: Parsed) -> str | None:
    """The field or span of time to group by; None where it is not asked for."""
    found = _grouping(meant, parsed)
    jobs = [one for one in parsed.named if one.field in ("name", "key") and not one.pattern | one.without]
    return None if found in ("key", "name") and len(jobs) == 1 else found  # of one job there is one group


def best_of(meant: str) -> str | None:
    """The field whose best or worst is asked for: ``the least reliable host``."""
    found = re.search(rf"\b(?:most|least) (?:(?:fail)?rate|use) ({_WORD})\b", meant) or re.search(
        rf"\b(?:slowest|fastest|cheapest|dearest) ({_WITH})\b", meant
    )
    return _GROUPED[found[1]] if found else None


def _grouping(meant: str, parsed: Parsed) -> str | None:
    if parsed.by is not None:
        return parsed.by
    ranked_by = re.search(rf"\b({_WORD}) per (?:count|fail|failrate|rate|cost|duration|memory|cpu)\b", meant)
    if ranked_by:
        return _GROUPED[ranked_by[1]]
    if re.search(r"\bper (?:run|execution)\b", parsed.spoken) and parsed.has("cost", "mean"):
        meant = re.sub(r"\bper job\b", "", meant)  # what one of them costs
    per = re.search(rf"\bper (?:[a-z]+ )??({_WORD})\b", meant)
    if per:
        return _GROUPED[per[1]]
    for word, span in _SPANS_OF.items():
        if re.search(rf"\b{word}\b", parsed.spoken):
            return span
    asked = re.search(
        rf"\b(?:which|top|distinct|list any|^list)(?: is)?(?: (?!rate\b)[a-z]+)?? ({_WORD})\b", meant
    )
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
    if parsed.recurring is not None:
        return parsed.recurring.by
    if parsed.times_said is not None and not any(one.field in ("name", "key") for one in parsed.named):
        return "key"
    return None
