"""A decaying histogram of errors on the log scale: where the last few thousand errors lay.

State is a JSON-safe dictionary ``{"bins": […], "unit": w}``. Instead of ageing all bins at every
step, each new error weighs a little more than the one before; the weights are divided out before
they grow large. Bins are fine near zero and coarse far out, as errors are.
"""

import math
from typing import Any

State = dict[str, Any]

_SIDE = 60
_FINEST = 0.004  # width of the bins around zero, in log units
_GROWTH = 9.0  # the larger, the more bins near zero


def _place(error: float) -> int:
    size = int(_GROWTH * math.log1p(abs(error) / (_FINEST * _GROWTH)) + 0.5)
    size = min(size, _SIDE)
    return _SIDE + size if error >= 0 else _SIDE - size


def _edge(place: float) -> float:
    size = place - _SIDE
    return math.copysign(_FINEST * _GROWTH * math.expm1(abs(size) / _GROWTH), size)


CENTRES = tuple(_edge(place) for place in range(2 * _SIDE + 1))
"""The errors that the bins stand for."""


def fresh() -> State:
    """Nothing seen yet; bins appear with the first error."""
    return {"bins": [], "unit": 1.0}


def add(state: State, error: float, *, memory: float) -> None:
    """Count one error; ``memory`` is how many errors the histogram looks back on, roughly."""
    bins = state["bins"]
    if not bins:
        bins.extend([0.0] * (2 * _SIDE + 1))
    unit = state["unit"]
    if unit > 1e6:
        bins[:] = [round(weight / unit, 9) for weight in bins]
        unit = 1.0
    bins[_place(error)] += unit
    state["unit"] = unit * (1 + 1 / memory)


def total(state: State) -> float:
    """The weight of everything counted."""
    return math.fsum(state["bins"])


def share_below(state: State, error: float) -> float:
    """The share of errors below ``error``; half of those in its own bin."""
    bins = state["bins"]
    place = _place(error)
    whole = sum(bins)
    return (sum(bins[:place]) + bins[place] / 2) / whole if whole else 0.5


def share_between(state: State, low: float, high: float) -> float:
    """The share of errors from ``low`` to ``high``; half of those in the bins of either."""
    bins: list[float] = state["bins"]
    whole = sum(bins)
    if not whole:
        return 0.0
    first, last = _place(low), _place(high)
    inside: float = bins[first] / 2 + sum(bins[first + 1 : last]) + bins[last] / 2
    return inside / whole
