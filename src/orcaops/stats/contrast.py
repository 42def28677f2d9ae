"""Contrasts: medians and shares with intervals, and how one group stands to another. No numpy."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import NormalDist

from orcaops.stats.robust import middle

_LEAST = 1e-12


@dataclass(frozen=True, slots=True)
class Bounded:
    """A number with the ends of its interval; None where too few values bound it."""

    value: float
    low: float | None = None
    high: float | None = None


def quantile_of_normal(coverage: float) -> float:
    """Between minus this and this lies that share of a normal distribution.

    >>> round(quantile_of_normal(0.95), 2)
    1.96
    """
    return NormalDist().inv_cdf((1 + coverage) / 2)


def median(ordered: Sequence[float], coverage: float = 0.95) -> Bounded:
    """The median of ordered values, bounded by those at the ranks of the sign test (normal approximation).

    >>> median([1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0])
    Bounded(value=5.5, low=2.0, high=9.0)
    """
    n = len(ordered)
    place = math.floor((n + 1 - quantile_of_normal(coverage) * math.sqrt(n)) / 2)
    if place < 1:
        return Bounded(middle(ordered))
    return Bounded(middle(ordered), ordered[place - 1], ordered[n - place])


def share(hits: int, n: int, coverage: float = 0.95) -> Bounded:
    """A share with Wilson's interval (Wilson 1927), which holds for few cases and for none.

    >>> one = share(0, 10)
    >>> one.value, one.low, round(one.high, 3)
    (0.0, 0.0, 0.278)
    """
    if n == 0:
        return Bounded(math.nan)
    z2 = quantile_of_normal(coverage) ** 2
    p = hits / n
    centre = (p + z2 / (2 * n)) / (1 + z2 / n)
    half = math.sqrt(z2 * (p * (1 - p) / n + z2 / (4 * n * n))) / (1 + z2 / n)
    return Bounded(p, 0.0 if hits == 0 else centre - half, 1.0 if hits == n else centre + half)


def ratio(after: Sequence[float], before: Sequence[float], coverage: float = 0.95) -> Bounded | None:
    """How many times the median of ``before`` that of ``after`` is; both ordered and not negative.

    On the scale of logarithms each median's interval gives its standard error, and errors add as squares.
    None where a median is zero.
    """
    medians = [median(after, coverage), median(before, coverage)]
    if min(one.value for one in medians) <= 0:
        return None
    value = medians[0].value / medians[1].value
    spread = 0.0
    for one in medians:
        if one.low is None or one.high is None:
            return Bounded(value)
        spread += (math.log(max(one.high, _LEAST)) - math.log(max(one.low, _LEAST))) ** 2 / 4
    factor = math.exp(math.sqrt(spread))
    return Bounded(value, value / factor, value * factor)


def shares_differ(hits: int, n: int, other_hits: int, other_n: int, coverage: float = 0.95) -> bool:
    """Whether two shares differ beyond chance (Newcombe's interval of the difference excludes zero).

    >>> shares_differ(1, 100, 20, 100), shares_differ(1, 10, 2, 10)
    (True, False)
    """
    if not n or not other_n:
        return False
    one, other = share(hits, n, coverage), share(other_hits, other_n, coverage)
    if one.value < other.value:
        one, other = other, one
    low, high = one.low or 0.0, other.high if other.high is not None else 1.0
    gap = one.value - other.value
    return gap > math.hypot(one.value - low, high - other.value)


def ratio_within(pairs: Sequence[tuple[Sequence[float], Sequence[float]]]) -> Bounded | None:
    """One :func:`ratio` for pairs of which each compares like with like, such as the same job on two hosts.

    The logarithms of their ratios are averaged, each weighing as its squared standard error is small (a
    fixed-effect meta-analysis). None where no pair has a ratio with an interval.

    >>> slow, fast = [float(n) for n in range(90, 110)], [float(n) for n in range(9, 29)]
    >>> ratio_within([(slow, slow), (fast, fast)]).value
    1.0
    """
    weights, logs = [], []
    for after, before in pairs:
        one = ratio(after, before)
        if one is None or one.low is None or one.high is None:
            continue
        error = math.log(one.high / one.low) / (2 * quantile_of_normal(0.95))
        weights.append(1 / max(error * error, _LEAST))
        logs.append(math.log(one.value))
    if not weights:
        return None
    whole = sum(weights)
    mean = sum(weight * each for weight, each in zip(weights, logs, strict=True)) / whole
    half = quantile_of_normal(0.95) / math.sqrt(whole)
    return Bounded(math.exp(mean), math.exp(mean - half), math.exp(mean + half))


def shares_differ_within(tables: Sequence[tuple[int, int, int, int]], coverage: float = 0.95) -> bool:
    """:func:`shares_differ` for tables (hits, n, other hits, other n) of which each compares like with like.

    The test of Cochran (1954) and Mantel and Haenszel (1959), with the correction for continuity.

    >>> shares_differ_within([(1, 100, 20, 100), (0, 50, 6, 50)]), shares_differ_within([(30, 100, 3, 10)])
    (True, False)
    """
    gap = variance = 0.0
    for hits, n, other_hits, other_n in tables:
        whole, all_hits = n + other_n, hits + other_hits
        if not n or not other_n:
            continue
        gap += hits - n * all_hits / whole
        variance += n * other_n * all_hits * (whole - all_hits) / (whole * whole * (whole - 1))
    return variance > 0 and max(abs(gap) - 0.5, 0.0) / math.sqrt(variance) > quantile_of_normal(coverage)
