"""All learners together on series that are too short, too even, too wild, or in a wrong order."""

import math
import random
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import orjson
import pytest

from orcaops import plugins
from orcaops.learning.baselines import learner as baseline
from orcaops.learning.exam import examine
from orcaops.learning.forecasters import profile, seasonal
from orcaops.learning.loop import Absorbed, Loop
from orcaops.learning.memories import MemoryBook
from orcaops.learning.replay import PastRun
from orcaops.learning.scoring import Scores
from orcaops.model.abstention import Abstention
from orcaops.model.prediction import Abstained, Forecasts, Prediction, Remaining
from orcaops.model.sample import Sample
from orcaops.testing.learners import question_about, samples_of_job

Runs = list[list[Sample]]


def runs(seconds: Sequence[float], *, memory: bool = True, failing: bool = False) -> Runs:
    """One run per number, with a memory of as many megabytes, or without."""
    found = []
    for place, value in enumerate(seconds):
        metrics = {
            "failed_duration" if failing else "duration": value,
            "cpu": value,
            "failure": float(failing),
        }
        if memory:
            metrics["memory"] = value * 1e6
        if failing:
            metrics["error"] = 1.0
        found.append([samples_of_job([v], m, failing=[failing], first=place)[0] for m, v in metrics.items()])
    return found


def backwards(found: Runs) -> Runs:
    """Each run ended an hour before the one that was learned from before it."""
    first = found[0][0].at
    return [
        [
            replace(
                sample,
                at=first - (sample.at - first),
                submitted_at=None if sample.submitted_at is None else first - (sample.at - first),
            )
            for sample in run
        ]
        for run in found
    ]


CHANCE = random.Random(5)
NOISE = [60 * math.exp(CHANCE.gauss(0, 0.1)) for _ in range(60)]
SERIES: dict[str, Runs] = {
    "none": [],
    "one": runs(NOISE[:1]),
    "two": runs(NOISE[:2]),
    "all equal": runs([60.0] * 80),
    "all zero": runs([0.0] * 40),
    "one enormous value": runs([*NOISE[:30], 1.7e300, *NOISE[30:]]),
    "no memory": runs(NOISE, memory=False),
    "failing only": runs(NOISE, failing=True),
    "time running backwards": backwards(runs(NOISE)),
    "all at once": [[replace(s, at=run[0].at, submitted_at=run[0].at) for s in run] for run in runs(NOISE)],
}


def learners() -> list[Any]:
    return [Scores(), baseline, *plugins.find("detector"), *plugins.find("predictor")]


def absorbed(found: Runs, capacity: int = 1000) -> tuple[Loop, MemoryBook, Absorbed]:
    loop, book = Loop(learners()), MemoryBook(capacity=capacity)
    return loop, book, loop.absorb(found, book)


def shown(forecasts: Forecasts) -> list[Prediction]:
    return [
        answer
        for name in ("duration", "memory", "failure_risk", "cost")
        if isinstance(answer := getattr(forecasts, name), Prediction)
    ]


@pytest.mark.parametrize("name", SERIES)
def test_nobody_raises_and_every_number_is_one(name: str) -> None:
    loop, book, told = absorbed(SERIES[name])
    assert not loop.health
    for anomaly in told.anomalies:
        orjson.dumps(anomaly.model_dump(mode="json"))
    forecasts = loop.predict(question_about(), book)
    for answer in shown(forecasts):
        assert 0 <= answer.range_low <= answer.estimate <= answer.range_high < math.inf
        record = answer.track_record
        assert record is None or record.n > 0
    left = loop.remaining(question_about(), 30.0, book)
    assert isinstance(left, Abstention) or 0 <= left.low_s <= left.estimate_s <= left.high_s
    assert all(b"NaN" not in memory and b"Infinity" not in memory for memory in book.drain().values())


@pytest.mark.parametrize("name", SERIES)
def test_the_same_comes_out_whatever_is_evicted(name: str) -> None:
    _, whole, first = absorbed(SERIES[name])
    _, small, again = absorbed(SERIES[name], capacity=1)
    assert (whole.drain(), first) == (small.drain(), again)


def test_what_is_not_known_is_not_said() -> None:
    loop, book, _ = absorbed(SERIES["none"])
    assert shown(loop.predict(question_about(), book)) == []
    loop, book, _ = absorbed(SERIES["no memory"])
    assert isinstance(loop.predict(question_about(), book).memory, Abstained)
    loop, book, _ = absorbed(SERIES["failing only"])
    told = loop.predict(question_about(), book)
    assert isinstance(told.duration, Abstained)
    assert "succeeded" in told.duration.abstention.reason
    assert not isinstance(loop.remaining(question_about(), 1.0, book), Remaining)


def test_one_enormous_value_does_not_carry_away_what_comes() -> None:
    loop, book, _ = absorbed(SERIES["one enormous value"])
    told = loop.predict(question_about(), book).duration
    assert isinstance(told, Prediction)
    assert told.estimate == pytest.approx(60, rel=0.2)


@pytest.mark.parametrize("name", SERIES)
def test_an_exam_of_it_gives_a_document(name: str) -> None:
    past = [
        PastRun(run[0].submitted_at or run[0].at, run[0].at, run)
        for run in SERIES[name]
        if run[0].at is not None
    ]
    past.sort(key=lambda run: run.submitted_at)
    document = examine(past, learners(), [seasonal.forecaster, profile.forecaster])
    assert document["runs"] == len(past)
    orjson.dumps(document)
