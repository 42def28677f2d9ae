"""What people read of predictions: beside what came, while a job runs, and how good they have been."""

from pathlib import Path

import pytest

from orcaops.interfaces.cli.predicted import record_words, remaining_words
from orcaops.model.prediction import Remaining, TrackRecord

from .conftest import Command


def test_predict_says_how_good_it_has_been(past: Path, orcaops: Command) -> None:
    shown = orcaops("predict", "--name", "nightly", "--", "x").text
    assert "so far" in shown
    assert "within 20%" in shown
    assert "moved by" in shown
    record = orcaops("predict", "--name", "nightly", "--json", "--", "x").document["duration"]["track_record"]
    assert record["n"] > 0
    assert 0 <= record["within_20"] <= 1


def test_a_final_run_shows_what_was_predicted_beside_what_came(orcaops: Command) -> None:
    for _ in range(3):
        assert orcaops("run", "--executor", "process", "--name", "quick", "--", "true").code == 0
    job_id = orcaops("jobs", "list", "-n", 1, "--json").documents[0]["job_id"]
    shown = orcaops("jobs", "show", job_id).text
    assert "EXPECTED" in shown
    assert "CAME" in shown
    assert "passed" in shown
    assert "remaining" not in shown


def test_words_of_what_remains() -> None:
    left = Remaining(estimate_s=40, low_s=10, high_s=90, coverage=0.9, outlasts=0.5, overdue=False)
    assert remaining_words(left) == "about 40.0 s left (10.0 s to 1 min 30 s, 90% sure)"
    late = left.model_copy(update={"overdue": True, "outlasts": 0.02})
    assert "overdue: 2.0% of its runs take as long" in remaining_words(late)


def test_words_of_a_track_record() -> None:
    few = TrackRecord(
        n=12, within_20=0.92, inside=0.84, mean_abs_log_error=0.25, rival="last", rival_score=0.3
    )
    assert record_words(few) == "11 of 12 within 20%, 10 of 12 inside the interval"
    many = few.model_copy(update={"n": 500})
    assert record_words(many) == "of 500 predictions 92% within 20%, 84% inside the interval"


@pytest.mark.parametrize(
    ("brier", "words"),
    [(0.101, "as good as"), (0.05, "better than"), (0.2, "not as good as")],
)
def test_words_of_a_risk(brier: float, words: str) -> None:
    record = TrackRecord(n=7, brier=brier, rival="spec", rival_score=0.1)
    assert record_words(record) == f"over 7 runs {words} the best simple rule"


def test_words_of_a_risk_that_no_simple_rule_was_asked_about() -> None:
    assert record_words(TrackRecord(n=1, brier=0.04)) == "held against 1 run"
