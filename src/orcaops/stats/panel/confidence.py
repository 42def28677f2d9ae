"""How probable it is that an estimate is within 20 % of the truth, and how far that is to be trusted."""

import math
from bisect import bisect
from itertools import accumulate

from orcaops.stats import residuals
from orcaops.stats.residuals import State

WITHIN = (math.log(1 / 1.2), math.log(1 / 0.8))
"""The errors of estimates within 20 %."""

ERRORS = 150
"""So many errors of a series are kept."""

_DECAY = 0.97
_WEIGHTS = tuple(_DECAY**age for age in range(ERRORS))
_WHOLE = tuple(accumulate(_WEIGHTS))  # of one error, of two, …
_MASS = 4.0  # everybody's errors weigh as much as so many of its own
_TRUST_BINS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.93, 0.96, 0.98)
_TRUST_MASS = 10.0  # a promise counts as much as so many estimates that came true as it said
_TRUST_FORGETTING = 0.998
_CAUTION = 0.05  # less, to begin with


def fresh_trust() -> list[list[float]]:
    """No estimate has been put to the test: per bin of confidence, how many were and how many were right."""
    return [[0.0, 0.0] for _ in range(len(_TRUST_BINS) + 1)]


def share_within(series: State, everybody: State) -> float:
    """The share of its errors within 20 %, drawn to everybody's where there are few.

    Values that were asked for together, under one estimate, prove it right or wrong once and not each.
    """
    own: list[float] = series["errors"]
    low, high = WITHIN
    m = min(len(own), int(series["moments"][0]))
    mine = 0.0
    if m:
        latest_first = zip(reversed(own), _WEIGHTS, strict=False)
        inside: float = sum([weight for error, weight in latest_first if low <= error <= high])
        mine = inside / _WHOLE[len(own) - 1]
    if not everybody["bins"]:
        return mine * m / (m + _MASS)
    theirs = residuals.share_between(everybody, low, high)
    return (m * mine + _MASS * theirs) / (m + _MASS)


def trusted(pool: State, sure: float) -> float:
    """A confidence as it has come true: of estimates about as sure, over all series, how many were right.

    What comes late or in bursts makes errors look smaller than they turn out to be, so that the share of
    errors made so far promises too much exactly where it is highest.
    """
    weight, right = pool["trust"][bisect(_TRUST_BINS, sure)]
    return float((_TRUST_MASS * (sure - _CAUTION) + right) / (_TRUST_MASS + weight))


def put_to_the_test(pool: State, sure: float, error: float) -> None:
    """Count whether an estimate that was so sure has come true."""
    tally = pool["trust"][bisect(_TRUST_BINS, sure)]
    tally[0] = round(_TRUST_FORGETTING * tally[0] + 1, 4)
    tally[1] = round(_TRUST_FORGETTING * tally[1] + (WITHIN[0] <= error <= WITHIN[1]), 4)
