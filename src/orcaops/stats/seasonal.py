"""Forecasts of hourly numbers that have a day and a week: several simple experts, weighted by their record.

All of it happens on ln(1 + value), where bursts weigh less, and a quiet night is told from a busy noon as
well as two noons. Each expert forecasts the hours ahead; each is also asked what it would have said at
earlier moments with what was known then, and its weight falls steeply with its error there; the first three,
the surest of them on arrivals, have a start of a fifth. The same earlier forecasts say how wide the
interval must be: for each hour by those of about the same level. It is made of errors that were made ahead
of time, not of those of a fit, which are always too small (split conformal prediction; Vovk 2005).
``python -m benchmarks forecasting`` measures it.

The weekly expert is a regression on sines and cosines of the day and the week (Fourier terms), of least
absolute errors, by reweighting.
"""

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Numbers = NDArray[np.float64]
    Expert = Callable[[Numbers, NDArray[np.int64], NDArray[np.int64]], Numbers]

DAY, WEEK = 24, 168
LONGEST = 8 * WEEK
"""How many of the latest hours are looked at."""
SHORTEST = 2 * WEEK
"""How many hours there must be for a season of the week to show."""

_WEEKEND = 5 * DAY  # where in the week it begins
_DAY_TERMS, _WEEK_TERMS = 4, 6
_RIDGE = 0.01
_ROUNDS = 4  # of reweighting, from least squares to least absolute errors
_SMALLEST_ERROR = 0.2  # below it an error counts as a square: reweighting needs a floor
_OWN_SHARE, _DOUBT, _FEWEST_WEEKS = 0.3, 3.0, 3
_HALF_LIFE_DAYS = 42.0
_RECENT_HALF_LIFE_DAYS = 14.0
_SHARPNESS = 8.0  # 4 mixes too much where arrivals are noise, 12 is no better
_SUREST, _START = 3, 1.2  # by how much another expert must be better than the first few to count as much
_ORIGINS = 6
_ALIKE = 200  # earlier forecasts of about the same level that say how far off the next will be
_THINNED = 4  # every so many of them are enough for a mean
_NEAR_HOURS, _FARTHEST_HOURS = 1.5, 4
_OTHER_DAYS = 0.1  # what the same hour of another day counts: of a working day for working days
_NEAR_HALF_LIFE_DAYS = 28.0


class Ahead(NamedTuple):
    """For each hour ahead its 10 %, 50 % and 90 % quantile, and the mean over both sides of it."""

    low: list[float]
    middle: list[float]
    high: list[float]
    mean: list[float]


def forecast(
    values: Sequence[float], places: Sequence[int], ahead: Sequence[int], *, share: float = 0.8
) -> Ahead:
    """What the hours ahead bring, from the hours before them in order.

    ``values`` are not negative; NaN is an hour of which nothing is known. ``places`` and ``ahead`` are the
    hours' places in the week, 0 to 167, for the past and for what comes; so clock changes and
    holidays are the caller's to say. The interval is meant to hold ``share`` of the truth. Raises
    ``ValueError`` for less than :data:`SHORTEST` hours.
    """
    import numpy as np

    if len(values) < SHORTEST:
        raise ValueError(f"a season of the week needs {SHORTEST} hours, not {len(values)}")
    past = np.log1p(np.maximum(np.asarray(values[-LONGEST:], dtype=float), 0.0))
    where = np.asarray(places[-LONGEST:], dtype=np.int64)
    coming = np.asarray(ahead, dtype=np.int64)
    unknown = np.isnan(past)
    if unknown.any():
        known = ~unknown
        if not known.any():
            raise ValueError("none of the hours is known")
        past[unknown] = _weekly(past[known], where[known], where[unknown])
    errors_by_expert, truths, sayings = _backtest(past, where, unknown, len(coming))
    weights = _weights(errors_by_expert)
    centre = sum(
        (w * expert(past, where, coming) for w, expert in zip(weights, _experts(), strict=True) if w > 0),
        start=np.zeros(len(coming)),
    )
    said = np.concatenate(
        [np.tensordot(weights, each, 1) for each in sayings] or [_weekly(past, where, where)]
    )
    came = np.concatenate([*truths] or [past])
    errors = _errors_alike(said, came, centre)
    tail = (1 - share) / 2
    low, middle, high = np.maximum(np.expm1(centre + np.quantile(errors, [tail, 0.5, 1 - tail], axis=1)), 0.0)
    # The mean of a skewed number is above its median: averaged over the errors that were made.
    mean = np.maximum(np.expm1(centre[:, None] + errors[:, ::_THINNED]), 0.0).mean(axis=1)
    return Ahead(low.tolist(), middle.tolist(), high.tolist(), mean.tolist())


def _backtest(
    past: "Numbers", where: "NDArray[np.int64]", unknown: "NDArray[np.bool_]", hours: int
) -> tuple["Numbers", list["Numbers"], list["Numbers"]]:
    """At earlier moments: the experts' summed errors, the truths, and what each expert said."""
    import numpy as np

    experts = _experts()
    length = min(hours, WEEK, len(past) - SHORTEST)
    errors = np.zeros(len(experts))
    truths: list[Numbers] = []
    sayings: list[Numbers] = []
    if length < DAY:
        return errors, truths, sayings
    step = max(DAY, min(length, WEEK))
    for origin in range(len(past) - length, SHORTEST - 1, -step)[:_ORIGINS]:
        inside = slice(origin, origin + length)
        truth = np.where(unknown[inside], np.nan, past[inside])
        if np.isnan(truth).all():
            continue
        said = np.stack([expert(past[:origin], where[:origin], where[inside]) for expert in experts])
        errors += np.nanmean(np.abs(np.expm1(said) - np.expm1(truth)), axis=1)
        truths.append(truth)
        sayings.append(said)
    return errors, truths, sayings


def _errors_alike(said: "Numbers", came: "Numbers", centre: "Numbers") -> "Numbers":
    """For each hour ahead the errors of the earlier forecasts whose level was nearest to its own.

    A quiet night and a busy noon are off by differently much, and to different sides.
    """
    import numpy as np

    known = ~np.isnan(came)
    said, came = said[known], came[known]
    order = np.argsort(said, kind="stable")
    said, errors = said[order], (came - said)[order]
    count = min(_ALIKE, len(said))
    first = np.clip(np.searchsorted(said, centre) - count // 2, 0, len(said) - count)
    return np.asarray(np.sort(errors[first[:, None] + np.arange(count)], axis=1))


def _weights(errors: "Numbers") -> "Numbers":
    """Shares that fall with the error; without a record the surest have the same share."""
    import numpy as np

    errors = errors * np.array([1.0] * _SUREST + [_START] * (len(errors) - _SUREST))
    best = errors.min()
    if not math.isfinite(best) or errors.max() <= 0:
        return np.repeat([1 / _SUREST, 0.0], [_SUREST, len(errors) - _SUREST])
    if best <= 0:
        return np.asarray((errors <= 0) / (errors <= 0).sum())
    weights = (errors / best) ** -_SHARPNESS
    return np.asarray(weights / weights.sum())


def _experts() -> list["Expert"]:
    return [_weekly, _hours_around, _alike_days, _recent, _same_hour_last_week, _shifted_week, _days]


def _terms(places: "NDArray[np.int64]") -> "Numbers":
    import numpy as np

    turns = [(k, DAY) for k in range(1, _DAY_TERMS + 1)] + [(k, WEEK) for k in range(1, _WEEK_TERMS + 1)]
    angles = [2 * np.pi * k / period * (places % period) for k, period in turns]
    return np.stack([np.ones(len(places)), *(f(a) for a in angles for f in (np.sin, np.cos))], axis=1)


def _solve(terms: "Numbers", weights: "Numbers", past: "Numbers") -> "Numbers":
    import numpy as np

    weighted = terms * weights[:, None]
    square = weighted.T @ terms
    square[np.diag_indices(len(square))] += _RIDGE
    return np.asarray(np.linalg.solve(square, weighted.T @ past), dtype=np.float64)


def _fading(n: int, half_life_days: float) -> "Numbers":
    import numpy as np

    return np.asarray(0.5 ** ((n - 1 - np.arange(n)) / DAY / half_life_days))


def _weekly(past: "Numbers", where: "NDArray[np.int64]", coming: "NDArray[np.int64]") -> "Numbers":
    """Day and week as sines and cosines, and what single hours of the week stand out from them.

    Waves round off a peak of an hour or two. So each hour's own mean counts too: three tenths as a rule,
    and nearly all where it lies many standard errors off the waves (as James and Stein shrink).
    """
    import numpy as np

    fading = _fading(len(past), _HALF_LIFE_DAYS)
    terms = _terms(where)
    factors = _solve(terms, fading, past)
    for _ in range(_ROUNDS):
        size = np.maximum(np.abs(past - terms @ factors), _SMALLEST_ERROR)
        factors = _solve(terms, np.asarray(fading / size), past)
    off = past - terms @ factors
    mass = np.maximum(np.bincount(where, fading, WEEK), 1e-12)
    own = np.bincount(where, fading * off, WEEK) / mass
    noise = float(fading @ (off - own[where]) ** 2) / max(float(fading.sum()), 1e-12)
    # The variance of each mean; one value alone cannot tell a habit from chance.
    variance = noise * np.bincount(where, fading**2, WEEK) / mass**2
    sure = np.where(
        np.bincount(where, minlength=WEEK) >= _FEWEST_WEEKS, 1 - _DOUBT * variance / (own**2 + 1e-12), 0.0
    )
    return np.asarray(_terms(coming) @ factors + (np.maximum(sure, _OWN_SHARE) * own)[coming])


def _hours_around(past: "Numbers", where: "NDArray[np.int64]", coming: "NDArray[np.int64]") -> "Numbers":
    """The weighted median of what was about that hour of the week, and a little of other days alike.

    No shape is presumed, and of a burst only counts that there was one.
    """
    import numpy as np

    places, back = np.unique(coming, return_inverse=True)
    order = np.argsort(past, kind="stable")
    values, at, fading = past[order], where[order], _fading(len(past), _NEAR_HALF_LIFE_DAYS)[order]
    apart = np.abs((at - places[:, None] + WEEK // 2) % WEEK - WEEK // 2)
    apart_of_day = np.abs((at - places[:, None] + DAY // 2) % DAY - DAY // 2)
    alike = (at >= _WEEKEND) == (places[:, None] >= _WEEKEND)
    hours = np.arange(WEEK)
    near = np.where(hours <= _FARTHEST_HOURS, np.exp(-((hours / _NEAR_HOURS) ** 2) / 2), 0.0)
    weights = np.maximum(near[apart], _OTHER_DAYS * alike * near[apart_of_day]) * fading
    reached = np.cumsum(weights, axis=1)
    middles = (reached < reached[:, -1:] / 2).sum(axis=1)
    return np.asarray(values[middles][back])


def _alike_days(past: "Numbers", where: "NDArray[np.int64]", coming: "NDArray[np.int64]") -> "Numbers":
    """The mean of that hour over working days, or over weekends: sharp where work begins and ends."""
    import numpy as np

    def part(places: "NDArray[np.int64]") -> "NDArray[np.int64]":
        return places % DAY + DAY * (places >= _WEEKEND)

    fading = _fading(len(past), _NEAR_HALF_LIFE_DAYS)
    mass = np.bincount(part(where), fading, 2 * DAY)
    mean = np.bincount(part(where), fading * np.expm1(past), 2 * DAY) / np.maximum(mass, 1e-12)
    return np.asarray(np.log1p(mean)[part(coming)])


def _recent(past: "Numbers", where: "NDArray[np.int64]", coming: "NDArray[np.int64]") -> "Numbers":
    """The same regression, quick to forget, that goes on from where the last hour stood."""
    import numpy as np

    past, where = past[-4 * WEEK :], where[-4 * WEEK :]
    n = len(past)
    drift = np.append(np.arange(1 - n, 1) / WEEK / 10, np.zeros(len(coming)))
    terms = np.column_stack([_terms(np.concatenate([where, coming])), drift])
    errors = past - terms[:n] @ (factors := _solve(terms[:n], _fading(n, _RECENT_HALF_LIFE_DAYS), past))
    latest = errors[-WEEK:]
    memory = float(latest[1:] @ latest[:-1]) / max(float(latest[:-1] @ latest[:-1]), 1e-12)
    steps = np.arange(1, len(coming) + 1)
    return np.asarray(terms[n:] @ factors + errors[-1] * min(max(memory, 0.0), 0.995) ** steps)


def _same_hour_last_week(past: "Numbers", _: "NDArray[np.int64]", coming: "NDArray[np.int64]") -> "Numbers":
    """What was a week ago."""
    import numpy as np

    return np.resize(past[-WEEK:], len(coming))


def _shifted_week(past: "Numbers", where: "NDArray[np.int64]", coming: "NDArray[np.int64]") -> "Numbers":
    """What was a week ago, shifted by as much as the last day differs from the same day then."""
    shift = past[-DAY:].mean() - past[-WEEK - DAY : -WEEK].mean()
    shifted: Numbers = _same_hour_last_week(past, where, coming) + shift
    return shifted


def _days(past: "Numbers", _: "NDArray[np.int64]", coming: "NDArray[np.int64]") -> "Numbers":
    """What was a day ago."""
    import numpy as np

    return np.resize(past[-DAY:], len(coming))
