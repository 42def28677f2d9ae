"""The remaining time of a run: never negative, shorter as time passes, and honest about what is overdue."""

import math
import random

import pytest

from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.learning.predictors.duration import predictor
from orcaops.model.abstention import Abstention
from orcaops.model.prediction import Remaining
from orcaops.testing.learners import question_about, samples_of_job


def asked(values: list[float], elapsed_s: float, key: str = "image:debian|command:make") -> Remaining:
    loop, book = Loop([predictor]), MemoryBook()
    loop.absorb([[sample] for sample in samples_of_job(values, "duration")], book)
    told = loop.remaining(question_about(key), elapsed_s, book)
    assert isinstance(told, Remaining)
    assert not loop.health
    assert 0 <= told.low_s <= told.estimate_s <= told.high_s
    return told


def test_nothing_is_known_of_the_first_run() -> None:
    told = Loop([predictor]).remaining(question_about(), 5.0, MemoryBook())
    assert isinstance(told, Abstention)
    assert (told.have, told.need) == (0, 1)
    assert isinstance(Loop([]).remaining(question_about(), 5.0, MemoryBook()), Abstention)


def test_what_has_passed_is_taken_off() -> None:
    values = [100.0 + place % 5 for place in range(60)]
    for elapsed_s in (0.0, 30.0, 90.0):
        told = asked(values, elapsed_s)
        assert told.estimate_s == pytest.approx(102 - elapsed_s, abs=2)
        assert not told.overdue
    late = asked(values, 150.0)
    assert late.overdue
    assert late.estimate_s > 0


def test_the_interval_holds_for_runs_that_have_lasted() -> None:
    """Over a dozen jobs: of one alone the estimate itself is off by chance."""
    outlasting, inside = [], []
    for seed in range(12):
        chance = random.Random(seed)
        values = [math.exp(chance.gauss(4, 0.5)) for _ in range(300)]
        elapsed_s = math.exp(4)
        told = asked(values, elapsed_s)
        outlasting.append(told.outlasts)
        left = [v - elapsed_s for v in (math.exp(chance.gauss(4, 0.5)) for _ in range(1000)) if v > elapsed_s]
        inside.append(sum(told.low_s <= seconds <= told.high_s for seconds in left) / len(left))
    assert sum(outlasting) / 12 == pytest.approx(0.5, abs=0.08)
    assert 0.84 < sum(inside) / 12 < 0.95


def test_relatives_stand_in() -> None:
    told = asked([50.0] * 20, 10.0, key="name:new")
    assert told.estimate_s == pytest.approx(40, rel=0.3)


@pytest.mark.parametrize("elapsed_s", [0.0, 1e-9, 1e12, -5.0])
def test_any_time_can_have_passed(elapsed_s: float) -> None:
    assert math.isfinite(asked([1.0, 1e6, 1e-3], elapsed_s).high_s)


def test_of_what_exceeds_everything_seen_little_is_promised() -> None:
    """A run that hangs: that no run took longer than 101 s says nothing of how long 1000 s will become."""
    told = asked([100.0 + place % 2 for place in range(60)], 1000.0)
    assert told.overdue
    assert told.low_s < 200
    assert told.high_s > 5000
