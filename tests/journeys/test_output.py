"""A log of any size neither fills memory nor is lost."""

import json
import subprocess
import urllib.request
from pathlib import Path

import pytest

from .conftest import Orcaops, peak_mb, wait_for

MOST_MB = 50  # above the process that does nothing
MB = 1_000_000
FLOOD = ["sh", "-c", "yes 'a line of a log that is about as long as such lines are' | head -c 200000000"]


@pytest.mark.slow
def test_two_hundred_megabytes_leave_the_memory_of_a_run_flat(orcaops: Orcaops) -> None:
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    idle = peak_mb(orcaops.start("run", "--", "sleep", "0.5", **quiet))
    flooded = orcaops.start("run", "--", *FLOOD, **quiet)
    peak = peak_mb(flooded)
    assert flooded.returncode == 0
    assert peak < idle + MOST_MB, f"{peak:.0f} MB where an idle run holds {idle:.0f} MB"
    (run, _) = orcaops.runs()
    assert run["log"]["stdout_bytes"] == 200 * MB
    assert run["log"]["stored_bytes"] < 20 * MB, "it is kept compressed"
    assert run["log"]["cut_bytes"] == 0
    tail = orcaops.call("jobs", "logs", "-n", 1, run["job_id"])
    assert tail.stdout.startswith(b"a line of a log")


@pytest.mark.slow
def test_and_that_of_a_server(orcaops: Orcaops) -> None:
    server, url = orcaops.serve()
    environment = {"ORCAOPS_URL": url}
    assert orcaops.call("run", "--", "true", env=environment).returncode == 0
    idle = peak_mb(server, until=lambda: True)
    flood = orcaops.call("run", "--detach", "--", *FLOOD, env=environment)
    job_id = flood.stdout.decode().strip()

    def ended() -> bool:
        with urllib.request.urlopen(f"{url}/orcaops/jobs/{job_id}") as answer:
            return str(json.load(answer)["status"]) == "succeeded"

    peak = peak_mb(server, until=ended)
    assert peak < idle + MOST_MB, f"{peak:.0f} MB where an idle server holds {idle:.0f} MB"


def test_a_follower_at_a_server_gets_all_of_it(orcaops: Orcaops) -> None:
    _, url = orcaops.serve()
    followed = orcaops.start("run", "--", *FLOOD[:2], "seq 100000", env={"ORCAOPS_URL": url})
    out, _ = followed.communicate(timeout=120)
    assert out == b"".join(b"%d\n" % n for n in range(1, 100001))


def test_beyond_the_limit_the_middle_is_cut_and_that_is_said(orcaops: Orcaops) -> None:
    script = "echo first; yes 0123456789 | head -c 3000000; echo last"
    answer = orcaops.call("run", "--json", "--", "sh", "-c", script, env={"ORCAOPS_RUN_LOG_LIMIT": "1m"})
    run = json.loads(answer.stdout)
    assert run["log"]["stdout_bytes"] == 3_000_011
    assert run["log"]["cut_bytes"] > 1_500_000
    assert len(answer.stderr) > 3_000_000, "people see all of it"
    logs = orcaops.call("jobs", "logs", run["job_id"]).stdout
    assert len(logs) < 2 * MB
    assert logs.startswith(b"first\n")
    assert logs.endswith(b"last\n")
    assert b"cut" in orcaops.call("jobs", "show", run["job_id"]).stdout


def test_a_late_follower_gets_all_of_it(orcaops: Orcaops, tmp_path: Path) -> None:
    may_go = tmp_path / "may-go"
    script = f"seq 5000; while [ ! -e {may_go} ]; do sleep 0.05; done; echo end"
    job_id = orcaops.call("run", "--detach", "--", "sh", "-c", script).stdout.decode().strip()
    wait_for(lambda: b"5000" in orcaops.call("jobs", "logs", job_id).stdout)
    follower = orcaops.start("jobs", "logs", "-f", job_id)
    may_go.touch()
    out, _ = follower.communicate(timeout=60)
    assert out.split() == [str(n).encode() for n in range(1, 5001)] + [b"end"]
