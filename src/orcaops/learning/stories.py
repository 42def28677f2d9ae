"""Stories: of anomalies about the same runs one speaks, and the others are part of it.

A job that breaks is seen by many: it fails although it never did, it fails more often than before, the same
command is tried again and again. Each is right, and somebody woken at night wants to hear one of them. Who
speaks for whom is a table; an anomaly is part of another if that one began no later, lasts as long as unusual
runs have come, and is at least as severe, so that nothing worse is hidden behind something milder.

What is part of what follows from how the anomalies stand, and not from the order in which they came.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime

from orcaops.model.anomaly import Anomaly

_FOREVER = datetime.max.replace(tzinfo=UTC)

_Kind = tuple[str, str]
_INCIDENT: _Kind = ("anomaly_incident", "incident")
_DROP: _Kind = ("anomaly_degradation", "degradation")
_RISING: _Kind = ("failure_rising", "rising_risk")
_FLAKY: _Kind = ("flaky", "flaky")
_NEWS: _Kind = ("anomaly_error", "error")
_LASTING: _Kind = ("regression", "regression")
_SILENCE: _Kind = ("anomaly_stalled", "stalled")

_SPEAKERS: Mapping[_Kind, tuple[_Kind, ...]] = {
    _DROP: (_INCIDENT,),
    _RISING: (_INCIDENT, _DROP),
    _FLAKY: (_INCIDENT, _DROP),
    _NEWS: (_INCIDENT, _DROP, _RISING, _FLAKY),
    ("anomaly_error_frequent", "error"): (_INCIDENT, _DROP),
    ("anomaly_repeat_failure", "repeat_failure"): (_INCIDENT, _DROP, _NEWS),
    ("anomaly_tests", "error"): (_INCIDENT, _DROP, _NEWS),
    ("anomaly_duration", "duration"): (_LASTING, _SILENCE),
    ("anomaly_memory", "memory"): (_LASTING,),
    _LASTING: (_LASTING,),  # of CPU time by that of duration
}
"""For each detector and type of anomaly who may speak for it, first who is asked first."""

_METRIC_OF = {"anomaly_duration": "duration", "anomaly_memory": "memory"}


def takes_part(anomaly: Anomaly) -> bool:
    """Whether an anomaly is of a kind that speaks for others, or that others speak for."""
    return _kind(anomaly) in _SPEAKERS or _kind(anomaly) in (_INCIDENT, _SILENCE)


def is_incident(anomaly: Anomaly) -> bool:
    """Whether it speaks for other jobs than its own."""
    return _kind(anomaly) == _INCIDENT


def speaker(anomaly: Anomaly, others: Iterable[Anomaly]) -> str | None:
    """The id of the anomaly that speaks for this one; None where it speaks for itself."""
    found = _speaker(anomaly, list(others))
    return None if found is None else found.id


def _speaker(anomaly: Anomaly, others: list[Anomaly]) -> Anomaly | None:
    for kind in _SPEAKERS.get(_kind(anomaly), ()):
        candidates = [other for other in others if _kind(other) == kind and _speaks(other, anomaly)]
        if candidates:
            first = min(candidates, key=lambda other: (other.detected_at, other.id))
            return _speaker(first, others) or first
    return None


def _speaks(other: Anomaly, anomaly: Anomaly) -> bool:
    if other.id == anomaly.id or other.workspace != anomaly.workspace:
        return False
    if other.key != anomaly.key and not is_incident(other):
        return False
    if _kind(other) == _LASTING and not _same_measure(other, anomaly):
        return False
    until = _FOREVER if other.open else other.closed_at or other.last_seen_at or other.detected_at
    return (
        other.detected_at <= anomaly.detected_at
        and (anomaly.last_seen_at or anomaly.detected_at) <= until
        and other.severity.rank >= anomaly.severity.rank
    )


def _same_measure(lasting: Anomaly, anomaly: Anomaly) -> bool:
    measure = lasting.evidence.get("metric")
    if _kind(anomaly) == _LASTING:
        return (measure, anomaly.evidence.get("metric")) == ("duration", "cpu")
    return bool(_METRIC_OF.get(anomaly.detector) == measure)


def _kind(anomaly: Anomaly) -> _Kind:
    return anomaly.detector, anomaly.type
