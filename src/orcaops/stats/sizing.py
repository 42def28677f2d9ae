"""How large a memory limit should be, from the peaks seen so far.

The largest peak times a margin that shrinks as runs come in and grows with how much they differ, never
above the limit in force; a limit that is set once is at least what the next runs may reach
(:mod:`orcaops.stats.ceiling`).

A job that has not run yet is judged by its relatives: where none of at least eight other jobs of the same
workflow used more than a share of its limit, this one is given half as much again of its own. Measured on
traces of scientific workflows, where most of the waste comes before a job's first run has ended
(``python -m benchmarks learning``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.stats.ceiling import ceiling
from orcaops.stats.clumps import levelled

_PRIOR_SPREAD = 0.08
_LOOKED_AT = 100
_STEP_BYTES = 16 * 1024 * 1024
_LEAST_BYTES = 64 * 1024 * 1024
_RELATIVES = 8
_RELATIVES_MARGIN = 1.5


@dataclass(frozen=True, slots=True)
class Margin:
    """``largest × clip(exp(spreads · spread) + share / (n + 1), low, high)``, from ``needed`` runs on.

    A limit that ``stays`` is not set anew for every run: it leaves the next ones the room they may take,
    above the highest level that the peaks keep to.
    """

    spreads: float
    share: float
    low: float
    high: float
    needed: int
    stays: bool = False


BALANCED = Margin(spreads=1.0, share=2.0, low=1.05, high=2.0, needed=2)
"""To suggest: as many failed first attempts as the largest peak × 1.5, far less waste."""

SAFE = Margin(spreads=1.5, share=2.0, low=1.1, high=2.0, needed=5, stays=True)
"""To apply without asking."""


def memory_limit(
    peaks: Sequence[float], margin: Margin = BALANCED, *, largest: float | None = None
) -> int | None:
    """The limit in bytes, a multiple of 16 MiB and at least 64 MiB; None with too few peaks.

    ``peaks`` are the latest, in bytes, oldest first; ``largest`` the largest ever seen.
    """
    if len(peaks) < margin.needed:
        return None
    logs = [math.log(max(peak, 1.0)) for peak in peaks[-_LOOKED_AT:]]
    if margin.stays:
        logs = levelled(logs)
    n = len(logs)
    mean = math.fsum(logs) / n
    squares = math.fsum((y - mean) ** 2 for y in logs)
    spread = math.sqrt((2 * _PRIOR_SPREAD**2 + squares) / (n + 1))
    factor = math.exp(min(margin.spreads * spread, 10.0)) + margin.share / (n + 1)
    top = max(*peaks, largest or 0.0)
    limit = top * min(max(factor, margin.low), margin.high)
    if margin.stays:
        limit = max(limit, ceiling(peaks))
    return max(math.ceil(limit / _STEP_BYTES) * _STEP_BYTES, _LEAST_BYTES)


def limit_by_relatives(shares: Sequence[float], limit: float) -> int | None:
    """A limit for a job that never ran, in bytes, at most the one in force; None with too few relatives.

    ``shares`` are, for each relative, the largest share of its own limit that any of its runs held.

    >>> limit_by_relatives([0.1] * 7 + [0.2], 1000 * 1024**2) // 1024**2, limit_by_relatives([0.1], 1e9)
    (304, None)
    """
    if len(shares) < _RELATIVES:
        return None
    wanted = math.ceil(_RELATIVES_MARGIN * max(shares) * limit / _STEP_BYTES) * _STEP_BYTES
    return min(max(wanted, _LEAST_BYTES), int(limit))
