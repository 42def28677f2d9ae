"""Regarding: what a question says and an inquiry cannot, so that no answer is taken for more than it is."""

from orcaops.model.inquiry import Inquiry, Kind
from orcaops.services.asking.understanding.conditions import NOT_OF_RUNS
from orcaops.services.asking.understanding.parsed import Parsed

_ANOTHER = 0.7  # of the confidence, where a condition is left out that would change the answer
_WHOLE = {"hour-of-day": "hour of day", "weekday": "weekday"}


def unregarded(inquiry: Inquiry, parsed: Parsed) -> tuple[list[str], float]:
    """Notes on what is left out, and what share of the confidence remains."""
    notes: list[str] = []
    doubt = 1.0
    if parsed.recurring is not None:
        if inquiry.by == parsed.recurring.by:
            notes.append(f"“{parsed.recurring.said}” is told by {_WHOLE[parsed.recurring.by]}")
        else:
            notes.append(
                f"“{parsed.recurring.said}” is not regarded: a search knows no hours that come again"
            )
            doubt *= _ANOTHER
    if parsed.times_said is not None:
        notes.append(f"“{parsed.times_said}” is not regarded: all are told, the most first")
        doubt *= 1.0 if inquiry.kind in (Kind.COUNT, Kind.RATE) and inquiry.by else _ANOTHER
    if len(parsed.spans) > 1 and inquiry.kind is not Kind.COMPARE and not inquiry.against:
        span = parsed.main_span
        notes.append(f"only one of the times is regarded: {span.search if span else ''}")
    elif inquiry.kind in NOT_OF_RUNS and any(not span.ahead for span in parsed.spans):
        notes.append("what comes is told from now on: the time is not regarded")
    if inquiry.severity is None and parsed.has("critical", "warning"):
        notes.append("how severe something is, is regarded for anomalies only")
    return notes, doubt
