"""How large a memory limit should be, from the peaks seen so far.

The largest peak times a margin that shrinks as runs come in and grows with how much they differ.
Measured on traces of scientific workflows, where it wastes less than the largest peak × 1.5 at as
many first attempts that run out of memory (``python -m benchmarks learning``).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

_PRIOR_SPREAD = 0.08
_LOOKED_AT = 100
_STEP_BYTES = 16 * 1024 * 1024
_LEAST_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Margin:
    """``largest × clip(exp(spreads · spread) + share / (n + 1), low, high)``, from ``needed`` runs on."""

    spreads: float
    share: float
    low: float
    high: float
    needed: int


BALANCED = Margin(spreads=1.0, share=2.0, low=1.05, high=2.0, needed=2)
"""To suggest: as many failed first attempts as the largest peak × 1.5, far less waste."""

SAFE = Margin(spreads=1.5, share=2.0, low=1.1, high=2.0, needed=5)
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
    n = len(logs)
    mean = math.fsum(logs) / n
    squares = math.fsum((y - mean) ** 2 for y in logs)
    spread = math.sqrt((2 * _PRIOR_SPREAD**2 + squares) / (n + 1))
    factor = math.exp(min(margin.spreads * spread, 10.0)) + margin.share / (n + 1)
    top = max(*peaks, largest or 0.0)
    limit = top * min(max(factor, margin.low), margin.high)
    return max(math.ceil(limit / _STEP_BYTES) * _STEP_BYTES, _LEAST_BYTES)
