"""Lasting changes in a series of logarithms: a rank test and a robust t test at every new value.

At each new value a handful of places where the change could have begun are tried, 5 to 30 values
back. A change counts if the medians differ by enough, if ranks agree (so that wild values cannot
make it), and if a t test on clipped values agrees, made stricter by the autocorrelation of what was
before (so that drift cannot make it). Five values at least must lie behind it, so that a blip cannot
make it. There is no randomness in it.
"""

import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from orcaops.stats.robust import median_deviation, middle

_LENGTHS = (5, 6, 8, 10, 13, 17, 22)
_FARTHEST = 30  # tried always: too little of what is before it is before the others as well
_BEFORE = 60
_FEWEST_BEFORE = 10
_FLOOR = 0.01
_RANK_LIMIT = 3.5
_T_LIMIT = 6.0
_LEAST = math.log(1.05)
LONGEST = _BEFORE + _FARTHEST
"""How many of the latest values are looked at."""


def _needed(m: int, k: int) -> float:
    """How far a rank sum must lie from its mean to show anything, a little less for safety."""
    return 0.999 * _RANK_LIMIT * math.sqrt(m * k * (m + k + 1) / 12)


_Limit = tuple[int, float, float]
"""Of pairs of a value before and one of the latest so many: twice how many must, or may, be ascending."""


def _compared(n: int) -> tuple[int, int]:
    """Of ``n`` values, from where to where those lie that are before the places of all lengths."""
    begin = max(0, n - _LENGTHS[0] - _BEFORE)
    return begin, max(begin, n - _LENGTHS[-1])


def _limits(n: int) -> tuple[_Limit, ...]:
    """By length: with how many ascending pairs, of the values that are compared, ranks can show anything."""
    begin, end = _compared(n)
    limits = []
    for k in _LENGTHS:
        m = min(n - k, _BEFORE)
        if m < _FEWEST_BEFORE:
            break
        # Those that are not compared may be smaller than everything after the place, or larger.
        unknown = k * (m - (end - begin))
        needed = _needed(m, k)
        limits.append((k, m * k + 2 * needed - 2 * unknown, m * k - 2 * needed))
    return tuple(limits)


_LIMITS = [_limits(n) for n in range(LONGEST + 1)]


class Change(NamedTuple):
    """A change: the values from place ``at`` on differ from those before by ``size`` in logarithms.

    ``t`` is the test's statistic; ``low`` and ``high`` hold the size with 90 %; ``before`` and
    ``after`` are the medians.
    """

    at: int
    size: float
    t: float
    low: float
    high: float
    before: float
    after: float


def scan(values: Sequence[float], *, least: float = _LEAST) -> Change | None:
    """The change that the latest values show most clearly; None if they show none.

    ``values`` are logarithms, oldest first, since the last accepted change; ``least`` is the
    smallest size that matters.
    """
    global _latest  # noqa: PLW0603 - several learners ask about the same values, one right after the other
    values = list(values)
    known = _latest
    if known is not None and known[0] == values and known[1] <= least:
        found = known[2]
    else:
        found = _found(values, smallest := min(least, _LEAST))
        _latest = values, smallest, found
    best: Change | None = None
    for change in found:
        if abs(change.size) > least and (best is None or abs(change.t) > abs(best.t)):
            best = change
    return best


def ranks_show(values: Sequence[float]) -> bool:
    """Whether the ranks of the latest values show a change; where they do not, :func:`scan` finds none.

    Takes the values themselves as well as their logarithms: their ranks are the same.
    """
    return any(
        not _alike(before, after) and abs(_rank(before, after)) > _RANK_LIMIT
        for _, before, after in _tried(list(values))
    )


_latest: tuple[list[float], float, list[Change]] | None = None
"""The values that were scanned last, the smallest size that mattered, and what was found."""


def _found(values: list[float], least: float) -> list[Change]:
    """All changes that pass the tests, the shortest time back first."""
    found: list[Change] = []
    for at, before, after in _tried(values):
        size = middle(after) - middle(before)
        if abs(size) <= least or _alike(before, after) or abs(_rank(before, after)) <= _RANK_LIMIT:
            continue
        change = _tested(values, at, before, after, size)
        if abs(change.t) > _T_LIMIT:
            found.append(change)
    return found


def _tried(values: list[float]) -> Iterator[tuple[int, list[float], list[float]]]:
    """The places that are tried, with the values before and after each in order of size."""
    n = len(values)
    # What is before the places of all lengths is sorted once; sorting it with the rest is then quick.
    common, common_end = _compared(n)
    before_all = sorted(values[common:common_end])
    for length in _worth_trying(values, before_all):
        at = n - length
        before = sorted(before_all + values[max(0, at - _BEFORE) : common] + values[common_end:at])
        yield at, before, sorted(values[at:])
    at = n - _FARTHEST
    if at >= _FEWEST_BEFORE:
        yield at, sorted(values[max(0, at - _BEFORE) : at]), sorted(values[at:])


def _worth_trying(values: list[float], before_all: list[float]) -> list[int]:
    """The lengths at which ranks can show anything: bounded by what is before the places of all of them.

    On a series without a change hardly a length is left.
    """
    latest = values[: -_LENGTHS[-1] - 1 : -1]
    # Of two that are alike, each counts half as the larger: so the sums are twice the number of pairs.
    ascending = list(
        accumulate([bisect_left(before_all, value) + bisect_right(before_all, value) for value in latest])
    )
    limits = _LIMITS[min(len(values), LONGEST)]
    return [k for k, least, most in limits if not most < ascending[k - 1] < least]


def began(values: Sequence[float], *, least_ratio: float, least_amount: float) -> int | None:
    """The place at which the change that the latest values show began; None if they show none that matters.

    ``values`` are logarithms as for :func:`scan`; a change matters if the medians differ by the factor
    ``least_ratio`` and by ``least_amount`` in the unit of the values themselves.
    """
    change = scan(values, least=math.log(least_ratio))
    if change is None or abs(math.exp(change.after) - math.exp(change.before)) < least_amount:
        return None
    return placed(values, change.at)[0][0]


def measured(values: Sequence[float], at: int) -> Change:
    """How large a change at a given place is, whether or not there is one.

    :func:`scan` says that something changed, :func:`placed` where it began, and this how much.
    """
    before, after = sorted(values[max(0, at - _BEFORE) : at]), sorted(values[at:])
    return _tested(values, at, before, after, middle(after) - middle(before))


def _alike(before: list[float], after: list[float]) -> bool:
    """Whether ranks certainly show nothing: bounded by the quarters of ``after``, quicker than counting."""
    m, k = len(before), len(after)
    below = above = last = 0
    for place in (k // 4, k // 2, 3 * k // 4):
        above += (place + 1 - last) * bisect_right(before, after[place])
        last = place + 1
    above += (k - last) * m
    last = k
    for place in (3 * k // 4, k // 2, k // 4):
        below += (last - place) * bisect_left(before, after[place])
        last = place
    return max(above - m * k / 2, m * k / 2 - below) < _needed(m, k)


def _rank(before: list[float], after: list[float]) -> float:
    """The Mann-Whitney statistic as a z, positive where ``after`` is larger."""
    m, k = len(before), len(after)
    larger = sum([bisect_left(before, value) + bisect_right(before, value) for value in after]) / 2
    return (larger - m * k / 2) / math.sqrt(m * k * (m + k + 1) / 12)


def _tested(values: Sequence[float], at: int, before: list[float], after: list[float], size: float) -> Change:
    centre, centre_after = middle(before), middle(after)
    reach = 3 * max(1.4826 * median_deviation(before, centre), _FLOOR)
    clipped = _clipped(before, centre, reach)
    clipped_after = _clipped(after, centre_after, reach)
    m, k = len(before), len(after)
    mean, mean_after = sum(clipped) / m, sum(clipped_after) / k
    squares = sum([(y - mean) ** 2 for y in clipped]) + sum([(y - mean_after) ** 2 for y in clipped_after])
    spread = max(math.sqrt((squares + 4 * _FLOOR**2) / (m + k + 2)), _FLOOR)
    r = min(max(_autocorrelation(values[max(0, at - _BEFORE) : at], centre, reach), 0.0), 0.7)
    error = spread * math.sqrt(1 / m + 1 / k) * math.sqrt((1 + r) / (1 - r))
    half = 1.645 * error
    t = (mean_after - mean) / error
    return Change(at, size, t, size - half, size + half, centre, centre_after)


def _clipped(ordered: Sequence[float], centre: float, reach: float) -> list[float]:
    low, high = centre - reach, centre + reach
    return [low if y < low else high if y > high else y for y in ordered]


def _autocorrelation(values: Sequence[float], centre: float, reach: float) -> float:
    off = [y - centre for y in _clipped(values, centre, reach)]
    squares = sum([d * d for d in off])
    if squares <= 0:
        return 0.0
    return sum([a * b for a, b in zip(off, off[1:], strict=False)]) / squares  # noqa: RUF007 - half the time


def placed(values: Sequence[float], at: int) -> list[tuple[int, float]]:
    """Where the change found at ``at`` really began: places with their probabilities, likeliest first.

    Tries the places from 15 before to 10 after with a Student-t likelihood (4 degrees of freedom)
    around the medians of both sides; gives those that together hold 90 %.
    """
    n = len(values)
    start = max(0, at - _BEFORE)  # the same values for every place, or scores could not be compared
    scores: list[tuple[int, float]] = []
    for place in range(max(at - 15, start + 3), min(at + 10, n - 3) + 1):
        left, right = values[start:place], values[place:]
        centre, centre_right = middle(sorted(left)), middle(sorted(right))
        off = [abs(y - centre) for y in left] + [abs(y - centre_right) for y in right]
        spread = max(1.4826 * middle(sorted(off)), _FLOOR / 2)
        score = -2.5 * sum([math.log1p((d / spread) ** 2 / 4) for d in off]) - len(off) * math.log(spread)
        scores.append((place, score))
    best = max(score for _, score in scores)
    weights = [(place, math.exp(max(score - best, -700))) for place, score in scores]
    whole = sum(weight for _, weight in weights)
    ranked = sorted(weights, key=lambda pair: (-pair[1], pair[0]))
    told: list[tuple[int, float]] = []
    reached = 0.0
    for place, weight in ranked:
        told.append((place, weight / whole))
        reached += weight / whole
        if reached >= 0.9:
            break
    return told
