"""What is said of a value to come: an estimate with the ends of an interval, all of them logarithms."""

import math
from typing import NamedTuple

from orcaops.stats.panel.errors import Mixture, quantiles

_FINEST = 2e-5  # what is kept is rounded: of a constant, no interval is narrower than this
_BEYOND = 0.03  # the share of values of which what was seen says nothing
_EXCESSES = tuple(-math.log(1 - (place + 0.5) / 20) for place in range(20))
_LARGEST = 700.0  # exp() of more is not a number any more


class Interval(NamedTuple):
    """Logarithms: the estimate, the ends of the interval, and P(truth within 20 % of the estimate)."""

    estimate: float
    low: float
    high: float
    confidence: float


class Outlook(NamedTuple):
    """Logarithms of a value that is known to exceed a bound: what is expected, and an interval for it.

    ``share`` is how probable it was that the bound would be exceeded.
    """

    estimate: float
    low: float
    high: float
    share: float


def around(centre: float, low: float, high: float, confidence: float) -> Interval:
    """The interval around an estimate, its ends given as distances, kept within what numbers can say."""
    return Interval(
        min(centre, _LARGEST),
        min(centre + min(low, -_FINEST), _LARGEST),
        min(centre + max(high, _FINEST), _LARGEST),
        min(max(confidence, 0.0), 1.0),
    )


def beyond_bound(centre: float, errors: Mixture, bound: float, coverage: float) -> Outlook:
    """What is expected of a value around ``centre`` once it is known to exceed ``bound``.

    What was seen says little of what exceeds nearly all of it. So among the errors that are left there are
    always a few values without a scale of their own, which exceed the bound by a factor x with probability
    1/x, and the fewer are left the more those count.
    """
    whole = math.fsum(errors.weights)
    left = [(centre + p, w) for p, w in zip(*errors, strict=True) if centre + p > bound]
    share = math.fsum(w for _, w in left) / whole
    left += [(bound + excess, _BEYOND * whole / len(_EXCESSES)) for excess in _EXCESSES]
    left.sort()
    possible = Mixture([point for point, _ in left], [weight for _, weight in left])
    shares = (1 - coverage) / 2, 0.5, (1 + coverage) / 2
    low, middle, high = (min(point, _LARGEST) for point in quantiles(possible, *shares))
    return Outlook(middle, low, high, share)
