"""A server dies while a run has a limit that will kill it: the next one undoes it and saves the job."""

import os
import signal

import pytest

from orcaops.app import App, build, now
from orcaops.config import load
from orcaops.model.optimization import Optimization, State
from orcaops.model.override import OptimizedField

from .conftest import Orcaops, wait_for

MIB = 1024 * 1024
GROWS = """\
import time
print("begun", flush=True)
time.sleep(4)
held = bytearray(150 << 20)
for place in range(0, len(held), 4096):
    held[place] = 1
print("done")
"""


@pytest.mark.live
def test_the_next_server_undoes_what_kills_and_tries_again(orcaops: Orcaops) -> None:
    configuration = load(
        {"home": orcaops.home}, environment={}, folder=orcaops.folder, user_file=orcaops.folder / "none"
    )
    app = build(configuration)
    change = Optimization(
        id="o1",
        key="name:grows",
        field=OptimizedField.MEMORY,
        state=State.CANARY,
        own=256 * MIB,
        before=256 * MIB,
        after=100 * MIB,
        share=1.0,
        proposed_at=now(),
        changed_at=now(),
    )
    with app.store.write() as transaction:
        transaction.optimizations.put_many([change])
    server, url = orcaops.serve()
    there = {"ORCAOPS_URL": url}
    job = (
        "--image",
        "orcaops-test/work:1",
        "--memory",
        "256m",
        "--name",
        "grows",
        "--",
        "python3",
        "-c",
        GROWS,
    )
    submitted = orcaops.call("run", "--detach", *job, env=there)
    assert submitted.returncode == 0, submitted.stderr
    job_id = submitted.stdout.split()[-1].decode()
    wait_for(lambda: _begun(app, job_id))
    os.kill(server.pid, signal.SIGKILL)
    server.wait()
    orcaops.serve()
    final = wait_for(lambda: run if (run := app.jobs.get("default", job_id)).status.final else None)
    assert (final.status, final.attempt, final.retry_of) == ("succeeded", 2, f"{job_id}.1")
    assert app.jobs.get("default", f"{job_id}.1").cause == "oom_killed"
    assert app.optimizations.optimization("default", "o1").state is State.ROLLED_BACK
    lines = [line.text for line in app.jobs.log_lines("default", job_id)]
    assert (lines[0], lines[-2:]) == ("begun", ["begun", "done"])
    app.close()


def _begun(app: App, job_id: str) -> bool:
    return any(line.text == "begun" for line in app.jobs.log_lines("default", job_id))
