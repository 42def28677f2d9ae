"""``kill -9`` of OrcaOps: every run has an honest end, nothing is left, nobody else is touched."""

import os
import signal
import subprocess
import time

import pytest

from .conftest import Orcaops, processes_in, processes_with, wait_for


def test_a_run_whose_orcaops_is_killed_is_lost_and_its_whole_tree_ends(
    orcaops: Orcaops, a_word: str, request: pytest.FixtureRequest
) -> None:
    stranger = subprocess.Popen(["sleep", f"{a_word}.5"])
    request.addfinalizer(stranger.wait)
    request.addfinalizer(stranger.kill)
    tree = f"setsid sleep {a_word} & trap '' TERM HUP; echo up; sleep {a_word}"
    running = orcaops.start("run", "--", "sh", "-c", tree)
    assert running.stdout is not None
    assert running.stdout.readline() == b"up\n"
    wait_for(lambda: len(processes_with(a_word)) == 2)
    (run,) = orcaops.runs()
    assert run["status"] == "running"
    wait_for(lambda: orcaops.call("jobs", "logs", run["job_id"]).stdout)
    running.kill()
    running.wait()

    (run,) = orcaops.runs()
    assert (run["status"], run["cause"]) == ("lost", "engine_lost")
    assert run["message"]
    assert run["exit_code"] is None
    assert wait_for(lambda: not processes_with(a_word))
    assert stranger.poll() is None, "a process that is not ours was touched"
    logs = orcaops.call("jobs", "logs", run["job_id"])
    assert logs.stdout == b"up\n", "what was printed before is kept"
    assert orcaops.call("doctor").returncode == 0
    assert not list((orcaops.home / "owners").iterdir())


def test_whoever_looks_while_another_brings_a_run_of_the_dead_to_its_end_waits_for_it(
    orcaops: Orcaops, a_word: str
) -> None:
    told_to_end = orcaops.folder / "told-to-end"
    stubborn = f"trap 'touch {told_to_end}' TERM; echo up; while :; do sleep {a_word} & wait; done"
    running = orcaops.start("run", "--", "sh", "-c", stubborn)
    assert running.stdout is not None
    assert running.stdout.readline() == b"up\n"
    running.kill()
    running.wait()
    first = orcaops.start("jobs", "list")
    wait_for(told_to_end.exists)  # its worker has taken the run over, and gives it its grace

    (run,) = orcaops.runs()
    assert (run["status"], run["cause"], run["adopted"]) == ("lost", "engine_lost", True)
    assert first.wait() == 0


@pytest.mark.slow
def test_at_whatever_moment_it_is_killed(orcaops: Orcaops, a_word: str) -> None:
    orcaops.call("run", "--", "true")
    began = time.monotonic()
    orcaops.call("run", "--", "true")
    whole = time.monotonic() - began
    for part in (0.3, 0.5, 0.6, 0.7, 0.75, 0.8, 0.85, 0.9, 0.95):
        running = orcaops.start("run", "--", "sh", "-c", f"echo up; exec sleep {a_word}")
        time.sleep(whole * part)
        running.kill()
        running.wait()
    for run in orcaops.runs():
        assert run["status"] in ("lost", "succeeded"), run
        assert run["cause"] is not None
        assert run["finished_at"] is not None
    assert wait_for(lambda: not processes_with(a_word))
    after = orcaops.call("run", "--", "true")
    assert after.returncode == 0
    assert [run["number"] for run in orcaops.runs("status:succeeded")] != []


def test_a_job_in_the_background_outlives_the_death_of_its_worker(orcaops: Orcaops, a_word: str) -> None:
    """A detached job whose worker is killed while it runs is lost; one that waits is run by the next."""
    detached = orcaops.call("run", "--detach", "--", "sh", "-c", f"echo up; exec sleep {a_word}")
    job_id = detached.stdout.decode().strip()
    wait_for(lambda: processes_with(a_word))
    (worker,) = {*processes_with("work")} & {*processes_in(f"ORCAOPS_HOME={orcaops.home}")}
    os.kill(worker, signal.SIGKILL)
    (run,) = wait_for(lambda: [run for run in orcaops.runs() if run["status"] == "lost"])
    assert run["job_id"] == job_id
