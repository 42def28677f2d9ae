"""How high values may go over the next runs: their spread, their growth, and how far they wander.

Among n values without any order the next one is the largest with probability 1/(n + 1): the largest so far
is no bound for what comes. Four things lift it, all on the logarithm, and above the highest of the levels
that values keep to (:mod:`orcaops.stats.clumps`), if they do:

========  ============================================================================================
spread    as Student's distribution has it, so wide that one of the next :data:`AHEAD` values exceeds it
          with a probability of 5 %: what depends on its input is given the room its inputs ask for
growth    Mann's and Kendall's test over all values and over the latest 8, 12, 20 and 32, so that growth
          that has only begun is seen, where it led above all there was before; what surely grows goes on
          for :data:`GROWS_ON` runs, what may grow for those ahead
rises     a level that has risen and stayed up may rise again: by as much, as often in the next runs as in
          those that are known, and once at least; what became more than three times as large at once
          was made another, and does not climb
wander    where neighbours are more alike than chance has it (von Neumann's ratio), the variance that
          is added from run to run, taken from values a third of the past apart
========  ============================================================================================

A step that has not come yet, and growth that is still smaller than the noise around it, nobody can see.
"""

import math
import statistics
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from orcaops.stats.clumps import levelled, risen
from orcaops.stats.student import critical
from orcaops.stats.trend import trend

AHEAD = 20
"""The next runs that a ceiling is for."""

GROWS_ON = 100
"""For how many runs growth is thought to go on: a limit that is reached soon after is no limit to set."""

_LOOKED_AT = 50
_STRETCHES = (8, 12, 20, 32)
_SURE, _MAYBE = 0.01, 0.1
_EXCEEDED = 0.05
_PRIOR_SPREAD = 0.08
_MOST_FREEDOM = 30
_WANDERS = 2.6  # standard deviations of von Neumann's ratio: once in two hundred by chance
_HIGHEST_STEP = math.log(3)
_HIGHEST = 3.0  # e to this above the largest: farther ahead nothing is known


class Growth(NamedTuple):
    """Growth of the logarithm from run to run: what is sure, and what may be (at least that)."""

    sure: float
    maybe: float


def growth(values: Sequence[float]) -> Growth:
    """How fast values, oldest first, go up; zeros where they do not.

    >>> round(growth([100 * 1.02**n for n in range(20)]).sure, 3), growth([100.0, 99.0] * 10)
    (0.02, Growth(sure=0.0, maybe=0.0))
    """
    logs = _logs(values)
    sure = maybe = 0.0
    for length in sorted({*(each for each in _STRETCHES if each < len(logs)), len(logs)}):
        found = trend(logs[-length:])
        if found is None or found.slope <= 0:
            continue
        if statistics.median(logs[-3:]) < max(logs[:-length], default=-math.inf):
            continue  # it comes and goes
        if found.p_value < _SURE:
            sure = max(sure, found.slope)
        if length == len(logs) and found.p_value < _MAYBE:
            maybe = found.slope
    return Growth(sure, max(sure, maybe))


def ceiling(values: Sequence[float]) -> float:
    """What the next :data:`AHEAD` values will hardly exceed; ``values`` come oldest first, at least one.

    >>> round(ceiling([100.0] * 20)), round(ceiling([100.0, 200.0] * 10)), round(ceiling([100.0, 110.0] * 10))
    (108, 217, 124)
    >>> ceiling([100 * 1.02**n for n in range(20)]) > 4 * ceiling([100.0] * 20)
    True
    """
    logs = _logs(values)
    n = len(logs)
    grows = growth(values)
    level = [y - grows.maybe * (place - n + 1) for place, y in enumerate(logs)]  # all moved to the latest run
    grown = max(GROWS_ON * grows.sure, AHEAD * grows.maybe)
    up = max(_spread_above(level), _wandered(level)) + max(grown, rises_again(values))
    return math.exp(min(up, max(logs) + _HIGHEST))


def rises_again(values: Sequence[float]) -> float:
    """How much room, on the logarithm, a level is left that has risen and may again; 0 where none has.

    >>> round(math.exp(rises_again([100.0] * 15 + [150.0] * 15)), 2), rises_again([100.0, 150.0] * 15)
    (1.5, 0.0)
    """
    seen = [math.log(max(value, 1e-9)) for value in values[-_LOOKED_AT:]]
    rises = [each for each in risen(seen) if each <= _HIGHEST_STEP]
    if not rises:
        return 0.0
    return max(rises) * max(1.0, len(rises) * AHEAD / len(seen))


def runs_until(values: Sequence[float], bound: float) -> int | None:
    """After how many more runs values that surely grow reach a bound; None if they do not grow."""
    grows = growth(values).sure
    if grows <= 0:
        return None
    latest = _logs(values)[-_STRETCHES[0] :]
    n = len(latest)
    level = statistics.median(y - grows * (place - n + 1) for place, y in enumerate(latest))
    return max(math.ceil((math.log(bound) - level) / grows), 0)


def _logs(values: Sequence[float]) -> list[float]:
    return levelled([math.log(max(value, 1e-9)) for value in values[-_LOOKED_AT:]])


def _spread_above(level: Sequence[float]) -> float:
    n = len(level)
    mean = math.fsum(level) / n
    squares = math.fsum((y - mean) ** 2 for y in level)
    spread = math.sqrt((2 * _PRIOR_SPREAD**2 + squares) / (n + 1))
    return mean + critical(2 * _EXCEEDED / AHEAD, min(n + 1, _MOST_FREEDOM)) * spread * math.sqrt(1 + 1 / n)


def _wandered(level: Sequence[float]) -> float:
    """How far a level that wanders may have gone; the lowest number where it does not."""
    n = len(level)
    if n < _STRETCHES[0]:
        return -math.inf
    mean = math.fsum(level) / n
    whole = 2 * math.fsum((y - mean) ** 2 for y in level) / (n - 1)
    step = math.fsum((b - a) ** 2 for a, b in pairwise(level)) / (n - 1)
    if whole <= 0 or (1 - step / whole) / math.sqrt((n - 2) / (n * n - 1)) < _WANDERS:
        return -math.inf
    apart = max(n // 3, 2)
    far = math.fsum((level[i + apart] - level[i]) ** 2 for i in range(n - apart)) / (n - apart)
    added = max(far - step, 0.0) / (apart - 1)
    return statistics.median(level[-5:]) + 2 * math.sqrt(added * AHEAD) + 2 * math.sqrt(step / 2)
