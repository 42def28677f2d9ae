"""CpuPeak: how many processors a run used at its busiest, from readings of a counter of CPU time.

A mean over a run hides that it was idle for nine seconds and busy on four processors for one: a limit set
from the mean would stretch that second.
"""

from collections import deque

STRETCH_S = 0.5
"""What is busy for less is hardly delayed by a limit: kernels share time out by the tenth of a second."""


class CpuPeak:
    """Keeps the readings of the latest half second. Costs about a microsecond a reading.

    >>> peak = CpuPeak()
    >>> for at_s, used_s in [(0.0, 0.0), (5.0, 0.0), (5.25, 1.0), (5.5, 2.0), (9.0, 2.0)]:
    ...     peak.read(at_s, used_s)
    >>> peak.cores()
    4.0
    """

    def __init__(self) -> None:
        self._latest: deque[tuple[float, float]] = deque()
        self._cores: float | None = None

    def read(self, at_s: float, used_s: float) -> None:
        """At this moment of any steady clock so many CPU seconds had been used."""
        latest = self._latest
        latest.append((at_s, used_s))
        while len(latest) > 1 and at_s - latest[1][0] >= STRETCH_S:
            latest.popleft()
        began_s, before_s = latest[0]
        if at_s - began_s >= STRETCH_S:
            self._cores = max(self._cores or 0.0, (used_s - before_s) / (at_s - began_s))

    def cores(self) -> float | None:
        """The most processors used on average over half a second; None if it was not watched for so long."""
        return self._cores
