"""What the docstrings of learners promise is measured: time and size, false alarms, coverage."""

import math
import random
import re
import time
from dataclasses import replace
from typing import Any

import orjson
import pytest

from orcaops import plugins
from orcaops.learning.baselines import learner as baseline
from orcaops.learning.detectors.duration import detector as duration
from orcaops.learning.predictors.duration import predictor
from orcaops.model.metric import MetricName
from orcaops.testing.learners import question_about, samples_of_job

LEARNERS = [baseline, *plugins.find("detector"), *plugins.find("predictor")]
_COST = re.compile(r"Costs about (\d+) µs a run and (\d+) kB a key")
_SLOWER = 6  # a loaded machine, and one slower than the one it was written on


def history(metric: str, n: int) -> list[Any]:
    chance = random.Random(2)
    if metric in (MetricName.FAILURE, MetricName.ERROR):
        values = [float(metric == MetricName.ERROR or chance.random() < 0.1) for _ in range(n)]
    else:
        values = [1e8 * math.exp(chance.gauss(0, 0.3)) for _ in range(n)]
    samples = samples_of_job(values, metric)
    return [replace(s, job_id=f"01ky{s.number:022d}", commit=f"{s.number // 3:040x}") for s in samples]


@pytest.mark.parametrize("learner", LEARNERS, ids=lambda learner: learner.name)
def test_cost_is_as_documented(learner: Any) -> None:
    promised = _COST.search(type(learner).__doc__ or "")
    assert promised is not None, f"{learner.name} does not say what it costs"
    micros, kilobytes = int(promised[1]), int(promised[2])
    for metric in learner.metrics:
        memories = {level: learner.fresh() for level in learner.levels}
        samples = history(metric, 500)
        best = math.inf
        for start in range(0, 500, 100):
            began = time.process_time()
            for sample in samples[start : start + 100]:
                if hasattr(learner, "judge"):
                    learner.judge(memories, sample)
                learner.learn(memories, sample)
            best = min(best, (time.process_time() - began) / 100)
        assert best * 1e6 <= _SLOWER * micros
        assert len(orjson.dumps(memories["key"])) <= 1000 * kilobytes


def test_one_run_in_two_hundred_at_most_is_a_false_alarm_on_ordinary_noise() -> None:
    chance = random.Random(4)
    alarms = judged = 0
    for _ in range(40):
        memories = {"key": duration.fresh()}
        for sample in samples_of_job([60 * math.exp(chance.gauss(0, 0.15)) for _ in range(150)], "duration"):
            alarms += any(sample.job_id in a.job_ids for a in duration.judge(memories, sample))
            judged += 1
            duration.learn(memories, sample)
    assert alarms / judged <= 0.005


@pytest.mark.parametrize("spread", [0.05, 0.3, 1.0])
def test_nine_of_ten_runs_lie_in_the_interval(spread: float) -> None:
    chance = random.Random(5)
    memories = {level: predictor.fresh() for level in predictor.levels}
    inside = n = 0
    for sample in samples_of_job([60 * math.exp(chance.gauss(0, spread)) for _ in range(600)], "duration"):
        told: Any = predictor.predict(memories, question_about())
        if n or sample.number > 1:
            inside += told.range_low <= sample.value <= told.range_high
            n += 1
        predictor.learn(memories, sample)
    assert 0.87 <= inside / n <= 0.95
