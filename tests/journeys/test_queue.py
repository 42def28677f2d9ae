"""Jobs that a server has accepted run once, whatever becomes of the server."""

import json
import signal
from collections import Counter
from pathlib import Path

from .conftest import Orcaops, processes_with, wait_for

JOBS = 20


def lines(file: Path) -> list[str]:
    return file.read_text().split() if file.exists() else []


def test_jobs_accepted_by_a_server_that_is_killed_run_after_its_restart_once(
    orcaops: Orcaops, tmp_path: Path
) -> None:
    done, may_go = tmp_path / "done", tmp_path / "may-go"
    server, url = orcaops.serve(ORCAOPS_SERVER_CONCURRENCY="2")
    script = f"echo $0 >> {done}; [ $0 -lt 4 ] || while [ ! -e {may_go} ]; do sleep 0.05; done; echo {{}} $0"
    accepted = [
        orcaops.start("run", "--detach", "--json", "--", "sh", "-c", script, n, env={"ORCAOPS_URL": url})
        for n in range(JOBS)
    ]
    ids = set()
    for each in accepted:
        out, err = each.communicate(timeout=120)
        assert each.returncode == 0, err
        ids.add(json.loads(out)["job_id"])
    wait_for(lambda: len(lines(done)) >= 2)
    server.kill()
    server.wait()
    begun = set(lines(done))
    may_go.touch()

    second, url = orcaops.serve(ORCAOPS_SERVER_CONCURRENCY="2")
    environment = {"ORCAOPS_URL": url}

    def all_final() -> list[dict[str, object]] | None:
        answer = orcaops.call("jobs", "list", "-n", 100, "--json", env=environment)
        found = [json.loads(line) for line in answer.stdout.splitlines()]
        return found if all(run["status"] not in ("queued", "running") for run in found) else None

    found = wait_for(all_final, 120)
    assert {run["job_id"] for run in found} == ids
    times = Counter(lines(done))
    assert set(times) == {str(n) for n in range(JOBS)}
    assert max(times.values()) == 1, f"run more than once: {times}"
    states = Counter(run["status"] for run in found)
    assert states["lost"] <= 2, "at most what was running at that moment"
    assert states["succeeded"] == JOBS - states["lost"]
    assert len(begun) >= 2
    second.send_signal(signal.SIGTERM)
    assert second.wait(60) == 0
    numbers = [run["number"] for run in orcaops.runs()]
    assert sorted(numbers) == list(range(1, JOBS + 1)), "each learned from once"


def test_a_server_that_is_asked_to_end_ends_in_order(orcaops: Orcaops, a_word: str) -> None:
    server, url = orcaops.serve(ORCAOPS_SERVER_CONCURRENCY="1", ORCAOPS_RUN_GRACE_S="0.5")
    environment = {"ORCAOPS_URL": url}
    orcaops.call("run", "--detach", "--", "sh", "-c", f"exec sleep {a_word}", env=environment)
    waiting = orcaops.call("run", "--detach", "--json", "--", "echo", "later", env=environment)
    wait_for(lambda: processes_with(a_word))
    server.send_signal(signal.SIGTERM)
    assert server.wait(60) == 0
    assert not processes_with(a_word)
    states = {run["command"]: run["status"] for run in orcaops.runs()}
    assert states[f"sh -c 'exec sleep {a_word}'"] in ("cancelled", "lost")
    second, url = orcaops.serve()
    job_id = json.loads(waiting.stdout)["job_id"]
    followed = orcaops.call("jobs", "logs", "-f", job_id, env={"ORCAOPS_URL": url})
    assert followed.stdout == b"later\n"
    second.send_signal(signal.SIGTERM)
    assert second.wait(60) == 0


def test_a_server_takes_over_from_another_that_dies_beside_it(orcaops: Orcaops, tmp_path: Path) -> None:
    """Nothing is started anew, and nobody asks: what one server has accepted the other brings to its end."""
    done, begun = tmp_path / "done", tmp_path / "begun"
    dying, url = orcaops.serve(ORCAOPS_SERVER_CONCURRENCY="1")
    living, _ = orcaops.serve(ORCAOPS_SERVER_CONCURRENCY="1")
    environment = {"ORCAOPS_URL": url}
    runs = f"echo > {begun}; exec sleep 1000"
    orcaops.call("run", "--detach", "--", "sh", "-c", runs, env=environment)
    wait_for(begun.exists)
    for n in range(3):
        orcaops.call("run", "--detach", "--", "sh", "-c", f"echo {n} >> {done}", env=environment)
    assert not lines(done), "they wait for the first"
    dying.kill()
    dying.wait()
    wait_for(lambda: len(lines(done)) == 3)
    # A command that takes over has no queue of its own to work off: what it finds goes to the server.
    queued_by_nobody = orcaops.call("run", "--detach", "--", "sh", "-c", f"echo 3 >> {done}")
    assert queued_by_nobody.returncode == 0
    wait_for(lambda: len(lines(done)) == 4)
    living.send_signal(signal.SIGTERM)
    assert living.wait(60) == 0
    states = Counter(run["status"] for run in orcaops.runs())
    assert states == {"lost": 1, "succeeded": 4}
