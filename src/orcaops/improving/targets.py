"""Targets: which limit the past of a job asks for: one formula for whoever advises and whoever tries. Pure.

An advisor and the optimizer that looked at the same runs name the same number: what is recommended is what
the steps of a trial lead to.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from orcaops.model.attempts import hung
from orcaops.model.run import Cause, Run
from orcaops.stats import sizing, timeouts

WORTH = 0.8
"""A limit is lowered only if it goes to this share or below: less is not worth a trial."""

LONGER = 0.05
"""By which share of its time a run may take longer with fewer processors."""

_REQUEST = 1.15  # as vertical autoscalers do: the 90th percentile and 15 %
_BURST = 1.5
_ABOVE_THE_BUSIEST = 1.1
_FAR_LONGER = 8.0  # twice what a timeout leaves at most above the longest
_LEAST_CPUS = 0.3  # what a run used on average says nothing of its busiest moment


def memory_target(peaks: Sequence[float]) -> int | None:
    """The memory limit in bytes for peaks in bytes, oldest first; None with too few (see ``sizing.SAFE``)."""
    return sizing.memory_limit(peaks, sizing.SAFE, largest=max(peaks, default=0.0))


def hung_beside(run: Run, longest_s: float) -> bool:
    """Whether a run that was stopped for time had hung: by what it did, or where that was not measured by
    how long it took beside the longest of many successes.
    """
    stopped = run.cause in (Cause.TIMEOUT_TOTAL, Cause.TIMEOUT_IDLE)
    if not stopped or run.usage.cpu_seconds is not None:
        return hung(run)
    return (run.duration_s or 0.0) > _FAR_LONGER * longest_s


def timeout_target(
    successes: Sequence[Run], stopped: Sequence[Run], *, needed: int = timeouts.NEEDED
) -> float | None:
    """The timeout in seconds; None with too few successes.

    A run that was stopped at its timeout while it was at work needs more than that; one that hung needs
    nothing, and says nothing about how long healthy runs take.
    """
    seconds = [run.duration_s for run in successes if run.duration_s is not None]
    longest_s = max(seconds, default=math.inf)
    at_work = [run.duration_s for run in stopped if run.duration_s and not hung_beside(run, longest_s)]
    return timeouts.timeout(seconds, stopped_at=at_work, needed=needed)


class CpuUse(NamedTuple):
    """Processors that a run used: on average (CPU time by wall time), and at its busiest where known."""

    mean: float
    peak: float | None = None

    def longer(self, cpus: float) -> float:
        """By which share of its time the run would have taken longer with so many processors, at most.

        As if all its work had been done at its busiest pace: then a lower limit delays all of it.

        >>> round(CpuUse(0.4, 4.0).longer(1.0), 2), CpuUse(0.4).longer(1.0), CpuUse(0.4, 0.9).longer(1.0)
        (0.3, 0.0, 0.0)
        """
        if self.mean <= 0 or self.peak is None or self.peak <= cpus:
            return 0.0
        return self.mean / cpus - self.mean / self.peak


def cpu_use(run: Run) -> CpuUse | None:
    """What a run used of processors; None where it was not measured."""
    used, seconds, peak = run.usage.cpu_seconds, run.duration_s, run.usage.cpu_peak_cores
    if used is None or not seconds:
        return None
    mean = used / seconds
    return CpuUse(mean, max(peak, mean) if peak is not None else None)


def cpus_target(used: Sequence[CpuUse]) -> float:
    """The limit of processors, in tenths, for what runs used: none of them would have been delayed by a 20th.

    >>> cpus_target([CpuUse(0.5)] * 20), cpus_target([CpuUse(0.1)] * 19 + [CpuUse(2.0)])
    (0.9, 2.2)
    >>> cpus_target([CpuUse(0.4, 0.5)] * 20), cpus_target([CpuUse(0.4, 4.0)] * 20)
    (0.7, 2.7)
    """
    means = sorted(use.mean for use in used)
    request = _REQUEST * means[min(len(means) - 1, math.ceil(0.9 * len(means)) - 1)]
    bursts = (use.mean / (LONGER + use.mean / use.peak) for use in used if use.peak)
    wanted = max(_BURST * request, _ABOVE_THE_BUSIEST * means[-1], _LEAST_CPUS, *bursts)
    return math.ceil(10 * wanted - 1e-9) / 10
