"""Scores: what was predicted against what came, beside naive rules that knew as much, and what follows."""

import math
import random
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops import plugins
from orcaops.learning.learner import Memories, Memory, Question
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.learning.scoring import HOUSE, Scores, fairest, totals, track_record
from orcaops.model.prediction import CostPrediction, DurationPrediction, FailureRisk, MemoryPrediction
from orcaops.model.prices import BYTES_PER_GB, Prices
from orcaops.model.run import Cause, Status
from orcaops.model.sample import Sample
from orcaops.testing.learners import CHECKS, question_about, samples_of_job

KEY = "image:debian|command:make"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_scores_are_a_learner(check: Any) -> None:
    check(Scores())


def seconds(estimate: float, low: float | None = None, high: float | None = None) -> DurationPrediction:
    return DurationPrediction(
        estimate=estimate,
        range_low=estimate / 2 if low is None else low,
        range_high=estimate * 2 if high is None else high,
        confidence=0.5,
        sample_count=9,
    )


def fresh() -> dict[str, Memory]:
    return {level: {} for level in Scores().levels}


def learned(samples: list[Sample], scores: Scores | None = None) -> dict[str, Memory]:
    memories = fresh()
    for sample in samples:
        (scores or Scores()).learn(memories, sample)
    return memories


def test_a_prediction_is_held_against_what_came() -> None:
    values, estimates = [10.0, 10.0, 10.0, 30.0], [9.0, 10.0, 14.0, 10.0]
    samples = [
        replace(sample, predicted=seconds(estimate), prediction_seen=place)
        for place, (sample, estimate) in enumerate(
            zip(samples_of_job(values, "duration"), estimates, strict=True)
        )
    ]
    memories = learned(samples)
    house = totals(orjson.dumps(memories["house"]))["duration"]
    assert (house.scored, house.within_20, house.inside) == (4, 0.5, 0.75)
    errors = [abs(math.log(e / v)) for e, v in zip(estimates, values, strict=True)]
    assert house.abs_log_error == pytest.approx(sum(errors) / 4, abs=1e-4)
    own = track_record(memories["key"], "duration")
    assert own is not None
    assert own.n == 4
    assert own.rival is not None


def test_naive_rules_know_what_the_prediction_knew() -> None:
    """Of two runs that were under way together, the second was predicted without the first."""
    first, second, third = samples_of_job([10.0, 20.0, 10.0], "duration")
    blind = replace(third, predicted=seconds(10.0), prediction_seen=first.number)
    seeing = replace(third, predicted=seconds(10.0), prediction_seen=second.number)
    for sample, last in ((blind, 0.0), (seeing, math.log(2))):
        tally = learned([first, second, sample])["key"]["duration"]
        assert tally["compared"][2] == pytest.approx(last, abs=1e-5)  # the rule "the last run again"
    early = replace(third, predicted=seconds(10.0), prediction_seen=0)
    assert "compared" not in learned([first, second, early])["key"]["duration"]


def test_a_run_that_was_stopped_counts_where_it_proves_something() -> None:
    sample = samples_of_job([100.0], "duration")[0]
    stopped = replace(sample, censored=True, status=Status.TIMED_OUT, cause=Cause.TIMEOUT_TOTAL)
    good = replace(sample, predicted=seconds(100.0), prediction_seen=0)
    beyond = replace(stopped, predicted=seconds(10.0), prediction_seen=0)
    within = replace(stopped, predicted=seconds(90.0), prediction_seen=0)
    for samples, inside in (([good, beyond], 0.5), ([good, within], 1.0)):
        record = track_record(learned(samples)["key"], "duration")
        assert record is not None
        assert (record.n, record.inside) == (1, pytest.approx(inside, abs=0.01))


def test_memory_counts_what_ran_short_and_what_was_wasted() -> None:
    told = MemoryPrediction(estimate=2e9, range_low=1e9, range_high=3e9, confidence=0.5, sample_count=1)
    samples = [
        replace(sample, predicted=told, prediction_seen=0, started_at=sample.at - timedelta(hours=1))
        for sample in samples_of_job([1e9, 4e9], "memory")
    ]
    sums = learned(samples)["house"]["memory"]["sums"]
    assert (sums["short"], sums["wasted_gbh"]) == (1.0, pytest.approx(2e9 / BYTES_PER_GB, abs=1e-5))


def test_a_risk_is_scored_by_brier_and_log_loss() -> None:
    told = FailureRisk(estimate=0.2, range_low=0.1, range_high=0.3, confidence=0.0, sample_count=5)
    samples = [replace(s, predicted=told, prediction_seen=0) for s in samples_of_job([1.0, 0.0], "failure")]
    memories = learned(samples)
    assert totals(orjson.dumps(memories["house"]))["failure_risk"].brier == pytest.approx(0.34)
    assert memories["house"]["failure_risk"]["sums"]["log_loss"] == pytest.approx(-math.log(0.2 * 0.8))


@pytest.mark.parametrize(("currency", "scored"), [("EUR", True), ("USD", False)])
def test_a_cost_is_what_the_prices_say(currency: str, scored: bool) -> None:
    prices = Prices(currency="EUR", per_cpu_second=0.5, per_run=1.0)
    told = CostPrediction(
        estimate=6.0,
        unit=currency,
        currency=currency,
        range_low=5.0,
        range_high=7.0,
        confidence=0.5,
        sample_count=3,
    )
    run = [samples_of_job([v], m)[0] for m, v in (("duration", 9.0), ("memory", 1e9), ("cpu", 10.0))]
    run[-1] = replace(run[-1], predicted=told, prediction_seen=0)
    record = track_record(learned(run, Scores(prices=prices))["key"], "cost")
    assert (record is not None) is scored
    if record is not None:
        assert (record.mean_abs_log_error, record.within_20) == (0.0, 1.0)
    assert track_record(learned(run)["key"], "cost") is None


@dataclass(frozen=True)
class Stubborn:
    """Always says the same number, whatever comes."""

    says: float = 100.0
    name: str = "stubborn"
    version: int = 1
    metrics: tuple[str, ...] = ("duration",)
    levels: tuple[str, ...] = ("key",)
    quantity: str = "duration"

    def fresh(self) -> Memory:
        return {"n": 0}

    def learn(self, memories: Memories, sample: Sample) -> None:
        memories["key"]["n"] += 1

    def predict(self, memories: Memories, question: Question) -> DurationPrediction:
        return seconds(self.says).model_copy(update={"sample_count": memories["key"]["n"]})


def test_a_predictor_that_loses_is_not_used_until_it_does_not() -> None:
    loop, book = Loop([Scores(), Stubborn()]), MemoryBook()
    chance = random.Random(1)

    def run(level: float, first: int, n: int) -> None:
        for place in range(first, first + n):
            # Predicted when it was submitted, as a live run is.
            answer = loop.predict(question_about(KEY), book).duration
            sample = samples_of_job([level * math.exp(chance.gauss(0, 0.02))], "duration", first=place)[0]
            assert isinstance(answer, DurationPrediction)
            loop.absorb([[replace(sample, predicted=answer, prediction_seen=place)]], book)

    run(10.0, 0, 15)
    answer = loop.predict(question_about(KEY), book).duration
    assert isinstance(answer, DurationPrediction)
    assert answer.estimate == 100.0  # too early to say
    run(10.0, 15, 30)
    answer = loop.predict(question_about(KEY), book).duration
    assert isinstance(answer, DurationPrediction)
    assert answer.estimate == pytest.approx(10.0, rel=0.05)
    assert answer.instead_of == 100.0
    assert "has predicted this job better (n=" in answer.reason
    assert answer.range_low <= answer.estimate <= answer.range_high
    assert answer.range_high < 12
    assert answer.track_record is not None
    assert not loop.health
    run(100.0, 45, 300)
    answer = loop.predict(question_about(KEY), book).duration
    assert isinstance(answer, DurationPrediction)
    assert (answer.estimate, answer.instead_of) == (100.0, None)


def test_one_that_is_good_stays() -> None:
    loop, book = Loop([Scores(), Stubborn(says=10.0)]), MemoryBook()
    chance = random.Random(1)
    values = [10 * math.exp(chance.gauss(0, 0.1)) for _ in range(200)]
    loop.absorb([[sample] for sample in samples_of_job(values, "duration")], book)
    answer = loop.predict(question_about(KEY), book).duration
    assert isinstance(answer, DurationPrediction)
    assert (answer.estimate, answer.instead_of) == (10.0, None)
    assert answer.track_record is not None
    assert answer.track_record.within_20 is not None
    assert answer.track_record.within_20 > 0.9


def test_runs_that_nobody_asked_about_are_asked_about_now_and_then() -> None:
    scores, memories = Scores(), fresh()
    asked = []
    for sample in samples_of_job([10.0] * 60, "duration"):
        asked.append(scores.wanted(memories, sample) is not None)
        scores.learn(memories, sample)
    assert asked[:6] == [False] + [True] * 5
    assert sum(asked[6:]) == 4
    overlapping = replace(sample, submitted_at=sample.at - timedelta(days=300))
    assert scores.wanted(memories, overlapping) is None
    assert scores.wanted(memories, replace(sample, prediction_seen=3)) is None
    assert scores.wanted(memories, replace(sample, censored=True)) is None
    assert scores.wanted(memories, replace(sample, metric="queue_wait")) is None


def test_an_imported_run_is_asked_about_before_it_is_learned_from() -> None:
    """The predictors have not seen the run that they are asked about: a jump cannot have been foreseen."""
    loop, book = Loop([*plugins.find("predictor"), Scores()]), MemoryBook()
    loop.absorb([[s] for s in samples_of_job([10.0] * 5 + [1000.0], "duration")], book)
    house = totals(orjson.dumps(book.get(HOUSE)))["duration"]
    assert house.scored == 5
    assert house.within_20 == pytest.approx(4 / 5, abs=1e-3)
    assert house.abs_log_error == pytest.approx(math.log(100) / 5, rel=0.05)


def test_nothing_is_known_of_nothing() -> None:
    answer = seconds(5.0)
    assert totals(None) == {}
    assert track_record(None, "duration") is None
    assert track_record({"duration": {"learned": 3}}, "duration") is None
    assert fairest(None, "duration", answer) is answer
    assert fairest({}, "duration", answer) is answer


values = st.floats(allow_nan=False, allow_infinity=False, min_value=0.0)


@given(st.lists(st.tuples(values, values, values, st.booleans()), max_size=40))
def test_any_number_can_be_scored(history: list[tuple[float, float, float, bool]]) -> None:
    memories = fresh()
    for place, (value, estimate, reach, failed) in enumerate(history):
        [sample] = samples_of_job([value], "duration", failing=[failed], first=place)
        told = seconds(estimate, max(estimate - reach, 0.0), min(estimate + reach, 1.7e308))
        Scores().learn(memories, replace(sample, predicted=told, prediction_seen=place))
    orjson.dumps(memories, option=orjson.OPT_SORT_KEYS)
    record = track_record(memories["key"], "duration")
    answer = fairest(memories["key"], "duration", seconds(5.0))
    assert answer.range_low <= answer.estimate <= answer.range_high
    if record is not None and record.rival_score is not None:
        assert math.isfinite(record.rival_score)
