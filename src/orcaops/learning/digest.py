"""A day's anomalies over all keys together: which of them are worth telling somebody.

One test in a few hundred alarms on noise alone; with thousands of runs a day most alarms on single
runs would be false ones. Here the false ones are controlled over all tests of the day together, by
Benjamini and Hochberg.

Live runs come one by one, so the day is the 24 hours behind the newest run (:func:`alarm`): a window that
slides has about a day's tests in it at any hour, where a calendar day would have none at its beginning.
"""

from typing import Any

from orcaops.model.anomaly import Anomaly
from orcaops.stats import multiplicity

RATE = 0.02
"""The share of false ones that is aimed at; on the noise of real machines, which is not well-behaved, less
than one in five is reached by it (``python -m benchmarks learning``, the rows *digest*)."""

_HOUR_S = 3600.0
_HOURS = 24
_MOST_ALARMS = 2000  # per family; beyond it the weakest are forgotten

Window = dict[str, Any]
"""What the digest of a workspace remembers of the last 24 hours, JSON-safe and bounded."""


def p_value(anomaly: Anomaly) -> float | None:
    """How probable a value as unusual as this is where nothing has happened; None if nobody says it."""
    value = anomaly.evidence.get("p_value")
    return float(value) if isinstance(value, (int, float)) else None


def fresh() -> Window:
    """No test made."""
    return {"tests": {}, "alarms": {}}


def judged(window: Window, family: str, at_s: float, count: int) -> None:
    """Note that a family of tests (one detector, over all keys) judged so many values at that time."""
    hours = window["tests"].setdefault(family, {})
    hour = str(int(at_s // _HOUR_S))
    hours[hour] = hours.get(hour, 0) + count
    first = max(map(int, hours)) - _HOURS + 1
    for gone in [each for each in hours if int(each) < first]:
        del hours[gone]


def count_of(window: Window, family: str) -> int:
    """How many values a family has judged in the window."""
    return sum(window["tests"].get(family, {}).values())


def alarm(
    window: Window, family: str, at_s: float, anomaly_id: str, p: float, *, rate: float = RATE
) -> list[str]:
    """Note an alarm; returns the anomalies that are worth telling now and were not before, oldest first.

    Others can be among them: where much is really wrong, a weaker sign is believed.
    """
    alarms = window["alarms"].setdefault(family, [])
    known = next((entry for entry in alarms if entry[1] == anomaly_id), None)
    if known is None:
        alarms.append([at_s, anomaly_id, p, False])
    else:
        known[0], known[2] = max(known[0], at_s), min(known[2], p)
    newest = max(entry[0] for entry in alarms)
    alarms[:] = [entry for entry in alarms if entry[0] > newest - _HOURS * _HOUR_S]
    if len(alarms) > _MOST_ALARMS:
        alarms.remove(max(alarms, key=lambda entry: entry[2]))
    found = multiplicity.discoveries([entry[2] for entry in alarms], count_of(window, family), rate=rate)
    new = [alarms[place] for place in found if not alarms[place][3]]
    for entry in new:
        entry[3] = True
    return [entry[1] for entry in new]


def is_told(window: Window, family: str, anomaly_id: str) -> bool:
    """Whether an anomaly was found worth telling in the window."""
    return any(entry[1] == anomaly_id and entry[3] for entry in window["alarms"].get(family, ()))
