"""Watching: what hangs is told while it hangs, once, and what is found at its end takes its place."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orcaops.app import App
from orcaops.learning.loop import Loop
from orcaops.model.anomaly import Anomaly
from orcaops.model.logline import Stream
from orcaops.model.run import Cause, LogSummary, Run, Status
from orcaops.recording.logs.files import FileLogStore
from orcaops.services.absorbing.announcing import Announcing
from orcaops.services.watching import Watching
from orcaops.wiring.learners import families, learners

_NOW = datetime.now(UTC)


def ended(number: int, *, silence_s: float = 4.0, took_s: float = 60.0, printed: bool = True) -> Run:
    begun = _NOW - timedelta(hours=20) + timedelta(minutes=5 * number)
    return Run(
        job_id=f"job-{number:02d}",
        key="name:a",
        name="a",
        status=Status.SUCCEEDED,
        cause=Cause.SUCCESS,
        exit_code=0,
        submitted_at=begun,
        started_at=begun,
        finished_at=begun + timedelta(seconds=took_s),
        duration_s=took_s,
        log=LogSummary(lines=9, longest_silence_s=silence_s + number % 3 / 10) if printed else LogSummary(),
    )


def running(app: App, *, for_s: float, silent_s: float | None) -> Run:
    begun = _NOW - timedelta(seconds=for_s)
    run = Run(
        job_id="job-live",
        key="name:a",
        name="a",
        status=Status.RUNNING,
        submitted_at=begun,
        started_at=begun,
        owner="elsewhere:1:1",
    )
    with app.store.write() as transaction:
        transaction.runs.add_new([run])
    if silent_s is not None:
        writer = logs_of(app).open("default", run.job_id)
        writer.write(Stream.STDOUT, b"step 1\n", _NOW - timedelta(seconds=silent_s))
        writer.close()
    return run


def logs_of(app: App) -> FileLogStore:
    return FileLogStore(app.settings.home / "logs", limit_bytes=1 << 20)


def learned(app: App, runs: list[Run]) -> None:
    with app.store.write() as transaction:
        transaction.runs.add_new(runs)
    app.absorber.absorb_all()


def watching(app: App, *, later_s: float = 0.0) -> Watching:
    at = _NOW + timedelta(seconds=later_s)
    loop = Loop(learners(app.settings))
    announcing = Announcing(lambda: at, families=families(loop.learners))
    return Watching(app.store, logs_of(app), loop, announcing, clock=lambda: at)


def known(app: App) -> list[Anomaly]:
    return list(app.insights.anomalies("default").items)


def waiting(app: App) -> list[str]:
    with app.store.read() as transaction:
        return [notice.title for notice in transaction.outbox.waiting("default")]


def end(app: App, run: Run, **more: Any) -> None:
    with app.store.write() as transaction:
        transaction.runs.save(run.changed(finished_at=_NOW + timedelta(seconds=60), **more))
    app.absorber.absorb_all()


def test_a_run_that_says_nothing_any_more_is_told_while_it_runs(app: App) -> None:
    learned(app, [ended(n) for n in range(12)])
    running(app, for_s=700, silent_s=600)
    assert watching(app).look() == 1
    (found,) = known(app)
    assert (found.type, found.open, found.job_id) == ("stalled", True, "job-live")
    assert found.title.startswith("Said nothing for 10 min")
    assert found.description.startswith("It is still running.")
    assert waiting(app) == [f"{found.title} (name:a)"]


def test_it_is_told_once_and_shown_as_it_grows(app: App) -> None:
    learned(app, [ended(n) for n in range(12)])
    running(app, for_s=700, silent_s=600)
    assert watching(app).look() == 1
    assert watching(app, later_s=30).look() == 0
    assert watching(app, later_s=3000).look() == 1
    (found,) = known(app)
    assert found.title.startswith("Said nothing for 1 h")
    assert len(waiting(app)) == 1


def test_one_that_takes_long_because_it_hangs_is_one_story(app: App) -> None:
    learned(app, [ended(n, silence_s=300.0) for n in range(12)])
    running(app, for_s=1000, silent_s=500)
    assert watching(app).look() == 1
    assert [each.type for each in known(app)] == ["duration"]
    assert watching(app, later_s=3000).look() == 1
    assert [each.type for each in known(app)] == ["stalled"]


def test_what_is_found_at_its_end_takes_its_place(app: App) -> None:
    learned(app, [ended(n) for n in range(12)])
    run = running(app, for_s=700, silent_s=600)
    watching(app).look()
    (early,) = known(app)
    log = LogSummary(lines=1, last_output_at=_NOW - timedelta(seconds=600))
    end(app, run, status=Status.CANCELLED, cause=Cause.CANCELLED, log=log)
    (late,) = known(app)
    assert late.id == early.id
    assert "still running" not in late.description
    app.upkeep.relearn()
    assert known(app) == [late]


def test_what_turns_out_to_be_none_is_gone_when_the_run_has_ended(app: App) -> None:
    learned(app, [ended(n) for n in range(12)])
    run = running(app, for_s=700, silent_s=600)
    watching(app).look()
    assert known(app)
    end(app, run, status=Status.LOST, cause=Cause.ENGINE_LOST)
    assert known(app) == []


@pytest.mark.parametrize(("for_s", "silent_s"), [(40, 5), (70, 20), (20, 20), (100, None)])
def test_what_is_usual_is_not_told(app: App, for_s: float, silent_s: float | None) -> None:
    learned(app, [ended(n) for n in range(12)])
    running(app, for_s=for_s, silent_s=silent_s)
    assert watching(app).look() == 0


def test_one_that_never_prints_is_told_when_it_runs_far_too_long(app: App) -> None:
    learned(app, [ended(n, printed=False, took_s=60 + n % 4) for n in range(12)])
    running(app, for_s=1200, silent_s=None)
    assert watching(app).look() == 1
    (found,) = known(app)
    assert found.title == "Still running after 20 min; it usually takes 1 min 1 s"


def test_what_is_no_problem_is_told_to_nobody(app: App) -> None:
    learned(app, [ended(n) for n in range(12)])
    run = running(app, for_s=700, silent_s=600)
    watching(app).look()
    app.insights.resolve("default", known(app)[0].id, by="me", resolution="not a problem")
    end(app, run, status=Status.LOST, cause=Cause.ENGINE_LOST)  # so that nothing is learned of it
    told = len(waiting(app))
    with app.store.write() as transaction:
        transaction.runs.add_new([run.changed(job_id="job-live-2")])
    writer = logs_of(app).open("default", "job-live-2")
    writer.write(Stream.STDOUT, b"step 1\n", _NOW - timedelta(seconds=600))
    writer.close()
    assert watching(app).look() == 1
    (second,) = [each for each in known(app) if each.job_id == "job-live-2"]
    assert second.muted_by is not None
    assert len(waiting(app)) == told


def test_nothing_is_told_of_a_job_of_which_nothing_is_known(app: App) -> None:
    running(app, for_s=7000, silent_s=6000)
    assert watching(app).look() == 0
