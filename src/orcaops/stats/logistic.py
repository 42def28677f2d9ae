"""Logistic regression learned one outcome at a time (AdaGrad, Duchi, Hazan and Singer 2011)."""

import math
from collections.abc import Sequence
from typing import Any

State = dict[str, Any]

_RATE = 0.15
_SHRINK = 1e-4
_LARGEST = 30.0


def fresh(weights: Sequence[float]) -> State:
    """A model that begins with these weights."""
    return {"weights": list(weights), "squares": [0.0] * len(weights)}


def probability(state: State, features: Sequence[float]) -> float:
    """The probability that the model states."""
    total = sum([w * f for w, f in zip(state["weights"], features, strict=True)])
    return 1 / (1 + math.exp(-min(max(total, -_LARGEST), _LARGEST)))


def learn(state: State, features: Sequence[float], came: bool) -> None:
    """Move the weights against the error of one outcome."""
    error = probability(state, features) - came
    weights, squares = state["weights"], state["squares"]
    root = math.sqrt
    slopes = [error * feature + _SHRINK * weight for feature, weight in zip(features, weights, strict=True)]
    squares[:] = [square + slope * slope for square, slope in zip(squares, slopes, strict=True)]
    weights[:] = [
        weight - _RATE * slope / (root(square) + 1e-6)
        for weight, slope, square in zip(weights, slopes, squares, strict=True)
    ]


def logit(probability_: float) -> float:
    """The log odds, of probabilities kept away from 0 and 1."""
    p = min(max(probability_, 0.002), 0.998)
    return math.log(p / (1 - p))
