"""Journeys through a real container engine."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .conftest import Orcaops, processes_in, wait_for

pytestmark = pytest.mark.live

SMALL, WORK = "orcaops-test/busybox:1", "orcaops-test/work:1"
IN = ["--image", SMALL, "--"]


def docker(*arguments: str) -> str:
    return subprocess.run(["docker", *arguments], capture_output=True, check=True, text=True).stdout


def ours(job_id: str) -> list[str]:
    """The containers of one job, of whatever state."""
    return docker("ps", "-aq", "--filter", f"label=orcaops.job_id={job_id}").split()


def groups_of(job_id: str) -> list[Path]:
    """The control groups of one job. (Others go while one looks, which os.walk does not mind.)"""
    return [
        Path(folder) / name
        for folder, names, _ in os.walk("/sys/fs/cgroup")
        for name in names
        if job_id in name
    ]


@pytest.fixture
def stranger() -> Iterator[str]:
    """Somebody else's container, whose name and labels look much like ours; it must stay as it is."""
    name = f"orcaops-{os.urandom(6).hex()}"
    labels = ["--label", "orcaops=1", "--label", "orcaops.job_id=stranger", "--label", "orcaops.home=another"]
    docker("run", "-d", "--name", name, *labels, SMALL, "sleep", "1000")
    yield name
    assert docker("inspect", "-f", "{{.State.Running}}", name).strip() == "true", "a stranger was touched"
    docker("rm", "-f", name)


def the_run(orcaops: Orcaops) -> dict[str, Any]:
    (run,) = orcaops.runs()
    return run


def final(orcaops: Orcaops) -> dict[str, Any] | None:
    run = the_run(orcaops)
    return run if run["status"] not in ("queued", "running") else None


def gone(job_id: str) -> None:
    """Nothing is left of a job."""
    assert wait_for(lambda: not ours(job_id))
    assert not groups_of(job_id)


@pytest.mark.parametrize("warm", ["0", "1"])
def test_a_container_whose_orcaops_is_killed_is_adopted_and_finished(
    orcaops: Orcaops, stranger: str, tmp_path: Path, warm: str, request: pytest.FixtureRequest
) -> None:
    environment = {"ORCAOPS_RUN_WARM": warm, "TMPDIR": str(tmp_path), "XDG_RUNTIME_DIR": ""}
    if warm == "1":
        assert (
            orcaops.call("run", *IN, "true", env=environment).returncode == 0
        )  # leaves a warm process behind
        wait_for(lambda: list(tmp_path.glob("orcaops-warm-*/*.sock")))
        request.addfinalizer(lambda: [os.kill(n, signal.SIGKILL) for n in processes_in(f"TMPDIR={tmp_path}")])
    shared = tmp_path / "shared"
    shared.mkdir()
    script = "echo before; while [ ! -e /shared/go ]; do sleep 0.1; done; echo after; exit 5"
    running = orcaops.start("run", "-v", f"{shared}:/shared", *IN, "sh", "-c", script, env=environment)
    assert running.stdout is not None
    assert running.stdout.readline() == b"before\n"
    running.kill()
    running.wait()
    run = wait_for(lambda: next((r for r in orcaops.runs() if r["command"].startswith("sh")), None))
    assert run["status"] == "running", "its container lives: it has been adopted"
    assert ours(run["job_id"])
    (shared / "go").touch()
    ended = wait_for(lambda: next((r for r in orcaops.runs("status:failed")), None))
    assert (ended["status"], ended["exit_code"], ended["cause"]) == ("failed", 5, "command_failed")
    assert orcaops.call("jobs", "logs", run["job_id"]).stdout == b"before\nafter\n"
    gone(run["job_id"])


def test_at_whatever_moment_it_is_killed_nothing_is_left(orcaops: Orcaops, stranger: str) -> None:
    for delay in (0.5, 0.7, 0.8, 0.9, 1.0, 1.1, 1.2, 1.4):
        running = orcaops.start("run", *IN, "sh", "-c", "echo up; sleep 1")
        time.sleep(delay)  # whatever phase that is
        running.kill()
        running.wait()
    wait_for(lambda: all(r["status"] not in ("queued", "running") for r in orcaops.runs()))
    for run in orcaops.runs():
        assert run["status"] in ("lost", "succeeded"), run["status"]
        assert run["cause"] is not None
        assert run["finished_at"] is not None
    assert orcaops.call("gc").returncode == 0
    for run in orcaops.runs():
        gone(run["job_id"])


def test_out_of_memory_is_137_and_said(orcaops: Orcaops) -> None:
    hog = "b = bytearray()\nwhile True: b += bytes(1 << 20)"
    answer = orcaops.call("run", "--json", "--memory", "64m", "--image", WORK, "--", "python3", "-c", hog)
    assert answer.returncode == 137
    assert json.loads(answer.stdout)["cause"] == "oom_killed"
    assert b"out of memory" in answer.stderr
    killed = orcaops.call("run", "--json", *IN, "sh", "-c", "kill -9 $$")
    assert killed.returncode == 137
    assert json.loads(killed.stdout)["cause"] == "command_failed"


@pytest.mark.parametrize(
    ("script", "code"), [("exit 7", 7), ("no-such-command", 127), ("kill -TERM $$", 143)]
)
def test_exit_codes_of_containers(orcaops: Orcaops, script: str, code: int) -> None:
    assert orcaops.call("run", *IN, "sh", "-c", script).returncode == code


def test_what_cannot_be_started_in_a_container(orcaops: Orcaops) -> None:
    assert orcaops.call("run", *IN, "no-such-command").returncode == 127
    assert orcaops.call("run", *IN, "/etc/passwd").returncode == 126
    missing = orcaops.call("run", "--image", "orcaops-test/no-such-image:1", "--", "true")
    assert missing.returncode == 125
    assert b"no-such-image" in missing.stderr
    assert orcaops.call("run", "--timeout", "1s", *IN, "sleep", "60").returncode == 124


def test_ctrl_c_ends_the_container(orcaops: Orcaops) -> None:
    running = orcaops.start(
        "run", "--json", *IN, "sh", "-c", "echo up; sleep 1000", env={"ORCAOPS_RUN_GRACE_S": "0.5"}
    )
    assert running.stderr is not None
    while running.stderr.readline() != b"up\n":
        pass
    running.send_signal(signal.SIGINT)
    out, _ = running.communicate(timeout=120)
    assert running.returncode == 130
    run = json.loads(out)
    assert run["status"] == "cancelled"
    gone(run["job_id"])


def test_the_demo_uses_the_engine(orcaops: Orcaops) -> None:
    answer = orcaops.call("demo")
    assert answer.returncode == 0, answer.stderr
    told = answer.stdout.decode()
    assert "in containers of" in told
    assert "as long as usual" in told
    assert "No module named 'requests'" in told
    assert [r["executor"] for r in orcaops.runs("--workspace", "demo")].count("docker") >= 15


def test_containers_of_a_server_that_is_killed_are_finished_by_the_next(
    orcaops: Orcaops, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    server, url = orcaops.serve(ORCAOPS_SERVER_CONCURRENCY="2")
    script = "echo $0 >> /shared/done; while [ ! -e /shared/go ]; do sleep 0.1; done; echo $0"
    options = ["--detach", "-v", f"{shared}:/shared", *IN, "sh", "-c", script]
    started = [orcaops.start("run", *options, n, env={"ORCAOPS_URL": url}) for n in range(6)]
    for each in started:
        each.communicate(timeout=120)
        assert each.returncode == 0
    done = shared / "done"
    wait_for(lambda: done.exists() and len(done.read_text().split()) == 2)
    server.kill()
    server.wait()
    (shared / "go").touch()
    second, _ = orcaops.serve(ORCAOPS_SERVER_CONCURRENCY="2")
    wait_for(lambda: len(orcaops.runs("status:succeeded")) == 6)
    assert sorted(done.read_text().split()) == [str(n) for n in range(6)], "each of them once"
    second.terminate()
    assert second.wait(60) == 0
    for run in orcaops.runs():
        gone(run["job_id"])


@pytest.mark.parametrize("end", [signal.SIGKILL, signal.SIGTERM])
def test_a_run_at_a_server_that_is_started_again_ends_as_its_job_does(
    orcaops: Orcaops, end: signal.Signals
) -> None:
    server, url = orcaops.serve()
    script = 'i=0; while [ $i -lt 120 ]; do echo "$i"; i=$((i+1)); sleep 0.1; done; exit 7'
    running = orcaops.start("run", "--artifact", "*", *IN, "sh", "-c", script, env={"ORCAOPS_URL": url})
    assert running.stdout is not None
    assert running.stderr is not None
    before = running.stdout.readline()
    server.send_signal(end)
    said = b""
    while b"waiting up to" not in said:
        said = running.stderr.readline()
        assert said
    server.wait(60)
    orcaops.serve(port=int(url.rpartition(":")[2]))
    out = before + running.stdout.read()
    assert running.wait(60) == 7, running.stderr.read()
    assert out.split() == [b"%d" % number for number in range(120)], "nothing is lost, and nothing told twice"
    gone(the_run(orcaops)["job_id"])


class Proxy:
    """A socket before the engine's own, that can be cut and mended."""

    def __init__(self, place: Path, engine: str) -> None:
        self.place = place
        self._engine = engine
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._listener: socket.socket | None = None
        self.mend()

    def mend(self) -> None:
        self.place.unlink(missing_ok=True)
        listener = self._listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self.place))
        listener.listen(16)
        self._begin(self._accept, listener)

    def cut(self) -> None:
        assert self._listener is not None
        self.place.unlink()
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        while self._threads:
            self._threads.pop().join(60)
        for each in (self._listener, *self._open):
            each.close()
        self._open.clear()

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.socket(socket.AF_UNIX)
            far.connect(self._engine)
            self._open += [near, far]
            for source, target in ((near, far), (far, near)):
                self._begin(_carry, source, target)

    def _begin(self, work: Callable[..., None], *arguments: socket.socket) -> None:
        thread = threading.Thread(target=work, args=arguments, daemon=True)
        self._threads.append(thread)
        thread.start()


def _carry(source: socket.socket, target: socket.socket) -> None:
    try:
        while piece := source.recv(65536):
            target.sendall(piece)
        target.shutdown(socket.SHUT_WR)
    except OSError:
        return


@pytest.fixture
def proxy(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    host = docker("context", "inspect", "-f", "{{.Endpoints.docker.Host}}").strip()
    found = re.fullmatch(r"unix://(.+)", os.environ.get("DOCKER_HOST") or host)
    if found is None:
        pytest.skip(f"the engine is at {host}, not at a socket of this machine")
    proxy = Proxy(tmp_path_factory.mktemp("s") / "e.sock", found[1])
    yield proxy
    if proxy.place.exists():
        proxy.cut()


def test_an_engine_that_goes_away_in_the_middle_is_told_as_it_is(orcaops: Orcaops, proxy: Proxy) -> None:
    environment = {"DOCKER_HOST": f"unix://{proxy.place}", "ORCAOPS_RUN_ENGINE_WAIT": "1s"}
    running = orcaops.start("run", "--json", *IN, "sh", "-c", "echo up; sleep 300", env=environment)
    assert running.stderr is not None
    while running.stderr.readline() != b"up\n":
        pass
    proxy.cut()
    out, err = running.communicate(timeout=60)
    assert running.returncode == 125
    run = json.loads(out)
    assert (run["status"], run["cause"]) == ("lost", "engine_lost")
    assert run["message"]
    assert b"a bug of ours" not in err
    refused = orcaops.call("run", *IN, "true", env=environment)
    assert refused.returncode == 125
    assert b"engine" in refused.stderr.lower()
    assert orcaops.call("doctor", env=environment).returncode == 0
    proxy.mend()
    assert orcaops.call("gc", env=environment).returncode == 0
    gone(run["job_id"])
    assert orcaops.call("run", *IN, "true", env=environment).returncode == 0


def test_an_engine_that_comes_back_finds_the_run_that_went_on_meanwhile(
    orcaops: Orcaops, proxy: Proxy, tmp_path: Path
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    environment = {"DOCKER_HOST": f"unix://{proxy.place}"}
    server, url = orcaops.serve(**environment)
    waits = "while [ ! -e /shared/go ]; do sleep 0.1; done"
    script = f"echo $0 >> /shared/begun; echo before; {waits}; echo after; exit 5"
    options = ["--json", "-v", f"{shared}:/shared", *IN, "sh", "-c", script]
    mine = orcaops.start("run", *options, "mine", env=environment)
    theirs = orcaops.start("run", "--detach", *options, "theirs", env={"ORCAOPS_URL": url})
    begun = shared / "begun"
    wait_for(lambda: begun.exists() and len(begun.read_text().split()) == 2)
    assert mine.stderr is not None
    while mine.stderr.readline() != b"before\n":
        pass
    proxy.cut()
    wait_for(lambda: b"waited for" in mine.stderr.readline())  # type: ignore[union-attr]
    (shared / "go").touch()
    proxy.mend()
    out, _ = mine.communicate(timeout=120)
    assert mine.returncode == 5
    theirs.communicate(timeout=120)
    ended = wait_for(lambda: found if len(found := orcaops.runs("status:failed")) == 2 else None)
    for run in ended:
        assert (run["exit_code"], run["cause"]) == (5, "command_failed")
        assert orcaops.call("jobs", "logs", run["job_id"]).stdout == b"before\nafter\n"
        gone(run["job_id"])
    assert json.loads(out)["job_id"] in {run["job_id"] for run in ended}
    assert sorted(begun.read_text().split()) == ["mine", "theirs"]
    server.terminate()
    assert server.wait(60) == 0
