"""The errors made on one series, mixed with those made on all series while there are few of its own."""

import math
from collections.abc import Sequence
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
    points = list(own)
    weights = [each] * len(points)
    whole = residuals.total(everybody)
    if whole:
        for centre, weight in zip(residuals.CENTRES, everybody["bins"], strict=True):
            if weight:
                points.append(centre)
                weights.append(_POOL_MASS * weight / whole)
    if not points:
        points, weights = [-0.5, 0.0, 0.5], [1.0, 8.0, 1.0]
    pairs = sorted(zip(points, weights, strict=True), key=itemgetter(0))
    return Mixture([point for point, _ in pairs], [weight for _, weight in pairs])


def quantile(points: Sequence[float], weights: Sequence[float], share: float) -> float:
    """The first of the ordered points below which lies ``share`` of the weight."""
    goal = share * math.fsum(weights)
    reached = 0.0
    for point, weight in zip(points, weights, strict=True):
        reached += weight
        if reached >= goal:
            return point
    return points[-1]


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
