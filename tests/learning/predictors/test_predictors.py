"""Predictors: what they say of simple histories, and what they say when they know too little."""

import random
from dataclasses import replace
from typing import Any

from orcaops.learning.predictors.duration import predictor as duration
from orcaops.learning.predictors.failure_risk import predictor as failure_risk
from orcaops.learning.predictors.memory import predictor as memory
from orcaops.model.abstention import Abstention
from orcaops.model.prediction import Prediction
from orcaops.model.run import Cause, Status
from orcaops.model.sample import Sample
from orcaops.testing.learners import question_about, samples_of_job


def after(predictor: Any, samples: list[Sample], key: str = "image:debian|command:make") -> Any:
    memories = {level: predictor.fresh() for level in predictor.levels}
    for sample in samples:
        predictor.learn(memories, sample)
    if key != "image:debian|command:make":
        memories |= {"key": predictor.fresh(), "elsewhere": predictor.fresh()}
    return predictor.predict(memories, question_about(key))


def test_timeouts_are_lower_bounds_and_no_durations() -> None:
    samples = samples_of_job([20.0] * 10 + [60.0] * 10, "duration")
    stopped = [replace(s, censored=True, status=Status.TIMED_OUT) if s.value == 60 else s for s in samples]
    told = after(duration, stopped)
    assert told.estimated_seconds > 55
    early = [
        replace(s, censored=True, status=Status.CANCELLED, value=1.0) if s.value == 60 else s for s in samples
    ]
    assert abs(after(duration, early).estimated_seconds - 20) < 0.1


def test_only_a_bound_is_no_history() -> None:
    stopped = [replace(s, censored=True, status=Status.TIMED_OUT) for s in samples_of_job([60.0], "duration")]
    told = after(duration, stopped)
    assert isinstance(told, Abstention)
    assert (told.have, told.need) == (0, 1)


def test_memory_of_a_killed_run_is_a_lower_bound() -> None:
    samples = samples_of_job([1e8] * 6 + [4e8] * 6, "memory")
    killed = [replace(s, cause=Cause.OOM_KILLED, censored=True) if s.value > 1e8 else s for s in samples]
    assert after(memory, killed).estimated_bytes >= 3.9e8


def test_of_two_sizes_no_size_is_expected_that_is_far_beyond_either() -> None:
    few = after(memory, samples_of_job([60e6, 1500e6], "memory"))
    assert few.range_high <= 3 * 1500e6 * 1.001
    assert few.range_low >= 60e6 / 3 * 0.999
    sizes = [(60e6 if n % 3 else 1500e6) * (1 + 0.01 * (n % 2)) for n in range(12)]
    told = after(memory, samples_of_job(sizes, "memory"))
    assert 60e6 / 1.31 <= told.range_low <= 60e6
    assert 1500e6 <= told.range_high <= 1.31 * 1515e6
    assert "levels of about 57" in told.reason
    assert "1.4 GiB" in told.reason
    assert "levels" not in after(memory, samples_of_job([60e6] * 12, "memory")).reason


def test_a_steady_failure_rate_is_stated() -> None:
    chance = random.Random(12)
    samples = samples_of_job([float(chance.random() < 0.2) for _ in range(600)], "failure")
    told = after(failure_risk, samples)
    assert 0.08 < told.probability < 0.4
    assert told.range_low <= told.probability <= told.range_high
    assert len(told.contributions) == 2


def test_a_broken_job_is_expected_to_fail_again() -> None:
    broken = after(failure_risk, samples_of_job([0.0] * 40 + [1.0] * 5, "failure"))
    sound = after(failure_risk, samples_of_job([0.0] * 45, "failure"))
    assert broken.probability > 0.3
    assert sound.probability < 0.05
    assert broken.risk in ("medium", "high")


def test_relatives_stand_in_and_are_named() -> None:
    for predictor, metric in ((duration, "duration"), (memory, "memory"), (failure_risk, "failure")):
        told = after(predictor, samples_of_job([1.0] * 5, metric), key="name:new")
        assert isinstance(told, Prediction)
        assert told.level == "command"
        assert "the same command" in told.reason


def test_the_reason_names_the_method() -> None:
    assert after(duration, samples_of_job([10.0] * 6, "duration")).reason == (
        "from 6 runs of this job, by a panel of experts"
    )
