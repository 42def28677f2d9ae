"""The exam: the document's shape and names, on a history where the answers are known."""

import math
import random
from datetime import timedelta

import pytest

from orcaops import plugins
from orcaops.learning.exam import examine
from orcaops.learning.replay import PastRun
from orcaops.testing.learners import samples_of_job


def history(n: int = 80) -> list[PastRun]:
    chance = random.Random(6)
    runs = []
    for place in range(n):
        failed = chance.random() < 0.15
        value = math.exp(chance.gauss(4, 0.1))
        values = {"failure": float(failed)} | ({} if failed else {"duration": value, "memory": value * 1e7})
        samples = [samples_of_job([v], metric, first=place)[0] for metric, v in values.items()]
        at = samples[0].at
        runs.append(PastRun(at - timedelta(minutes=3), at, samples))
    return runs


def test_names_and_figures_are_those_of_the_contract() -> None:
    document = examine(history(), [*plugins.find("detector"), *plugins.find("predictor")])
    assert document["runs"] == 80
    told = {learner["name"]: learner for learner in document["learners"]}
    beginnings = (
        "duration",
        "memory",
        "failure",
        "arrivals",
        "anomaly",
        "regression",
        "flaky",
        "degradation",
    )
    assert all(name.startswith(beginnings) for name in told)
    duration = told["duration"]
    assert set(duration["rivals"]) == {"last", "mean2", "ema_01", "ema_03", "median", "spec"}
    for figure in (
        "within_20",
        "median_abs_pct_error",
        "mean_abs_log_error",
        "coverage_90",
        "winkler_90",
        "ece",
    ):
        assert isinstance(duration[figure], float)
        assert isinstance(duration["rivals"]["spec"][figure], float)
    assert {"wasted_gbh", "first_attempt_failures"} <= set(told["memory"])
    assert {"brier", "brier_skill", "auc", "ece"} <= set(told["failure_risk"])
    assert told["failure_risk"]["rivals"]["spec"]["brier_skill"] == pytest.approx(0)
    assert {"false_alarms_per_run", "power_150", "power_200"} <= set(told["anomaly_duration"])
    assert told["anomaly_duration"]["power_200"] > 0.9


def test_rivals_answer_on_the_same_runs() -> None:
    duration = examine(history(), plugins.find("predictor"))["learners"]
    one = next(learner for learner in duration if learner["name"] == "duration")
    assert one["n"] > 50
    assert one["cold_n"] <= 2


def test_an_empty_history_is_no_error() -> None:
    document = examine([], [*plugins.find("detector"), *plugins.find("predictor")])
    assert document["runs"] == 0
    assert all(learner["n"] == 0 for learner in document["learners"])


def test_what_is_under_way_is_not_known() -> None:
    """Ten runs at once: the first predictions of the key cannot have seen any of them."""
    runs = history(10)
    together = [PastRun(runs[0].submitted_at, run.finished_at, run.samples) for run in runs]
    told = examine(together, plugins.find("predictor"))["learners"]
    assert all(learner["n"] == 0 for learner in told)
