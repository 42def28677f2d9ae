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
        thread.join(10)
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
