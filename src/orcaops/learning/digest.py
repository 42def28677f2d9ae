"""A day's anomalies over all keys together: which of them are worth telling somebody.

One test in a few hundred alarms on noise alone; with thousands of runs a day most alarms on single
runs would be false ones. Here the false ones are controlled over all tests of the day together.
"""

from collections.abc import Sequence

from orcaops.model.anomaly import Anomaly
from orcaops.stats import multiplicity


def worth_telling(anomalies: Sequence[Anomaly], tests: int, *, rate: float = 0.05) -> list[Anomaly]:
    """Those of one day's anomalies to tell, in their order; the others are listed, and no more.

    ``tests`` is how many values were judged on that day, by all detectors that state a ``p_value`` as
    evidence; of their anomalies that are told, about a share ``rate`` would be false on well-behaved noise,
    one in five on that of real machines (``python -m benchmarks learning``, the rows *digest*). Anomalies
    of other detectors, which look at many runs before they say anything, are all told.
    """
    tested = [place for place, anomaly in enumerate(anomalies) if _p_value(anomaly) is not None]
    p_values = [_p_value(anomalies[place]) or 0.0 for place in tested]
    told = {tested[place] for place in multiplicity.discoveries(p_values, tests, rate=rate)}
    return [a for place, a in enumerate(anomalies) if place in told or _p_value(a) is None]


def _p_value(anomaly: Anomaly) -> float | None:
    value = anomaly.evidence.get("p_value")
    return float(value) if isinstance(value, (int, float)) else None
