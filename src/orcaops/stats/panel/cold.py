"""What stands in while a series has no value of its own: what groups of its relatives expect.

A level is what is known of one group, a JSON-safe dictionary; how far off the expectations of groups have
been is counted in the pool of all series (:func:`orcaops.stats.panel.panel.fresh_pool`).
"""

import math

from orcaops.stats import residuals
from orcaops.stats.panel.confidence import WITHIN
from orcaops.stats.panel.errors import Mixture, quantiles
from orcaops.stats.panel.outlook import Interval, Outlook, around, beyond_bound
from orcaops.stats.panel.standpoints import keep, standing
from orcaops.stats.residuals import State

_ERRORS_REMEMBERED = 1000.0
_LEVEL_RATE = 0.03


def fresh() -> State:
    """What is known of a group of series before any value."""
    return {"n": 0, "mean": 0.0, "past": []}


def learn(level: State, y: float, *, at: float) -> None:
    """Fold a value of any of its series into a group; ``at`` is kept as it is."""
    level["n"] += 1
    share = max(1 / level["n"], _LEVEL_RATE)
    level["mean"] = round(level["mean"] + share * (y - level["mean"]), 6)
    keep(level["past"], [at, level["mean"]], level["n"])


def estimate(level: State, asked_at: float | None = None) -> float | None:
    """What the group expects, or expected at a moment; None where it knew nothing then."""
    if not level["n"]:
        return None
    if asked_at is None:
        return float(level["mean"])
    stood = standing(level["past"], asked_at)
    return None if stood is None else stood[1]


def learn_error(pool: State, error: float) -> None:
    """Count how far off a group's expectation was for a series without values."""
    residuals.add(pool["cold"], error, memory=_ERRORS_REMEMBERED)


def interval(pool: State, centre: float, coverage: float = 0.9) -> Interval:
    """The interval around a group's expectation, from how far off such expectations were before."""
    errors, sure = _mixture(pool)
    low, high = quantiles(errors, (1 - coverage) / 2, (1 + coverage) / 2)
    return around(centre, low, high, sure)


def beyond(pool: State, centre: float, bound: float, coverage: float = 0.9) -> Outlook:
    """What is expected once the value is known to exceed ``bound``, where the group expects ``centre``."""
    return beyond_bound(centre, _mixture(pool)[0], bound, coverage)


def _mixture(pool: State) -> tuple[Mixture, float]:
    """How far off groups were, with a guess of little weight, and the share within 20 %."""
    cold = pool["cold"]
    whole = residuals.total(cold)
    points = [-3.0, 0.0, 3.0]
    weights = [1.0, 8.0, 1.0]
    inside = 0.2 * 10
    if whole:
        points += residuals.CENTRES
        weights += cold["bins"]
        inside += whole * residuals.share_between(cold, *WITHIN)
    order = sorted(range(len(points)), key=points.__getitem__)
    errors = Mixture([points[i] for i in order], [weights[i] for i in order])
    return errors, inside / math.fsum(errors.weights)
