"""The naive rules, by hand."""

import pytest

from orcaops.learning.rivals import ema, last, mean2, median, spec
from orcaops.learning.rivals.rival import Guess, Rival


def after(rival: Rival, *values: float) -> Guess:
    state: dict[str, object] = {}
    for value in values:
        rival.learn(state, value)
    guess = rival.guess(state)
    assert guess is not None
    return guess


def test_each_rule() -> None:
    assert after(last.rival, 1, 5).estimate == 5
    assert after(mean2.rival, 1, 4, 8).estimate == 6
    assert after(ema.slow, 10, 20).estimate == 11
    assert after(ema.fast, 10, 20).estimate == 13
    assert after(median.rival, 1, 2, 300).estimate == 2


def test_the_specification() -> None:
    told = after(spec.rival, *([10.0] * 50))
    assert told == Guess(10.0, 8.0, 10.0, 0.5)
    assert after(spec.rival, *([10.0] * 200)).confidence == 0.95
    assert after(spec.risk, *([0.0] * 99), 1.0).estimate == 0.05
    assert after(spec.risk, 0.0, 1.0).estimate == 0.5
    state: dict[str, object] = {}
    for value in (10.0, 11.0, 9.0, 10.0, 10.5):
        spec.anomaly.learn(state, value)
    assert spec.anomaly.alarms(state, 14.0)
    assert not spec.anomaly.alarms(state, 11.0)


@pytest.mark.parametrize("rival", [last.rival, mean2.rival, ema.slow, median.rival, spec.rival])
def test_nothing_known_nothing_said(rival: Rival) -> None:
    assert rival.guess({}) is None
