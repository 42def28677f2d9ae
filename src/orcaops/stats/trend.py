"""Whether numbers in a row go up or down: Mann-Kendall's test, and Theil's and Sen's slope."""

import math
import statistics
from collections.abc import Sequence
from typing import NamedTuple

FEWEST = 6
"""How many numbers there must be: with fewer the test can hardly say anything."""


class Trend(NamedTuple):
    """The median change from one number to the next, and how likely chance alone shows as clear a trend."""

    slope: float
    p_value: float


def trend(values: Sequence[float]) -> Trend | None:
    """The trend of equally spaced numbers; None for fewer than :data:`FEWEST`.

    The slope is the median over all pairs (Sen 1968). The test is Mann's and Kendall's with its normal
    approximation, corrected for ties.

    >>> trend([1, 2, 3, 4, 5, 6, 7, 8]).slope
    1.0
    """
    n = len(values)
    if n < FEWEST:
        return None
    slopes, balance = [], 0
    for j in range(1, n):
        for i in range(j):
            slopes.append((values[j] - values[i]) / (j - i))
            balance += (values[j] > values[i]) - (values[j] < values[i])
    ties = sum(t * (t - 1) * (2 * t + 5) for v in set(values) for t in [list(values).count(v)])
    variance = (n * (n - 1) * (2 * n + 5) - ties) / 18
    if variance <= 0:
        return Trend(0.0, 1.0)
    z = max(abs(balance) - 1, 0) / math.sqrt(variance)
    return Trend(float(statistics.median(slopes)), math.erfc(z / math.sqrt(2)))
