"""The regression learns what it is shown."""

import math
import random

from orcaops.stats import logistic


def test_it_learns_a_rate_and_a_signal() -> None:
    chance = random.Random(8)
    state = logistic.fresh([0.0, 0.0])
    for _ in range(4000):
        signal = chance.random() < 0.5
        logistic.learn(state, [1.0, float(signal)], chance.random() < (0.8 if signal else 0.1))
    assert abs(logistic.probability(state, [1.0, 1.0]) - 0.8) < 0.08
    assert abs(logistic.probability(state, [1.0, 0.0]) - 0.1) < 0.08


def test_extremes_stay_numbers() -> None:
    state = logistic.fresh([1e9])
    assert logistic.probability(state, [1e9]) < 1.0 or logistic.probability(state, [1e9]) == 1.0
    assert math.isfinite(logistic.logit(0.0))
    assert logistic.logit(0.25) == -logistic.logit(0.75)
