"""Targets: which limit the past of a job asks for: one formula for whoever advises and whoever tries. Pure.

An advisor and the optimizer that looked at the same runs name the same number: what is recommended is what
the steps of a trial lead to.
"""

import math
from collections.abc import Sequence

from orcaops.model.attempts import hung
from orcaops.model.run import Run
from orcaops.stats import sizing, timeouts

WORTH = 0.8
"""A limit is lowered only if it goes to this share or below: less is not worth a trial."""

_REQUEST = 1.15  # as vertical autoscalers do: the 90th percentile and 15 %
_BURST = 1.5
_ABOVE_THE_BUSIEST = 1.1
_LEAST_CPUS = 0.3  # what a run used on average says nothing of its busiest moment


def memory_target(peaks: Sequence[float]) -> int | None:
    """The memory limit in bytes for peaks in bytes, oldest first; None with too few (see ``sizing.SAFE``)."""
    return sizing.memory_limit(peaks, sizing.SAFE, largest=max(peaks, default=0.0))


def timeout_target(
    successes: Sequence[Run], stopped: Sequence[Run], *, needed: int = timeouts.NEEDED
) -> float | None:
    """The timeout in seconds; None with too few successes.

    A run that was stopped at its timeout while it was at work needs more than that; one that hung needs
    nothing, and says nothing about how long healthy runs take.
    """
    seconds = [run.duration_s for run in successes if run.duration_s is not None]
    at_work = [run.duration_s for run in stopped if run.duration_s and not hung(run)]
    return timeouts.timeout(seconds, stopped_at=at_work, needed=needed)


def cpus_target(used: Sequence[float]) -> float:
    """The limit of processors, in tenths, for what runs used on average (processor time by wall time).

    >>> cpus_target([0.5] * 20), cpus_target([0.1] * 19 + [2.0])
    (0.9, 2.2)
    """
    busy = sorted(used)
    request = _REQUEST * busy[min(len(busy) - 1, math.ceil(0.9 * len(busy)) - 1)]
    wanted = max(_BURST * request, _ABOVE_THE_BUSIEST * busy[-1], _LEAST_CPUS)
    return math.ceil(10 * wanted - 1e-9) / 10
