"""A clock that jumps backwards loses nothing and invents nothing."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orcaops import app as house
from orcaops import config
from orcaops.model.job import JobSpec
from orcaops.model.run import Status

START = datetime(2026, 5, 1, 12, tzinfo=UTC)


@pytest.fixture
def hands() -> list[datetime]:
    """Where the wall clock stands; tests move it."""
    return [START]


@pytest.fixture
def opened(hands: list[datetime], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], house.App]:
    monkeypatch.setattr(house, "now", lambda: hands[0])

    def build() -> house.App:
        return house.build(config.load({"home": tmp_path / "home"}, environment={}, folder=tmp_path))

    return build


def test_runs_after_the_clock_has_jumped_back_are_kept_and_learned_from(
    opened: Callable[[], house.App], hands: list[datetime]
) -> None:
    app = opened()
    for hours in (0, 1, -5, -4, -30, 2):
        hands[0] = START + timedelta(hours=hours)
        run = app.jobs.run(JobSpec(command=("true",), name="clock"))
        assert run.status is Status.SUCCEEDED
        assert run.duration_s is not None
        assert run.duration_s >= 0
        assert run.finished_at is not None
        assert run.finished_at >= run.submitted_at
        assert all(phase.duration_s >= 0 for phase in run.phases.values())
    page = app.jobs.page("default")
    assert sorted(run.number or 0 for run in page.items) == [1, 2, 3, 4, 5, 6]
    before = app.insights.baseline("default", "name:clock")
    assert before.sample_count == 6
    assert app.upkeep.relearn() == 6
    assert app.insights.baseline("default", "name:clock") == before
    app.close()


def test_a_clock_that_jumps_back_while_a_job_runs(
    opened: Callable[[], house.App], hands: list[datetime], tmp_path: Path
) -> None:
    app = opened()

    def jump(_stream: object, _data: bytes) -> None:
        hands[0] = START - timedelta(days=1)

    run = app.jobs.run(JobSpec(command=("sh", "-c", "echo a; sleep 0.1"), name="clock"), on_output=jump)
    assert run.status is Status.SUCCEEDED
    assert run.duration_s is not None
    assert 0.1 <= run.duration_s < 60
    assert run.finished_at is not None
    assert run.finished_at >= run.submitted_at
    app.close()
