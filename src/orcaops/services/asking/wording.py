"""Wording: an inquiry as a sentence, so that people see what was understood.

>>> in_words(Inquiry(kind=Kind.TYPICAL, measure=Measure.DURATION, by="image", where="branch:main"))
'the typical duration by image, of runs where branch:main'
"""

from orcaops.model.inquiry import Inquiry, Kind, Measure

_WORDS = {
    Kind.LIST: "runs",
    Kind.FIRST: "the first run",
    Kind.LAST: "the last run",
    Kind.MISSING: "what has no run",
    Kind.COUNT: "the number of runs",
    Kind.RATE: "the share of runs that failed",
    Kind.TREND: "how {measure} goes over time",
    Kind.COMPARE: "a comparison of {measure}",
    Kind.ROSE: "what has more {measure} than before",
    Kind.FELL: "what has less {measure} than before",
    Kind.TYPICAL: "the typical {measure}",
    Kind.TOTAL: "the total {measure}",
    Kind.ANOMALIES: "what was unusual",
    Kind.FLAKY: "flaky jobs",
    Kind.EXPLAIN: "why it failed",
    Kind.CHANGES: "what changed since the last success",
    Kind.FIXES: "what ended such failures before",
    Kind.SEEN: "whether this was there before",
    Kind.PREDICT: "what the next run will take",
    Kind.FORECAST: "how much comes",
    Kind.ADVICE: "what could be improved",
}


def in_words(inquiry: Inquiry) -> str:
    """What is asked, in one sentence without a stop."""
    measure = (inquiry.measure or Measure.DURATION).value
    said = _WORDS[inquiry.kind].format(measure=measure)
    if inquiry.kind is Kind.LIST and inquiry.measure is not None:
        said += f" with the {'least' if inquiry.least else 'most'} {measure}"
    elif inquiry.kind in (Kind.PREDICT, Kind.ANOMALIES, Kind.FORECAST) and inquiry.measure is not None:
        said += f" ({measure})"
    if inquiry.severity is not None:
        said += f", {inquiry.severity} only"
    if inquiry.by:
        said += f" by {inquiry.by.removeprefix('label:')}"
    if inquiry.least and inquiry.kind is not Kind.LIST:
        said += ", lowest first"
    if inquiry.top:
        said += f", {inquiry.top} at most"
    if inquiry.where:
        said += f", of runs where {inquiry.where}"
    if inquiry.against:
        said += f", against {inquiry.against}"
    return said
