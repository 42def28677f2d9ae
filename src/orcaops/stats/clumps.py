"""Clumps: levels that values keep to, with nothing between them.

A job that is given now a small input and now a large one, or that was changed for good, holds one of a few
amounts. As one heap of values these have a spread that none of them has: what may come next is told by how
far values lie from their own level, and by the highest level there was.
"""

import math
from collections.abc import Sequence
from itertools import pairwise

_FEWEST = 3
"""So many values make a highest level: one or two may be anything."""

_APART, _OF_FEW = 5.0, 25.0
"""So many times as far from the next level as values of a level lie from it; of n values by 25/n more."""

_MOST = 5  # levels
_PRIOR_SPREAD = 0.08


def clumps(logs: Sequence[float]) -> list[list[int]]:
    """The places of the values of each level, lowest level first; one list where there are no levels.

    Values are cut at their widest gaps, where these are far wider than what is left on both sides is spread.
    Of samples of one log-normal, exponential or uniform distribution one in two hundred is cut at all.

    >>> clumps([1.0, 3.0, 1.1, 3.1, 0.9, 2.9]), clumps([1.0, 1.1, 1.2, 1.3])
    ([[4, 0, 2], [5, 1, 3]], [[0, 1, 2, 3]])
    """
    n = len(logs)
    order = sorted(range(n), key=logs.__getitem__)
    gaps = sorted((logs[order[at - 1]] - logs[order[at]], at) for at in range(1, n))  # widest first
    cuts, found = [0, n], [order]
    for gap, at in gaps[: _MOST - 1]:
        if n - max(at, *cuts[:-1]) < _FEWEST:
            continue
        cuts = sorted((*cuts, at))
        parts = [order[a:b] for a, b in pairwise(cuts)]
        squares = math.fsum(each**2 for each in _from_own_level(logs, parts))
        apart = _APART + _OF_FEW / n
        if -gap >= apart * math.sqrt((2 * _PRIOR_SPREAD**2 + squares) / (n - len(parts) + 3)):
            found = parts
    return found


def levelled(logs: Sequence[float]) -> list[float]:
    """The same values as if all had been at the highest level, each as far from it as it was from its own.

    Values that went up more than once, and never down again, are left as they are: that is growth by steps.

    >>> [round(each, 1) for each in levelled([1.0, 3.0, 1.2, 3.2, 0.8, 2.8])]
    [3.0, 3.0, 3.2, 3.2, 2.8, 2.8]
    """
    parts = clumps(logs)
    if len(parts) == 1 or _stairs(parts):
        return list(logs)
    top = math.fsum(logs[place] for place in parts[-1]) / len(parts[-1])
    moved = list(logs)
    places = (place for part in parts for place in part)
    for place, apart in zip(places, _from_own_level(logs, parts), strict=True):
        moved[place] = top + apart
    return moved


def risen(logs: Sequence[float]) -> list[float]:
    """How much each level is above the one before it, of values that went up and never down again.

    Empty where they keep to one level, or go down as well: what comes and goes is no rise.

    >>> risen([1.0, 1.1, 0.9, 3.0, 3.1, 2.9]), risen([1.0, 3.0, 1.1, 3.1, 0.9, 2.9])
    ([2.0], [])
    """
    parts = clumps(logs)
    if not all(max(a) < min(b) for a, b in pairwise(parts)):
        return []
    means = [math.fsum(logs[place] for place in part) / len(part) for part in parts]
    return [b - a for a, b in pairwise(means)]


def _from_own_level(logs: Sequence[float], parts: Sequence[Sequence[int]]) -> list[float]:
    apart = []
    for part in parts:
        mean = math.fsum(logs[place] for place in part) / len(part)
        apart += [logs[place] - mean for place in part]
    return apart


def _stairs(parts: Sequence[Sequence[int]]) -> bool:
    return len(parts) > 2 and all(max(a) < min(b) for a, b in pairwise(parts))
