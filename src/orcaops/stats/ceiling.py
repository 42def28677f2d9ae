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
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from orcaops.stats.clumps import levelled, risen
from orcaops.stats.student import critical
from orcaops.stats.trend import Trend, trend

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
_CLEARLY = 0.9  # of what growth by a share is off: it comes sooner, and is thought of where both describe it
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
    rising = dict(_rising(logs))
    sure = max((found.slope for found in rising.values() if found.p_value < _SURE), default=0.0)
    whole = rising.get(len(logs))
    maybe = whole.slope if whole is not None and whole.p_value < _MAYBE else 0.0
    return Growth(sure, max(sure, maybe))


class Pace(NamedTuple):
    """How values that surely grow go on from run to run: by a share of themselves, or by an amount.

    ``step`` is the growth of the logarithm, or of the value; ``level`` the latest value without its noise.
    """

    by_share: bool
    step: float
    level: float

    def after(self, value: float, runs: int) -> float:
        """What becomes of a value in so many runs."""
        return value * math.exp(self.step * runs) if self.by_share else value + self.step * runs

    def until(self, bound: float) -> int:
        """In how many runs the bound is reached."""
        far = math.log(bound / self.level) if self.by_share else bound - self.level
        return max(math.ceil(far / self.step - 1e-9), 0)


def pace(values: Sequence[float]) -> Pace | None:
    """How values, oldest first, go on growing, by whichever way describes them; None where they do not.

    >>> found = pace([100.0 + 5 * n for n in range(20)])
    >>> found.by_share, round(found.step), found.until(250)
    (False, 5, 11)
    >>> found = pace([100 * 1.02**n for n in range(20)])
    >>> found.by_share, round(found.step, 3), found.until(250)
    (True, 0.02, 28)
    """
    logs = _logs(values)
    sure = [(found.slope, length) for length, found in _rising(logs) if found.p_value < _SURE]
    if not sure:
        return None
    share, length = max(sure)
    shares, amounts = logs[-length:], [math.exp(y) for y in logs[-length:]]
    found = trend(amounts)
    amount = found.slope if found is not None else 0.0
    by_amount = [math.log(fit) if fit > 0 else -math.inf for fit in _line(amounts, amount)]
    if amount > 0 and _off(shares, by_amount) < _CLEARLY * _off(shares, _line(shares, share)):
        return Pace(False, amount, _line(amounts[-_STRETCHES[0] :], amount)[-1])
    return Pace(True, share, math.exp(_line(shares[-_STRETCHES[0] :], share)[-1]))


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


def _rising(logs: Sequence[float]) -> Iterator[tuple[int, Trend]]:
    """The trends upward of the latest stretches, by length, that led above all there was before them."""
    for length in sorted({*(each for each in _STRETCHES if each < len(logs)), len(logs)}):
        found = trend(logs[-length:])
        if found is None or found.slope <= 0:
            continue
        if statistics.median(logs[-3:]) >= max(logs[:-length], default=-math.inf):  # else it comes and goes
            yield length, found


def _line(values: Sequence[float], slope: float) -> list[float]:
    """The line of that slope through the middle of the values."""
    start = statistics.median(value - slope * place for place, value in enumerate(values))
    return [start + slope * place for place in range(len(values))]


def _off(values: Sequence[float], line: Sequence[float]) -> float:
    return math.fsum(abs(value - fit) for value, fit in zip(values, line, strict=True))


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
