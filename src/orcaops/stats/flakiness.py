"""Flaky or broken? A hidden state, healthy or broken, behind a series of passes and failures.

A healthy job fails with a small probability θ, its flake rate; a broken one practically always. The
state can change only where something changed (another commit, another image). θ, the probability to
break and the probability to be mended are unknown: a grid of 90 combinations is weighed by how well
each explains what came, exactly and in one pass (the forward filter of a hidden Markov model).

State is a JSON-safe dictionary; an update costs about 30 µs.
"""

from typing import Any, NamedTuple

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


_CELLS = {id(grid): _cells(grid) for grid in (FLAKY, RISK)}


def fresh(grid: Grid) -> State:
    """Nothing seen: healthy, with the flake rates as they are thought beforehand."""
    weights = [3.0 if rate <= grid.innocent else 1.0 for rate, _, _ in _CELLS[id(grid)]]
    whole = sum(weights)
    return {"healthy": [w / whole * 0.95 for w in weights], "broken": [w / whole * 0.05 for w in weights]}


def step(state: State, grid: Grid, *, changed: bool) -> tuple[list[float], list[float]]:
    """The weights of healthy and broken just before the next outcome."""
    healthy, broken = state["healthy"], state["broken"]
    if not changed:
        return healthy, broken
    after_healthy, after_broken = [], []
    for h, b, (_, breaks, mends) in zip(healthy, broken, _CELLS[id(grid)], strict=True):
        lost, won = h * breaks, b * mends
        after_healthy.append(h - lost + won)
        after_broken.append(b - won + lost)
    return after_healthy, after_broken


def failure_probability(state: State, grid: Grid, *, changed: bool) -> float:
    """How probable it is that the next run fails."""
    healthy, broken = step(state, grid, changed=changed)
    cells = _CELLS[id(grid)]
    return sum([h * cell[0] for h, cell in zip(healthy, cells, strict=True)]) + grid.broken_fails * sum(
        broken
    )


def learn(state: State, grid: Grid, *, failed: bool, changed: bool) -> float:
    """Weigh the combinations by one outcome; returns the probability that it was healthy then."""
    healthy, broken = step(state, grid, changed=changed)
    cells = _CELLS[id(grid)]
    if failed:
        healthy = [h * cell[0] for h, cell in zip(healthy, cells, strict=True)]
        broken = [b * grid.broken_fails for b in broken]
    else:
        healthy = [h * (1 - cell[0]) for h, cell in zip(healthy, cells, strict=True)]
        passes = 1 - grid.broken_fails
        broken = [b * passes for b in broken]
    sum_healthy, sum_broken = sum(healthy), sum(broken)
    whole = sum_healthy + sum_broken
    scale = 1 / whole
    if grid.forgetting < 1:
        # Towards even weights, a little at every step, the state of each combination kept.
        even = (1 - grid.forgetting) / len(cells)
        state["healthy"] = [_kept(h * scale * grid.forgetting + even) for h in healthy]
        state["broken"] = [_kept(b * scale * grid.forgetting) for b in broken]
    else:
        state["healthy"] = [_kept(h * scale) for h in healthy]
        state["broken"] = [_kept(b * scale) for b in broken]
    return sum_healthy * scale


def _kept(weight: float) -> float:
    return round(weight, 9) if weight > 1e-9 else 1e-9


def rate_above(state: State, grid: Grid, rate: float) -> float:
    """The probability that the flake rate is at least ``rate``."""
    above = whole = 0.0
    for h, b, cell in zip(state["healthy"], state["broken"], _CELLS[id(grid)], strict=True):
        whole += h + b
        if cell[0] >= rate:
            above += h + b
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
