"""A panel of ten simple experts for the next value of a series, and how far off they will be.

Works on logarithms of positive values. What is remembered of one series, and what of all series
together, are JSON-safe dictionaries, so that a learner can keep them as memories.

*Estimate*: exponentially weighted means of five half-lives, medians of 9 and 25, the last value, the
half-sample mode and a moving average of the values themselves. Experts are weighted by their recent
errors on this series and on all series, errors being bounded so that one wild value proves nothing; the
estimate is the weighted median. A naive rule that would have done better than this on the series, by
errors that are hardly bounded, is used in its place until it does not any more.

*Interval*: quantiles of the errors made on this series, mixed with those made on all series while
there are few of its own, and no narrower than Student's interval while there are few of all. How far
out the quantiles are taken is steered by how often the interval missed, per series and over all
(adaptive conformal inference, Gibbs and Candès 2021).

*Honest errors*: a value is compared with the estimate that stood when it was asked for, not with
the one that stands when it arrives; a burst of runs that start together teaches what it would have
cost. For that the last few estimates are kept with their times.
"""

import math

from orcaops.stats import residuals
from orcaops.stats.panel import confidence, experts, race
from orcaops.stats.panel.errors import Mixture, mixture, quantiles, share_below, spread_of_few, weight_of_own
from orcaops.stats.panel.outlook import Interval, Outlook, around, beyond_bound
from orcaops.stats.panel.standpoints import keep, standing
from orcaops.stats.residuals import State
from orcaops.stats.robust import middle

_EXPERTS_FROM = 4  # place of the first expert in a standpoint
_POOL_RATE = 0.001
_POOL_LENGTH = 3000.0
_MISSES = 0.08  # aimed at for the 90 % interval: outcomes that come late and together cost about 2 %
_SERIES_STEP = 0.02
_POOL_STEP = 0.003


def fresh_series() -> State:
    """What is known of a series without values."""
    return {
        "n": 0,
        "recent": [],  # the last values, oldest first
        "linear": None,  # the logarithm of an exponentially weighted mean of the values themselves
        "means": [],  # exponentially weighted means, then the plain mean
        "experts": [],  # what each expert expects next
        "loss": [],
        "errors": [],  # of the estimates, oldest first
        "moments": [0, 0.0],  # how many estimates have been put to the test, and when the last began to stand
        "race": [],  # weight, then errors of the panel and of each rival
        "past": [],  # [when it began to stand, estimate, the panel's, confidence, *experts], oldest first
        "alpha": 0.1,
    }


def fresh_pool() -> State:
    """What is known of all series together before any value."""
    return {
        "scored": 0,  # values that were held against an estimate
        "loss": [],
        "race": [],
        "errors": residuals.fresh(),
        "cold": residuals.fresh(),
        "delta": 0.0,
        "trust": confidence.fresh_trust(),
    }


def estimate(series: State, pool: State) -> float:
    """What is expected next: by the panel, or by the rival that does better; there is one value at least."""
    place = race.winner(series, pool)
    if place is None:
        return experts.consensus(series["experts"], series["loss"], pool)
    return float(series["experts"][race.RIVAL_PLACES[place]])


def method(series: State, pool: State) -> str:
    """By what the next value is estimated, in words: the panel, or the rival that does better."""
    place = race.winner(series, pool)
    return "a panel of experts" if place is None else tuple(race.RIVALS.values())[place]


def learn(series: State, pool: State, y: float, *, at: float, asked_at: float | None) -> None:
    """Fold in the logarithm ``y`` that became known at ``at`` and was asked for at ``asked_at``.

    Times are seconds since the epoch. Changes both states.
    """
    if series["n"]:
        stood = standing(series["past"], asked_at)
        if stood is not None:
            _score(series, pool, y, stood)
    experts.fold(series, y)
    keep(series["past"], _standpoint(series, pool, at), series["n"])


def _standpoint(series: State, pool: State, at: float) -> list[float]:
    """When it began to stand, the estimate, the panel's, how sure it is, and what each expert expects."""
    expected = series["experts"]
    panel = experts.consensus(expected, series["loss"], pool)
    place = race.winner(series, pool)
    told = panel if place is None else expected[race.RIVAL_PLACES[place]]
    sure = round(confidence.share_within(series, pool["errors"]), 4)
    return [round(at, 3), round(told, 6), round(panel, 6), sure, *expected]


def impute(series: State, pool: State, bound: float) -> float:
    """The expected logarithm of a value of which only is known that it exceeds ``bound``.

    The mean of a normal distribution cut off at the bound (one step of the EM algorithm), with the
    spread of the errors made so far.
    """
    if not series["n"]:
        return bound
    expected = estimate(series, pool)
    errors = series["errors"]
    spread = 1.4826 * middle(sorted([abs(e) for e in errors])) if len(errors) >= 5 else 0.3
    spread = max(spread, 0.02)
    z = (bound - expected) / spread
    if z < -6:
        return expected
    if z > 6:
        return bound + spread / z
    density = math.exp(-z * z / 2) / math.sqrt(2 * math.pi)
    return expected + spread * density / (0.5 * math.erfc(z / math.sqrt(2)))


def learn_bound(series: State, pool: State, bound: float, *, at: float) -> None:
    """Fold in a value of which only is known that its logarithm exceeds ``bound``.

    A bound below what is expected proves next to nothing; one above moves the expectation up. The
    series must have a value. No error is counted, because none is known.
    """
    if bound > estimate(series, pool):
        # Who expected less than the bound was wrong by that much at least.
        experts.charge(series, _short(bound, series["experts"]))
        if pool["race"]:
            race.count(series, _short(bound, _runners(_standpoint(series, pool, at))))
        experts.fold(series, impute(series, pool, bound))
        keep(series["past"], _standpoint(series, pool, at), series["n"])


def _short(bound: float, expected: list[float]) -> list[float]:
    return [max(bound - each, 0.0) for each in expected]


def interval(series: State, pool: State, coverage: float = 0.9) -> Interval:
    """The estimate of the next value with the interval meant to hold it in ``coverage`` of cases."""
    centre = estimate(series, pool)
    alpha = _alpha(series, pool, coverage)
    everybody = pool["errors"]
    low, high = quantiles(_errors(series, pool), alpha / 2, 1 - alpha / 2)
    spread = spread_of_few(everybody, coverage)
    sure = confidence.trusted(pool, confidence.share_within(series, everybody))
    return around(centre, min(low, -spread), max(high, spread), sure)


def beyond(series: State, pool: State, bound: float, coverage: float = 0.9) -> Outlook:
    """What is expected of the next value once its logarithm is known to exceed ``bound``."""
    return beyond_bound(estimate(series, pool), _errors(series, pool), bound, coverage)


def _errors(series: State, pool: State) -> Mixture:
    own: list[float] = series["errors"]
    return mixture(own, pool["errors"], weight_of_own(own, series["moments"][0]))


def _alpha(series: State, pool: State, coverage: float) -> float:
    """How improbable the ends are taken, both together, as the misses so far have steered it."""
    steered: float = series["alpha"] + pool["delta"] + (0.9 - coverage)
    return min(max(steered, 0.004), 0.6)


def _score(series: State, pool: State, y: float, stood: list[float]) -> None:
    """Put what stood when the value was asked for to the test, in every respect."""
    error = y - stood[1]
    _steer(series, pool, error)
    if stood[0] != series["moments"][1]:
        series["moments"] = [series["moments"][0] + 1, stood[0]]
    errors = series["errors"]
    errors.append(round(error, 5))
    if len(errors) > confidence.ERRORS:
        del errors[0]
    residuals.add(pool["errors"], error, memory=_POOL_LENGTH)
    confidence.put_to_the_test(pool, stood[3], error)
    pool["scored"] += 1
    share = max(1 / pool["scored"], _POOL_RATE)
    pool["race"] = _drawn(pool["race"], race.count(series, _distances(y, _runners(stood))), share)
    pool["loss"] = _drawn(pool["loss"], experts.charge(series, _distances(y, stood[_EXPERTS_FROM:])), share)


def _steer(series: State, pool: State, error: float) -> None:
    """Take the ends further out after a miss, and a little less far after each hit."""
    own: list[float] = series["errors"]
    below = share_below(own, pool["errors"], error, weight_of_own(own, series["moments"][0]))
    alpha = _alpha(series, pool, 0.9)
    missed = 1.0 if below < alpha / 2 or below > 1 - alpha / 2 else 0.0
    series["alpha"] = round(min(max(series["alpha"] + _SERIES_STEP * (_MISSES - missed), -0.2), 0.4), 6)
    pool["delta"] = round(min(max(pool["delta"] + _POOL_STEP * (_MISSES - missed), -0.09), 0.1), 6)


def _runners(standpoint: list[float]) -> list[float]:
    return race.runners(standpoint[2], standpoint[_EXPERTS_FROM:])


def _distances(y: float, expected: list[float]) -> list[float]:
    return [abs(y - each) for each in expected]


def _drawn(former: list[float], losses: list[float], share: float) -> list[float]:
    """The mean losses on all series: plain at first, later drawn a little to the newest.

    Were the first value the beginning of a slow mean, it would decide about all series for a thousand values.
    """
    if not former:
        return losses
    return [mean + share * (loss - mean) for mean, loss in zip(former, losses, strict=True)]
