"""The dispatcher leaves nothing behind, and gives every run its end."""

import threading

import pytest

from orcaops.app import App
from orcaops.model.errors import unavailable
from orcaops.model.job import JobSpec
from orcaops.model.run import Run, Status
from orcaops.services.executing import recorder


def test_a_house_that_never_served_ends_without_a_thread_that_watches(app: App) -> None:
    before = set(threading.enumerate())
    app.jobs.run(JobSpec(command=["true"]))
    assert "cancel-watcher" in {thread.name for thread in threading.enumerate()}
    app.close()
    begun = set(threading.enumerate()) - before
    for thread in begun:  # whoever looks after open logs notices a moment later that there are none left
        thread.join(60)
    assert not [thread.name for thread in begun if thread.is_alive()]


def test_a_record_that_a_full_disk_did_not_take_is_written_when_there_is_room(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    refused: list[str] = []
    really = app.jobs._recorder._finish

    def full_at_first(run: Run) -> None:
        if len(refused) < 2:
            refused.append(run.job_id)
            raise unavailable("the database could not be written (database or disk is full)")
        really(run)

    monkeypatch.setattr(recorder, "_AGAIN_S", 0.01)
    monkeypatch.setattr(app.jobs._recorder, "_finish", full_at_first)
    app.start()
    run = app.jobs.submit(JobSpec(command=["true"]))
    final = app.jobs.wait("default", run.job_id, timeout_s=60)
    assert (final.status, refused) == (Status.SUCCEEDED, [run.job_id] * 2)


@pytest.fixture
def taken(app: App, monkeypatch: pytest.MonkeyPatch) -> tuple[Run, threading.Event]:
    """A run that a thread has taken and not begun, and what lets it begin."""
    reached, may_begin = threading.Event(), threading.Event()

    def slowly(_run: Run) -> None:
        reached.set()
        assert may_begin.wait(60)

    monkeypatch.setattr(app.dispatcher, "_admit", slowly)
    app.start()
    run = app.jobs.submit(JobSpec(command=["sleep", "60"]))
    assert reached.wait(60)
    assert app.dispatcher.active() == 0
    return run, may_begin


def test_who_has_taken_a_run_is_not_idle_before_it_has_begun(
    app: App, taken: tuple[Run, threading.Event]
) -> None:
    run, may_begin = taken
    assert not app.dispatcher.idle()
    may_begin.set()
    app.jobs.cancel("default", run.job_id, by="somebody")
    app.dispatcher.stop()
    assert app.dispatcher.idle()


def test_a_run_that_is_about_to_begin_is_ended_too(app: App, taken: tuple[Run, threading.Event]) -> None:
    run, may_begin = taken
    stopping = threading.Thread(target=app.dispatcher.stop)
    stopping.start()
    assert app.dispatcher._stopping.wait(60)
    may_begin.set()
    stopping.join(60)
    assert app.jobs.get("default", run.job_id).status is Status.CANCELLED
