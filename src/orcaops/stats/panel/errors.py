"""The errors made on one series, mixed with those made on all series while there are few of its own."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from itertools import accumulate
from operator import itemgetter
from typing import NamedTuple

from orcaops.stats import residuals
from orcaops.stats.residuals import State
from orcaops.stats.student import critical

_POOL_MASS = 8.0  # as many own errors weigh as much as everybody's
_ERRORS_OF_AN_ESTIMATE = 2.0  # so many errors of one estimate count in full
_FEW_ERRORS = 20  # so many have a 90 % interval of their own


class Mixture(NamedTuple):
    """Errors in ascending order, and what each weighs."""

    points: list[float]
    weights: list[float]


def weight_of_own(own: Sequence[float], estimates: int) -> float:
    """What each error of a series weighs: less where few estimates were put to the test by many values.

    Values that were asked for together are off by the same estimate, all to one side.
    """
    return min(1.0, _ERRORS_OF_AN_ESTIMATE * estimates / len(own)) if own else 1.0


def mixture(own: Sequence[float], everybody: State, each: float = 1.0) -> Mixture:
    """The errors of one series, with everybody's at a constant weight; a guess where there are none.

    ``each`` is what one of its own weighs.
    """
    points = sorted(own)
    weights = [each] * len(points)
    whole = residuals.total(everybody)
    if whole:
        theirs = [(c, w) for c, w in zip(residuals.CENTRES, everybody["bins"], strict=True) if w]
        points += [centre for centre, _ in theirs]
        weights += [_POOL_MASS * weight / whole for _, weight in theirs]
    if not points:
        points, weights = [-0.5, 0.0, 0.5], [1.0, 8.0, 1.0]
    pairs = sorted(zip(points, weights, strict=True), key=itemgetter(0))
    return Mixture([point for point, _ in pairs], [weight for _, weight in pairs])


def quantiles(errors: Mixture, *shares: float) -> list[float]:
    """For each share the first of the points below which so much of the weight lies.

    >>> quantiles(Mixture([1.0, 2.0, 3.0], [1.0, 2.0, 1.0]), 0.25, 0.5, 1.0)
    [1.0, 2.0, 3.0]
    """
    whole, reached = math.fsum(errors.weights), list(accumulate(errors.weights))
    last = len(reached) - 1
    return [errors.points[min(bisect_left(reached, share * whole), last)] for share in shares]


def share_below(own: list[float], everybody: State, error: float, each: float = 1.0) -> float:
    """The share of all errors, mixed in the same way, below ``error``; half of those equal to it."""
    below = 0.0
    if own:
        smaller = len([e for e in own if e < error])
        below = (2 * smaller + own.count(error)) / (2 * len(own))
    if not everybody["bins"]:
        return below if own else 0.5
    m = each * len(own)
    return (m * below + _POOL_MASS * residuals.share_below(everybody, error)) / (m + _POOL_MASS)


def spread_of_few(everybody: State, coverage: float) -> float:
    """How far out the next error may be by Student's distribution, in a new workspace.

    Among few errors the largest is no quantile of those to come. 0 once there are enough.
    """
    count = residuals.total(everybody)
    if not 0 < count < _FEW_ERRORS:
        return 0.0
    squares = (w * e * e for e, w in zip(residuals.CENTRES, everybody["bins"], strict=True) if w)
    return critical(1 - coverage, count) * math.sqrt(math.fsum(squares) / count)
