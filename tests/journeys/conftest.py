"""Journeys: real processes that are killed, starved and crowded, seen from outside."""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

PROGRAM = [sys.executable, "-m", "orcaops.interfaces.cli.entry"]
PATIENCE_S = 150.0  # for what happens at once on a machine that does nothing else


class Orcaops:
    """The program over one home."""

    def __init__(self, home: Path, folder: Path) -> None:
        self.home = home
        self.folder = folder
        self._started: list[subprocess.Popen[bytes]] = []

    def start(self, *arguments: object, **options: Any) -> "subprocess.Popen[bytes]":
        """Start a command and do not wait for it."""
        environment = dict(os.environ) | {"ORCAOPS_HOME": str(self.home), "ORCAOPS_RUN_WARM": "0"}
        chosen: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "cwd": self.folder,
            "env": environment | options.pop("env", {}),
        }
        process = subprocess.Popen([*PROGRAM, *map(str, arguments)], **(chosen | options))
        self._started.append(process)
        return process

    def call(self, *arguments: object, **options: Any) -> "subprocess.CompletedProcess[bytes]":
        """Run a command to its end."""
        process = self.start(*arguments, **options)
        out, err = process.communicate(timeout=2 * PATIENCE_S)
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def runs(self, *query: str) -> list[dict[str, Any]]:
        """All records that match, latest first."""
        answer = self.call("jobs", "list", "-n", "1000", "--json", *query)
        assert answer.returncode == 0, answer.stderr
        return [json.loads(line) for line in answer.stdout.splitlines()]

    def serve(self, *, port: int = 0, **environment: str) -> tuple["subprocess.Popen[bytes]", str]:
        """A server, and its address once it listens; on a port of the system's choice, or on this one."""
        said = (self.folder / f"server-{len(self._started)}.err").open("w+b")
        server = self.start("serve", "--port", port, stdout=said, stderr=said, env=environment)
        name = Path(said.name)
        said.close()

        def address() -> str | None:
            found = re.search(r"http://\S+", name.read_text())
            assert server.poll() is None, name.read_text()
            return found[0] if found else None

        return server, wait_for(address)

    def end(self) -> None:
        """End what is left of what was started."""
        for process in self._started:
            if process.poll() is None:
                process.kill()
            for stream in (process.stdout, process.stderr):
                if stream is not None:
                    stream.close()
            process.wait()


def wait_for(look: Callable[[], T], within_s: float = PATIENCE_S) -> T:
    """What ``look`` finds, as soon as it finds something."""
    deadline = time.monotonic() + within_s
    while True:
        found = look()
        if found:
            return found
        assert time.monotonic() < deadline, "it did not come"
        time.sleep(0.02)


def processes_with(word: str) -> list[int]:
    """The processes of this machine with a word in their command line."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
                if word.encode() in arguments:
                    found.append(int(entry.name))
    return found


def processes_in(setting: str) -> list[int]:
    """The processes of this machine with this in their environment, ours left out."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with contextlib.suppress(OSError):
                if setting.encode() in (entry / "environ").read_bytes().split(b"\0"):
                    found.append(int(entry.name))
    return found


def peak_mb(process: "subprocess.Popen[bytes]", until: Callable[[], bool] | None = None) -> float:
    """The most memory that a process ever held, looked at until it ends or ``until`` holds, in MB."""
    peak = 0
    while process.poll() is None:
        with contextlib.suppress(OSError, IndexError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            peak = max(peak, int(status.partition("VmHWM:")[2].split()[0]))
        if until is not None and until():
            break
        time.sleep(0.02)
    return peak / 1000


@pytest.fixture
def a_word() -> Iterator[str]:
    """A number of seconds that nobody else sleeps; nothing may be left that does."""
    word = f"4{time.monotonic_ns() % 10**9:09d}"
    yield word
    left = processes_with(word)
    for pid in left:
        os.kill(pid, signal.SIGKILL)
    assert not left, "processes of a job were left behind"


@pytest.fixture
def orcaops(orcaops_home: Path, tmp_path: Path) -> Iterator[Orcaops]:
    """The program over this test's home; whatever was started is ended."""
    program = Orcaops(orcaops_home, tmp_path)
    yield program
    program.end()
