"""Predictions: attached before a run, scored after it, and rebuilt from facts; what remains while it runs."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orcaops.app import App
from orcaops.learning.scoring import HOUSE, totals
from orcaops.model.job import JobSpec
from orcaops.model.prediction import Abstained, DurationPrediction, FailureRisk
from orcaops.model.run import Cause, Run, Status, Usage
from orcaops.recording.store import MemoryKey
from orcaops.services.predictions import came_true

_START = datetime(2026, 1, 1, tzinfo=UTC)


def spec(workspace: str = "default") -> JobSpec:
    return JobSpec(name="build", command=("make",), workspace=workspace)


def live(app: App, number: int, seconds: float, *, workspace: str = "default", learn: bool = True) -> Run:
    """A run as if it had happened here: with the prediction that stood when it was submitted."""
    begun = _START + timedelta(hours=number)
    with app.store.write() as transaction:
        prediction, seen = app.predictions.foresee(transaction, spec(workspace))
        run = Run(
            job_id=f"job-{workspace}-{number}",
            key="name:build",
            name="build",
            command="make",
            workspace=workspace,
            status=Status.SUCCEEDED,
            cause=Cause.SUCCESS,
            exit_code=0,
            submitted_at=begun,
            started_at=begun,
            finished_at=begun + timedelta(seconds=seconds),
            duration_s=seconds,
            usage=Usage(memory_peak_bytes=10**8, cpu_seconds=seconds / 2),
            prediction=prediction,
            prediction_seen=seen,
        )
        transaction.runs.add(run)
    if learn:
        app.absorber.absorb_all()
    return run


def opinions(app: App) -> list[bytes]:
    with app.store.read() as transaction:
        return [repr(key).encode() + memory for key, memory in transaction.memories.each()]


def scored(app: App, quantity: str) -> int:
    with app.store.read() as transaction:
        key = MemoryKey(*HOUSE)
        found = totals(transaction.memories.get_many([key]).get(key))
    return found[quantity].scored if quantity in found else 0


def test_scores_are_rebuilt_from_facts(app: App) -> None:
    for number in range(12):
        live(app, number, 60.0 + number % 3, learn=number % 4 != 2)  # some are learned from together
    app.absorber.absorb_all()
    assert scored(app, "duration") == scored(app, "memory") == scored(app, "failure_risk") == 11
    before = opinions(app)
    app.upkeep.relearn()
    assert opinions(app) == before
    answer = app.predictions.predict(spec()).duration
    assert isinstance(answer, DurationPrediction)
    assert answer.track_record is not None
    assert (answer.track_record.n, answer.track_record.within_20) == (11, 1.0)


def test_a_cost_is_scored_where_there_are_prices(open_app: Callable[..., App], tmp_path: Path) -> None:
    home = tmp_path / "priced"
    home.mkdir()
    (home / "prices.toml").write_text('currency = "EUR"\nper_cpu_second = 0.01\n')
    app = open_app(home)
    for number in range(6):
        live(app, number, 60.0)
    assert scored(app, "cost") == 5


def test_a_wrong_price_file_keeps_nothing_from_running(open_app: Callable[..., App], tmp_path: Path) -> None:
    home = tmp_path / "wrong"
    home.mkdir()
    (home / "prices.toml").write_text("currency = [")
    app = open_app(home)
    for number in range(3):
        live(app, number, 60.0)
    assert (scored(app, "duration"), scored(app, "cost")) == (2, 0)
    answer = app.predictions.predict(spec()).cost
    assert isinstance(answer, Abstained)
    assert "prices.toml" in answer.abstention.reason


def test_a_new_workspace_knows_the_job_by_numbers(app: App) -> None:
    for number in range(8):
        live(app, number, 60.0)
    answer = app.predictions.predict(spec("other"))
    assert isinstance(answer.duration, DurationPrediction)
    assert isinstance(answer.failure_risk, FailureRisk)
    assert answer.duration.level == answer.failure_risk.level == "elsewhere"
    assert answer.duration.estimate == pytest.approx(60.0, rel=0.01)
    assert "in other workspaces" in answer.duration.reason
    assert answer.duration.track_record is None


def test_a_reset_forgets_what_all_workspaces_knew(app: App) -> None:
    for number in range(8):
        live(app, number, 60.0)
    app.insights.reset_baseline("default", "name:build", by="somebody")
    live(app, 8, 70.0)
    answer = app.predictions.predict(spec("other")).duration
    assert isinstance(answer, DurationPrediction)
    assert (answer.level, answer.sample_count) == ("elsewhere", 1)
    before = opinions(app)
    app.upkeep.relearn()
    assert opinions(app) == before


def test_what_remains_of_a_running_job(app: App) -> None:
    for number in range(10):
        live(app, number, 60.0)
    started_at = datetime.now(UTC) - timedelta(seconds=20)
    running = live(app, 10, 0.0, learn=False).changed(
        job_id="under-way",
        status=Status.RUNNING,
        cause=None,
        exit_code=None,
        submitted_at=started_at,
        started_at=started_at,
        finished_at=None,
        duration_s=None,
    )
    with app.store.write() as transaction:
        transaction.runs.add(running)
    left = app.jobs.get("default", "under-way").remaining
    assert left is not None
    assert left.estimate_s == pytest.approx(40, abs=5)
    assert left.low_s <= left.estimate_s <= left.high_s
    assert not left.overdue
    with app.store.read() as transaction:
        assert transaction.runs.get("default", "under-way").remaining is None  # never kept
    queued = running.changed(job_id="waiting", status=Status.QUEUED, started_at=None)
    with app.store.write() as transaction:
        transaction.runs.add(queued)
    assert app.jobs.get("default", "waiting").remaining is None
    assert app.jobs.wait("default", "under-way", timeout_s=0.01).remaining is not None


def test_what_came_of_a_run() -> None:
    run = Run(
        job_id="a",
        key="name:a",
        status=Status.SUCCEEDED,
        cause=Cause.SUCCESS,
        submitted_at=_START,
        started_at=_START,
        finished_at=_START + timedelta(seconds=3),
        duration_s=3.0,
        usage=Usage(memory_peak_bytes=7),
    )
    assert came_true(run) == {"duration": 3.0, "memory": 7.0, "failure_risk": 0.0}
    assert came_true(run.changed(status=Status.FAILED, cause=Cause.COMMAND_FAILED)) == {"failure_risk": 1.0}
    assert came_true(run.changed(status=Status.FAILED, cause=Cause.IMAGE_UNAVAILABLE)) == {}
    assert came_true(run.changed(status=Status.CANCELLED, cause=Cause.CANCELLED)) == {}
