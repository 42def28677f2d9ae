"""Circumstances of a run: what changed, when, and whether others fail too; a model finds which matter."""

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from orcaops.learning import circumstances
from orcaops.learning.learner import Memory, Question
from orcaops.learning.predictors.failure_risk import predictor
from orcaops.model.prediction import FailureRisk
from orcaops.testing.learners import question_about, samples_of_job

MONDAY = datetime(2026, 1, 5, 12, tzinfo=UTC)


def test_what_is_not_known_did_not_change() -> None:
    now = ["d1", "make", "", "CI", "1/2"]
    for former in (None, now, ["", "", "", "", ""]):
        found = circumstances.features(MONDAY, None, former, now, 0.0)
        assert found[4:9] == [0.0] * 5
    changed = circumstances.features(MONDAY, None, ["d0", "make", "main", "A", "1/2"], now, 0.0)
    assert [bool(each) for each in changed[4:9]] == [True, False, False, True, False]
    assert len(changed) == len(circumstances.NAMES)


def test_time_running_backwards_is_no_gap() -> None:
    later = MONDAY.timestamp() + 1e6
    assert circumstances.features(MONDAY, later, None, [""] * 5, 0.0)[3] == 0.0


def test_a_storm_is_seen_and_passes() -> None:
    all_: Memory = {}
    at = MONDAY.timestamp()
    assert circumstances.storm(all_, at) == 0.0
    for place in range(200):
        circumstances.learn_storm(all_, at + 60 * place, failed=place >= 190)
    assert circumstances.storm(all_, at + 60 * 200) > 0.5
    assert abs(circumstances.storm(all_, at + 60 * 200 + 8 * 3600)) < 0.1


def asked(failing_at_night: bool, hour: int) -> FailureRisk:
    """The risk of a run at an hour, of a job that fails at random, or half of the time at night."""
    chance = random.Random(5)
    memories = {level: predictor.fresh() for level in predictor.levels}
    for place, sample in enumerate(samples_of_job([0.0] * 1200, "failure")):
        at = MONDAY + timedelta(hours=place)
        failed = chance.random() < (0.5 if failing_at_night and at.hour < 8 else 0.03)
        predictor.learn(
            memories, replace(sample, value=float(failed), at=at, submitted_at=at - timedelta(minutes=5))
        )
    question: Question = replace(question_about(), at=MONDAY.replace(hour=hour) + timedelta(days=60))
    told = predictor.predict(memories, question)
    assert isinstance(told, FailureRisk)
    return told


def test_the_hour_matters_where_it_does() -> None:
    night, day = asked(True, 3), asked(True, 15)
    assert night.estimate > 1.5 * day.estimate
    assert "base rate" not in night.contributions
    even = asked(False, 3), asked(False, 15)
    assert abs(even[0].estimate - even[1].estimate) < 0.03
