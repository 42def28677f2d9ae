"""Whether one value is unlike the ones before it: a Student-t test of its logarithm, twice guarded.

The test alone is too eager on real noise: heavy tails and jobs with two ways to run (cache hit or
miss) make it cry. Two guards keep it quiet: the effect must matter (a ratio *and* an amount), and
it must not be something that happens anyway (the recurrence guard).
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from operator import mul
from typing import NamedTuple

from orcaops.stats.robust import median_deviation, middle
from orcaops.stats.student import critical, tail

_FEWEST = 5
_PRIOR_WEIGHT = 4
_LARGEST_FREEDOM = 30  # more would trust the tails of real noise too much
_TAIL_FREEDOM = 4
_RECURRENCE = 0.02
_RECURRENCE_GAP = math.log(1.10)
_NARROWEST = 0.02  # series with a constant runtime would otherwise alarm on a millisecond


class Band(NamedTuple):
    """Between which logarithms a value passes as usual, and what the test stands on.

    ``low`` is None where nothing is low enough to be unusual. ``centre`` is the median, ``mean``
    and ``scale`` are the test's, with ``freedom`` degrees of freedom; ``n`` values were compared.
    """

    low: float | None
    high: float
    centre: float
    mean: float
    scale: float
    freedom: int
    n: int

    def side(self, value: float) -> int:
        """+1 above the band, -1 below, 0 inside."""
        if value > self.high:
            return 1
        return -1 if self.low is not None and value < self.low else 0

    def t(self, value: float) -> float:
        """The test's statistic."""
        return (value - self.mean) / self.scale


def p_value(band: Band, value: float) -> float:
    """How probable a value as far out is, if nothing is the matter.

    With tails as heavy as real noise has them (``python -m benchmarks learning``, the rows *digest*): by
    the test's own freedom, half of the findings of a day's digest would be false.
    """
    return float(f"{tail(band.t(value), min(band.freedom, _TAIL_FREEDOM)):.3g}")


def extreme(band: Band, value: float, alpha: float = 0.0003, ratio: float = 2.0) -> bool:
    """Whether a value is beyond doubt: far beyond the test's limit, and at least ``ratio`` times off."""
    return (
        abs(band.t(value)) > critical(alpha, band.freedom)
        and abs(value - band.centre) >= math.log(ratio) - 1e-9
    )


def seen_before(ordered: Sequence[float], value: float, recurrence: float = _RECURRENCE) -> bool:
    """Whether so much of a history, in ascending order, lay as far out that no :func:`band` leaves this out.

    Also where the history is too short for one. Most values are told to be usual by this alone.
    """
    n = len(ordered)
    if n < _FEWEST:
        return True
    rank = int(recurrence * n)
    return ordered[rank] - _RECURRENCE_GAP <= value <= ordered[n - 1 - rank] + _RECURRENCE_GAP


def band(
    history: Sequence[float],
    *,
    least_amount: float,
    least_ratio: float = 1.2,
    alpha: float = 0.003,
    prior_spread: float = 0.10,
    recurrence: float = _RECURRENCE,
) -> Band | None:
    """What is usual after these logarithms; None with fewer than five.

    ``least_amount`` is in the unit of the values themselves, ``least_ratio`` a factor;
    ``alpha`` is the two-sided false-alarm rate aimed at for well-behaved noise.
    ``recurrence`` is the share of earlier values that may lie as far out before that counts as usual.
    """
    n = len(history)
    if n < _FEWEST:
        return None
    ordered = sorted(history)
    centre = middle(ordered)
    deviation = max(1.4826 * median_deviation(ordered, centre), _NARROWEST)
    weight = _PRIOR_WEIGHT * prior_spread * prior_spread
    reach = 3 * math.sqrt((weight + n * deviation * deviation) / (_PRIOR_WEIGHT + n))
    floor, ceiling = centre - reach, centre + reach
    first, last = bisect_left(ordered, floor), bisect_right(ordered, ceiling)
    clipped = [floor] * first + ordered[first:last] + [ceiling] * (n - last)
    mean = sum(clipped) / n
    off = [y - mean for y in clipped]
    squares = sum(map(mul, off, off))
    spread = max(math.sqrt((weight + squares) / (3 + n)), _NARROWEST)
    scale = spread * math.sqrt(1 + 1 / n)
    freedom = min(3 + n, _LARGEST_FREEDOM)
    margin = critical(alpha, freedom) * scale

    usual = math.exp(centre)
    rank = int(recurrence * n)
    effect = math.log(least_ratio)
    high = max(
        mean + margin,
        centre + effect,
        math.log(usual + least_amount),
        ordered[n - 1 - rank] + _RECURRENCE_GAP,
    )
    below = usual - least_amount
    low = None
    if below > 0:
        low = min(mean - margin, centre - effect, math.log(below), ordered[rank] - _RECURRENCE_GAP)
    return Band(low, high, centre, mean, scale, freedom, n)
