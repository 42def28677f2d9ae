"""The exam: the document's shape and names, on a history where the answers are known."""

import math
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orcaops import plugins
from orcaops.learning.detectors import regression
from orcaops.learning.exam import examine
from orcaops.learning.forecasters import profile, seasonal
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
        "anomaly_degradation",
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


def test_forecasters_of_arrivals_say_each_week_what_comes() -> None:
    """Five busy weeks of office hours: forecaster and rules of thumb know the same hours."""
    chance = random.Random(2)
    start = datetime(2026, 1, 5, tzinfo=UTC)
    runs = []
    for hour in range(5 * 168):
        busy = hour % 24 in range(9, 18) and hour % 168 < 120
        for _ in range(chance.choice((3, 4, 5, 6)) if busy else chance.choice((0, 0, 1))):
            at = start + timedelta(hours=hour, minutes=chance.randrange(60))
            runs.append(PastRun(at, at + timedelta(minutes=1), ()))
    seen: list[int] = []
    runs.sort(key=lambda run: run.submitted_at)
    told = examine(runs, [], [seasonal.forecaster, profile.forecaster], progress=seen.append)["learners"]
    assert [learner["name"] for learner in told] == ["arrivals_seasonal", "arrivals_profile"]
    for learner in told:
        assert set(learner["rivals"]) == {"last", "mean2", "ema_01", "ema_03", "median", "spec"}
    weekly = told[0]
    assert weekly["n"] >= 2 * 168
    assert weekly["mase"] < weekly["rivals"]["last"]["mase"]
    assert 0.75 < weekly["coverage_90"] <= 1
    nothing = examine([], [], [seasonal.forecaster])["learners"][0]
    assert (nothing["n"], nothing["mase"]) == (0, None)


def test_a_step_is_noticed_and_after_how_many_runs() -> None:
    told = examine(history(120), [regression.detector])["learners"][0]
    assert told["recall"] == 1.0
    assert 5 <= told["delay_runs"] <= 30
    few = examine(history(20), [regression.detector])["learners"][0]
    assert (few["recall"], few["delay_runs"]) == (None, None)


def test_progress_is_told() -> None:
    seen: list[int] = []
    examine(history(1100), [a_cheap_learner()], progress=seen.append)
    assert seen == [500, 1000]


def a_cheap_learner() -> Any:
    """One that is asked little."""
    return next(learner for learner in plugins.find("predictor") if learner.name == "cost")


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
