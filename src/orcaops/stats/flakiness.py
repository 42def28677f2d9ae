"""Flaky or broken? A hidden state, healthy or broken, behind a series of passes and failures.

A healthy job fails with a small probability θ, its flake rate; a broken one practically always. The
state can change only where something changed (another commit, another image). θ, the probability to
break and the probability to be mended are unknown: a grid of 90 combinations is weighed by how well
each explains what came, exactly and in one pass (the forward filter of a hidden Markov model).

State is a JSON-safe dictionary; an update costs about 30 µs.
"""

from bisect import bisect_left
from operator import mul
from typing import Any, NamedTuple

from orcaops.stats.rounding import WHOLE

State = dict[str, Any]

_BREAKS = (0.02, 0.06, 0.15)
_MENDS = (0.1, 0.3, 0.6)


class Grid(NamedTuple):
    """The combinations that are weighed, and how a broken job behaves."""

    rates: tuple[float, ...]
    broken_fails: float
    forgetting: float
    innocent: float
    """Flake rates up to this one are thought three times as likely beforehand."""


FLAKY = Grid((0.0005, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.45), 0.99, 1.0, 0.005)
"""To tell flaky jobs from healthy ones."""

RISK = Grid((0.005, 0.01, 0.02, 0.035, 0.05, 0.1, 0.15, 0.2, 0.3, 0.45), 0.95, 0.999, 0.005)
"""To say how probable the next failure is; forgets slowly, because jobs change."""


def _cells(grid: Grid) -> list[tuple[float, float, float]]:
    return [(rate, broken, mended) for rate in grid.rates for broken in _BREAKS for mended in _MENDS]


class _Odds(NamedTuple):
    """How the weights before a change become those after an outcome, combination by combination."""

    stays: list[float]  # healthy before, healthy after
    mends: list[float]
    remains: list[float]  # broken before, broken after
    breaks: list[float]


class _Columns(NamedTuple):
    """The combinations column by column, so that all of them are weighed in one pass."""

    fails: list[float]
    passes: list[float]
    fails_if_healthy: list[float]
    """The chance to fail after a change, of who was healthy before."""
    fails_if_broken: list[float]
    after: tuple[_Odds, _Odds]
    """After a change: by whether the run failed."""


def _columns(grid: Grid) -> _Columns:
    cells = _cells(grid)
    fails = grid.broken_fails
    rates = [rate for rate, _, _ in cells]
    passes = [1 - rate for rate in rates]
    return _Columns(
        rates,
        passes,
        [(1 - broken) * rate + broken * fails for rate, broken, _ in cells],
        [mended * rate + (1 - mended) * fails for rate, _, mended in cells],
        (_odds(cells, passes, 1 - fails), _odds(cells, rates, fails)),
    )


def _odds(cells: list[tuple[float, float, float]], healthy: list[float], broken: float) -> _Odds:
    """The odds of an outcome with these probabilities: of a healthy job in each cell, and of a broken one."""
    return _Odds(
        [(1 - b) * p for (_, b, _), p in zip(cells, healthy, strict=True)],
        [m * p for (_, _, m), p in zip(cells, healthy, strict=True)],
        [(1 - m) * broken for _, _, m in cells],
        [b * broken for _, b, _ in cells],
    )


_CELLS = {id(grid): _cells(grid) for grid in (FLAKY, RISK)}
_COLUMNS = {id(grid): _columns(grid) for grid in (FLAKY, RISK)}
_BILLION = 1e9  # weights are kept with nine decimals, none below the last of them


def fresh(grid: Grid) -> State:
    """Nothing seen: healthy, with the flake rates as they are thought beforehand."""
    weights = [3.0 if rate <= grid.innocent else 1.0 for rate, _, _ in _CELLS[id(grid)]]
    whole = sum(weights)
    return {"healthy": [w / whole * 0.95 for w in weights], "broken": [w / whole * 0.05 for w in weights]}


def failure_probability(state: State, grid: Grid, *, changed: bool) -> float:
    """How probable it is that the next run fails."""
    columns = _COLUMNS[id(grid)]
    healthy: list[float] = state["healthy"]
    broken: list[float] = state["broken"]
    if not changed:
        return _total(healthy, columns.fails) + grid.broken_fails * sum(broken)
    return _total(healthy, columns.fails_if_healthy) + _total(broken, columns.fails_if_broken)


def learn(state: State, grid: Grid, *, failed: bool, changed: bool) -> float:
    """Weigh the combinations by one outcome; returns the probability that it was healthy then."""
    healthy, broken, columns = state["healthy"], state["broken"], _COLUMNS[id(grid)]
    if changed:
        odds = columns.after[failed]
        healthy, broken = (
            _joined(healthy, odds.stays, broken, odds.mends),
            _joined(broken, odds.remains, healthy, odds.breaks),
        )
    else:
        healthy = list(map(mul, healthy, columns.fails if failed else columns.passes))
        broken_so = grid.broken_fails if failed else 1 - grid.broken_fails
        broken = [b * broken_so for b in broken]
    sum_healthy, sum_broken = sum(healthy), sum(broken)
    scale = 1 / (sum_healthy + sum_broken)
    factor, even = scale, 0.0
    if grid.forgetting < 1:
        # Towards even weights, a little at every step, the state of each combination kept.
        factor, even = scale * grid.forgetting, (1 - grid.forgetting) / len(healthy)
    state["healthy"] = _kept(healthy, factor, even)
    state["broken"] = _kept(broken, factor, 0.0)
    return sum_healthy * scale


def _total(weights: list[float], chances: list[float]) -> float:
    total: float = sum(map(mul, weights, chances))
    return total


def _joined(here: list[float], stay: list[float], there: list[float], come: list[float]) -> list[float]:
    return [a * p + b * q for a, p, b, q in zip(here, stay, there, come, strict=True)]


def _kept(weights: list[float], factor: float, even: float) -> list[float]:
    # Whole billionths divided by a billion are the nearest number with nine decimals, as round()
    # gives it, without a call for each.
    times, plus, one = factor * _BILLION, even * _BILLION, 1 / _BILLION
    return [n / _BILLION if (n := w * times + plus + WHOLE - WHOLE) > 1 else one for w in weights]


def rate_above(state: State, grid: Grid, rate: float) -> float:
    """The probability that the flake rate is at least ``rate``."""
    healthy, broken = state["healthy"], state["broken"]
    place = bisect_left(_COLUMNS[id(grid)].fails, rate)
    above: float = sum(healthy[place:]) + sum(broken[place:])
    whole: float = sum(healthy) + sum(broken)
    return above / whole


def rate_interval(state: State, grid: Grid, coverage: float = 0.9) -> tuple[float, float, float]:
    """The mean of the flake rate, and the ends of the interval that holds it with ``coverage``."""
    by_rate: dict[float, float] = {}
    for h, b, cell in zip(state["healthy"], state["broken"], _CELLS[id(grid)], strict=True):
        by_rate[cell[0]] = by_rate.get(cell[0], 0.0) + h + b
    whole = sum(by_rate.values())
    mean = sum(rate * weight for rate, weight in by_rate.items()) / whole
    reached, low, high = 0.0, grid.rates[0], grid.rates[-1]
    found_low = False
    for rate in grid.rates:
        reached += by_rate[rate] / whole
        if not found_low and reached >= (1 - coverage) / 2:
            low, found_low = rate, True
        if reached >= 1 - (1 - coverage) / 2:
            high = rate
            break
    return mean, low, high


def broken_probability(state: State) -> float:
    """The probability that the job is broken now."""
    healthy, broken = sum(state["healthy"]), sum(state["broken"])
    return broken / (healthy + broken)
