"""The dispatcher leaves nothing behind."""

import threading

from orcaops.app import App
from orcaops.model.job import JobSpec


def test_a_house_that_never_served_ends_without_a_thread_that_watches(app: App) -> None:
    before = set(threading.enumerate())
    app.jobs.run(JobSpec(command=["true"]))
    assert "cancel-watcher" in {thread.name for thread in threading.enumerate()}
    app.close()
    begun = set(threading.enumerate()) - before
    for thread in begun:  # whoever looks after open logs notices a moment later that there are none left
        thread.join(10)
    assert not [thread.name for thread in begun if thread.is_alive()]
