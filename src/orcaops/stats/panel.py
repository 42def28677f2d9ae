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
from bisect import bisect
from collections.abc import Sequence
from operator import itemgetter
from typing import Any, NamedTuple

from orcaops.stats import residuals
from orcaops.stats.robust import half_sample_mode, middle, weighted_median
from orcaops.stats.rounding import rounded
from orcaops.stats.student import critical

State = dict[str, Any]

EXPERTS = ("ew_0.5", "ew_2", "ew_5", "ew_20", "mean", "median_9", "median_25", "last", "mode_25", "ema_0.3")
RIVALS = {
    "last": "the last value",
    "ema_0.3": "a moving average",
    "median_9": "the median of the last 9",
    "median_25": "the median of the last 25",
}
"""The experts that are naive rules of their own, in words."""

HALF_LIVES = (0.5, 2.0, 5.0, 20.0)
_DECAYS = tuple(0.5 ** (1 / life) for life in HALF_LIVES)

_WINDOW = 25
_ERRORS = 150
_PAST = 24
_WORST_ERROR = 0.5
_FORGETTING = 0.9
_POOL_RATE = 0.001
_SHARPNESS = 6.0
_POOL_TRUST = 8.0
_POOL_MASS = 8.0  # as many own errors weigh as much as everybody's
_CONFIDENCE_MASS = 4.0
_CONFIDENCE_DECAY = 0.97
_TRUST_BINS = (0.3, 0.5, 0.7, 0.8, 0.9, 0.93, 0.96, 0.98)
_TRUST_MASS = 10.0  # a promise counts as much as so many estimates that came true as it said
_CAUTION = 0.05  # less, to begin with
_TRUST_FORGETTING = 0.998
_EXPERTS_FROM = 4  # place of the first expert in a standpoint
_POOL_LENGTH = 3000.0
_COLD_LENGTH = 1000.0
_LEVEL_RATE = 0.03
_MISSES = 0.08  # aimed at for the 90 % interval: outcomes that come late and together cost about 2 %
_SERIES_STEP = 0.02
_POOL_STEP = 0.003
_RIVAL_PLACES = tuple(EXPERTS.index(name) for name in RIVALS)
_FINEST = 2e-5  # what is kept is rounded: of a constant, no interval is narrower than this
_RACE_FORGETTING = 0.99
_RACE_POOL_MASS = 40.0  # the race on all series counts as much as so many values
_RACE_LEAD = 0.02  # a rival must be ahead by this share,
_RACE_LEAST = 0.002  # and by this much, or rounding would decide on a constant
_RACE_WORST = 6.0
_FEW_ERRORS = 20  # so many have a 90 % interval of their own
_NEVER_SEEN = 0.002
_LARGEST = 700.0  # exp() of more is not a number any more
_WITHIN = (math.log(1 / 1.2), math.log(1 / 0.8))
_CONFIDENCE_WEIGHTS = tuple(_CONFIDENCE_DECAY**age for age in range(_ERRORS))


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
        "loss": [],
        "race": [],
        "errors": residuals.fresh(),
        "cold": residuals.fresh(),
        "delta": 0.0,
        "trust": [[0.0, 0.0] for _ in range(len(_TRUST_BINS) + 1)],  # estimates that sure, and right ones
    }


def estimate(series: State, pool: State) -> float:
    """What is expected next: by the panel, or by the rival that does better; there is one value at least."""
    place = _winner(series, pool)
    if place is None:
        return _consensus(series["experts"], series["loss"], pool["loss"])
    return float(series["experts"][_RIVAL_PLACES[place]])


def method(series: State, pool: State) -> str:
    """By what the next value is estimated, in words: the panel, or the rival that does better."""
    place = _winner(series, pool)
    return "a panel of experts" if place is None else tuple(RIVALS.values())[place]


def _winner(series: State, pool: State) -> int | None:
    """The place among the rivals of the one that beats the panel on this series; None if none does."""
    race = series["race"]
    if not race:
        return None
    mass = race[0] + _RACE_POOL_MASS
    losses = [(own + _RACE_POOL_MASS * all_) / mass for own, all_ in zip(race[1:], pool["race"], strict=True)]
    best = min(losses)
    return None if best > losses[0] * (1 - _RACE_LEAD) - _RACE_LEAST else losses.index(best) - 1


def _consensus(experts: list[float], loss: list[float], pool_loss: list[float]) -> float:
    best = min(loss)
    if pool_loss:
        pool_best = min(pool_loss)
        weights = [
            math.exp(-_SHARPNESS * ((own - best) + _POOL_TRUST * (all_ - pool_best)))
            for own, all_ in zip(loss, pool_loss, strict=True)
        ]
    else:
        weights = [math.exp(-_SHARPNESS * (own - best)) for own in loss]
    return weighted_median(experts, weights)


def learn(series: State, pool: State, y: float, *, at: float, asked_at: float | None) -> None:
    """Fold in the logarithm ``y`` that became known at ``at`` and was asked for at ``asked_at``.

    Times are seconds since the epoch. Changes both states.
    """
    if series["n"]:
        stood = _standing(series["past"], asked_at)
        if stood is not None:
            _score(series, pool, y, stood)
    _fold(series, y)
    past = series["past"]
    past.append(_standpoint(series, pool, at))
    _thin(past, series["n"])


def _standpoint(series: State, pool: State, at: float) -> list[float]:
    experts = series["experts"]
    panel = _consensus(experts, series["loss"], pool["loss"])
    place = _winner(series, pool)
    told = panel if place is None else experts[_RIVAL_PLACES[place]]
    sure = round(_confidence(series, pool["errors"]), 4)
    return [round(at, 3), round(told, 6), round(panel, 6), sure, *experts]


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
        short = [min(max(bound - expected, 0.0), _WORST_ERROR) for expected in series["experts"]]
        series["loss"] = rounded(
            [_FORGETTING * former + loss for former, loss in zip(series["loss"], short, strict=True)], 6
        )
        if pool["race"]:
            runners = _runners(_standpoint(series, pool, at))
            _race(series, [min(max(bound - expected, 0.0), _RACE_WORST) for expected in runners])
        _fold(series, impute(series, pool, bound))
        series["past"].append(_standpoint(series, pool, at))
        _thin(series["past"], series["n"])


def _thin(past: list[list[float]], n: int) -> None:
    # Thinned in its older half, so that a long burst still finds what stood before it.
    if len(past) > _PAST:
        del past[1 + n % (_PAST // 2)]


def interval(series: State, pool: State, coverage: float = 0.9) -> Interval:
    """The estimate of the next value with the interval meant to hold it in ``coverage`` of cases."""
    centre = estimate(series, pool)
    alpha = _alpha(series, pool, coverage)
    own, everybody = series["errors"], pool["errors"]
    points, weights = _mixture(own, everybody)
    low = _quantile(points, weights, alpha / 2)
    high = _quantile(points, weights, 1 - alpha / 2)
    spread = _spread_of_few(everybody, coverage)
    return _told(centre, min(low, -spread), max(high, spread), _trusted(pool, _confidence(series, everybody)))


def _spread_of_few(everybody: State, coverage: float) -> float:
    """How far out the next error may be by Student's distribution, in a new workspace.

    Among few errors the largest is no quantile of those to come. 0 once there are enough.
    """
    count = residuals.total(everybody)
    if not 0 < count < _FEW_ERRORS:
        return 0.0
    squares = (w * e * e for e, w in zip(residuals.CENTRES, everybody["bins"], strict=True) if w)
    return critical(1 - coverage, count) * math.sqrt(math.fsum(squares) / count)


def beyond(series: State, pool: State, bound: float, coverage: float = 0.9) -> Outlook:
    """What is expected of the next value once its logarithm is known to exceed ``bound``."""
    points, weights = _mixture(series["errors"], pool["errors"])
    return _beyond(estimate(series, pool), points, weights, bound, coverage)


def _beyond(
    centre: float, points: list[float], weights: list[float], bound: float, coverage: float
) -> Outlook:
    left = [(p, w) for p, w in zip(points, weights, strict=True) if centre + p > bound]
    share = math.fsum(w for _, w in left) / math.fsum(weights)
    if share < _NEVER_SEEN:
        # Longer than anything yet: as much longer again as values exceed what was expected of them.
        left = [(p, w) for p, w in zip(points, weights, strict=True) if p > 0] or [(0.5, 1.0)]
        centre = bound
    rest, masses = [p for p, _ in left], [w for _, w in left]
    low, middle_, high = (
        min(max(centre + _quantile(rest, masses, q), bound), _LARGEST)
        for q in ((1 - coverage) / 2, 0.5, (1 + coverage) / 2)
    )
    return Outlook(middle_, low, high, share)


def _told(centre: float, low: float, high: float, confidence: float) -> Interval:
    return Interval(
        min(centre, _LARGEST),
        min(centre + min(low, -_FINEST), _LARGEST),
        min(centre + max(high, _FINEST), _LARGEST),
        min(max(confidence, 0.0), 1.0),
    )


def _alpha(series: State, pool: State, coverage: float) -> float:
    steered: float = series["alpha"] + pool["delta"] + (0.9 - coverage)
    return min(max(steered, 0.004), 0.6)


def _standing(past: list[list[float]], asked_at: float | None) -> list[float] | None:
    """The estimate that stood at a moment; None if there was none yet."""
    if asked_at is None:
        return past[-1]
    for entry in reversed(past):
        if entry[0] <= asked_at:
            return entry
    return None


def _score(series: State, pool: State, y: float, stood: list[float]) -> None:
    error = y - stood[1]
    errors, everybody = series["errors"], pool["errors"]
    below = _share_below(errors, everybody, error)
    alpha = _alpha(series, pool, 0.9)
    missed = 1.0 if below < alpha / 2 or below > 1 - alpha / 2 else 0.0
    series["alpha"] = round(min(max(series["alpha"] + _SERIES_STEP * (_MISSES - missed), -0.2), 0.4), 6)
    pool["delta"] = round(min(max(pool["delta"] + _POOL_STEP * (_MISSES - missed), -0.09), 0.1), 6)
    if stood[0] != series["moments"][1]:
        series["moments"] = [series["moments"][0] + 1, stood[0]]
    errors.append(round(error, 5))
    if len(errors) > _ERRORS:
        del errors[0]
    residuals.add(everybody, error, memory=_POOL_LENGTH)
    tally = pool["trust"][bisect(_TRUST_BINS, stood[3])]
    tally[0] = round(_TRUST_FORGETTING * tally[0] + 1, 4)
    tally[1] = round(_TRUST_FORGETTING * tally[1] + (_WITHIN[0] <= error <= _WITHIN[1]), 4)

    race = [min(abs(y - expected), _RACE_WORST) for expected in _runners(stood)]
    _race(series, race)
    if pool["race"]:
        pool["race"] = [
            former + _POOL_RATE * (loss - former) for former, loss in zip(pool["race"], race, strict=True)
        ]
    else:
        pool["race"] = race
    losses = [abs(y - expected) for expected in stood[_EXPERTS_FROM:]]
    losses = [loss if loss < _WORST_ERROR else _WORST_ERROR for loss in losses]
    series["loss"] = rounded(
        [_FORGETTING * former + loss for former, loss in zip(series["loss"], losses, strict=True)], 6
    )
    if pool["loss"]:
        pool["loss"] = [
            former + _POOL_RATE * (loss - former) for former, loss in zip(pool["loss"], losses, strict=True)
        ]
    else:
        pool["loss"] = losses


def _runners(standpoint: Sequence[float]) -> list[float]:
    """What the panel and its rivals expected."""
    return [standpoint[2], *(standpoint[_EXPERTS_FROM + place] for place in _RIVAL_PLACES)]


def _race(series: State, losses: Sequence[float]) -> None:
    """Count the errors of the panel and of its rivals side by side."""
    race = series["race"] or [0.0] * (1 + len(losses))
    series["race"] = rounded(
        [_RACE_FORGETTING * former + loss for former, loss in zip(race, [1.0, *losses], strict=True)], 5
    )


def _fold(series: State, y: float) -> None:
    series["n"] += 1
    n = series["n"]
    recent = series["recent"]
    recent.append(round(y, 6))
    if len(recent) > _WINDOW:
        del recent[0]
    means = series["means"]
    if n == 1:
        series["means"] = means = [y] * (len(_DECAYS) + 1)
        series["loss"] = [0.0] * len(EXPERTS)
    else:
        shares = [(1 - decay) / (1 - decay**n) if n < 200 else 1 - decay for decay in _DECAYS]
        moved = [mean + share * (y - mean) for mean, share in zip(means, shares, strict=False)]
        series["means"] = means = rounded([*moved, means[-1] + (y - means[-1]) / n], 6)
    linear = series["linear"]
    series["linear"] = y if linear is None else round(_mixed(linear, y), 6)
    ordered = sorted(recent)
    series["experts"] = [
        *means,
        middle(ordered if n <= 9 else sorted(recent[-9:])),
        middle(ordered),
        recent[-1],
        half_sample_mode(ordered),
        series["linear"],
    ]


def _mixed(mean: float, y: float) -> float:
    """ln of .7 of the one and .3 of the other, which are logarithms themselves."""
    top = max(mean, y)
    return top + math.log(0.7 * math.exp(mean - top) + 0.3 * math.exp(y - top))


def _share_below(own: list[float], everybody: State, error: float) -> float:
    m = len(own)
    below = 0.0
    if m:
        smaller = sum([e < error for e in own])
        below = (2 * smaller + own.count(error)) / (2 * m)
    if not everybody["bins"]:
        return below if m else 0.5
    return (m * below + _POOL_MASS * residuals.share_below(everybody, error)) / (m + _POOL_MASS)


def _mixture(own: Sequence[float], everybody: State) -> tuple[list[float], list[float]]:
    points = list(own)
    weights = [1.0] * len(points)
    whole = residuals.total(everybody)
    if whole:
        for centre, weight in zip(residuals.CENTRES, everybody["bins"], strict=True):
            if weight:
                points.append(centre)
                weights.append(_POOL_MASS * weight / whole)
    if not points:
        points, weights = [-0.5, 0.0, 0.5], [1.0, 8.0, 1.0]
    pairs = sorted(zip(points, weights, strict=True), key=itemgetter(0))
    return [point for point, _ in pairs], [weight for _, weight in pairs]


def _quantile(points: list[float], weights: list[float], share: float) -> float:
    goal = share * math.fsum(weights)
    reached = 0.0
    for point, weight in zip(points, weights, strict=True):
        reached += weight
        if reached >= goal:
            return point
    return points[-1]


def _confidence(series: State, everybody: State) -> float:
    """The share of its errors within 20 %, drawn to everybody's where there are few.

    Values that were asked for together, under one estimate, prove it right or wrong once and not each.
    """
    own: list[float] = series["errors"]
    low, high = _WITHIN
    inside = outside = 0.0
    for error, weight in zip(reversed(own), _CONFIDENCE_WEIGHTS, strict=False):
        if low <= error <= high:
            inside += weight
        else:
            outside += weight
    m = min(len(own), int(series["moments"][0]))
    mine = inside / (inside + outside) if m else 0.0
    if not everybody["bins"]:
        return mine * m / (m + _CONFIDENCE_MASS)
    theirs = residuals.share_below(everybody, high) - residuals.share_below(everybody, low)
    return (m * mine + _CONFIDENCE_MASS * theirs) / (m + _CONFIDENCE_MASS)


def _trusted(pool: State, sure: float) -> float:
    """A confidence as it has come true: of estimates about as sure, over all series, how many were right.

    What comes late or in bursts makes errors look smaller than they turn out to be, so that the share of
    errors made so far promises too much exactly where it is highest.
    """
    weight, right = pool["trust"][bisect(_TRUST_BINS, sure)]
    return float((_TRUST_MASS * (sure - _CAUTION) + right) / (_TRUST_MASS + weight))


# --- relatives: what stands in while a series has no value of its own ------------------------------


def fresh_level() -> State:
    """What is known of a group of series before any value."""
    return {"n": 0, "mean": 0.0, "past": []}


def learn_level(level: State, y: float, *, at: float) -> None:
    """Fold a value of any of its series into a group."""
    level["n"] += 1
    share = max(1 / level["n"], _LEVEL_RATE)
    level["mean"] = round(level["mean"] + share * (y - level["mean"]), 6)
    past = level["past"]
    past.append([round(at, 3), level["mean"]])
    _thin(past, level["n"])


def level_estimate(level: State, asked_at: float | None = None) -> float | None:
    """What the group expects, or expected at a moment; None where it knew nothing then."""
    if not level["n"]:
        return None
    if asked_at is None:
        return float(level["mean"])
    stood = _standing(level["past"], asked_at)
    return None if stood is None else stood[1]


def learn_cold(pool: State, error: float) -> None:
    """Count how far off a group's expectation was for a series without values."""
    residuals.add(pool["cold"], error, memory=_COLD_LENGTH)


def cold_interval(pool: State, centre: float, coverage: float = 0.9) -> Interval:
    """The interval around a group's expectation, from how far off such expectations were before."""
    points, weights, confidence = _cold_mixture(pool)
    low = _quantile(points, weights, (1 - coverage) / 2)
    high = _quantile(points, weights, (1 + coverage) / 2)
    return _told(centre, low, high, confidence)


def cold_beyond(pool: State, centre: float, bound: float, coverage: float = 0.9) -> Outlook:
    """As :func:`beyond`, for a series without values of which a group expects ``centre``."""
    points, weights, _ = _cold_mixture(pool)
    return _beyond(centre, points, weights, bound, coverage)


def _cold_mixture(pool: State) -> tuple[list[float], list[float], float]:
    """How far off groups were: points, their weights, and the share within 20 %."""
    cold = pool["cold"]
    whole = residuals.total(cold)
    points = [-3.0, 0.0, 3.0]
    weights = [1.0, 8.0, 1.0]
    inside = 0.2 * 10
    if whole:
        points += residuals.CENTRES
        weights += cold["bins"]
        inside += whole * (residuals.share_below(cold, _WITHIN[1]) - residuals.share_below(cold, _WITHIN[0]))
    order = sorted(range(len(points)), key=points.__getitem__)
    points, weights = [points[i] for i in order], [weights[i] for i in order]
    return points, weights, inside / math.fsum(weights)
