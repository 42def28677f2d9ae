"""How long a run may take before it is stopped, from how long runs took so far.

``T = clamp(exp(m + t · s · sqrt(1 + 1/n)), 2 max, 4 max) + 30 s``, with the mean m and the spread s of the
logarithms, t the value that Student's distribution exceeds once in a thousand (at most 10 degrees of
freedom), a prior of four runs with a spread of .2 and the maximum over all history. Never below a minute,
and never below 1.2 times a time that a run was stopped at. How many healthy runs such a limit would have
killed is measured by ``python -m benchmarks learning``.

Before twenty runs the largest says less of what is to come: both multiples of it are larger then by (20/n)³.
"""

import math
from collections.abc import Sequence

from orcaops.stats.student import critical

NEEDED = 10
"""Successful runs until a timeout is said."""

_PRIOR_RUNS, _PRIOR_SPREAD, _LEAST_SPREAD = 4.0, 0.2, 0.05
_ONE_IN = 0.002  # two-sided: once in a thousand above
_MOST_FREEDOM = 10
_SHORTEST_S = 60.0
_SETTLED = 20  # runs from which on the multiples of the largest stand
_UNSETTLED_POWER = 3
_STEP = 1.25


def timeout(
    seconds: Sequence[float],
    *,
    longest: float | None = None,
    stopped_at: Sequence[float] = (),
    needed: int = NEEDED,
) -> float | None:
    """The timeout in seconds, rounded up to a power of 1.25; None with too few runs.

    ``seconds`` are the latest successes, ``longest`` the longest ever, ``stopped_at`` when runs were stopped
    for time that may have been healthy.

    >>> timeout([10.0] * 20), timeout([600.0] * 20), timeout([600.0] * 9)
    (70.0, 1263.0, None)
    >>> timeout([10.0] * 15), timeout([10.0] * 10)
    (87.0, 212.0)
    """
    n = len(seconds)
    if n < needed:
        return None
    logs = [math.log(max(value, 0.001)) for value in seconds]
    mean = math.fsum(logs) / n
    squares = math.fsum((y - mean) ** 2 for y in logs)
    spread = math.sqrt((_PRIOR_RUNS * _PRIOR_SPREAD**2 + squares) / (_PRIOR_RUNS + n - 1))
    spread = max(spread, _LEAST_SPREAD)
    top = max(*seconds, longest or 0.0)
    expected = math.exp(mean + critical(_ONE_IN, min(n + 3, _MOST_FREEDOM)) * spread * math.sqrt(1 + 1 / n))
    unsettled = max(1.0, _SETTLED / n) ** _UNSETTLED_POWER
    limit = min(max(expected, 2 * unsettled * top), 4 * unsettled * top) + 30
    limit = max(limit, _SHORTEST_S, *(1.2 * at for at in stopped_at))
    return float(math.ceil(_STEP ** math.ceil(math.log(limit, _STEP) - 1e-9)))
