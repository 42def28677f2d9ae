"""The command line as people call it: in this process, or as one of its own where that differs."""

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orcaops.interfaces.cli.endings import ENDINGS
from orcaops.interfaces.cli.main import main

PROGRAM = [sys.executable, "-m", "orcaops.interfaces.cli.main"]
START = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
"""Recent enough: a baseline without a run for thirty days judges nothing."""


@dataclass(frozen=True)
class Answer:
    """What a command printed, and its exit code."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        return self.out.decode()

    @property
    def documents(self) -> list[Any]:
        """Standard output as JSON Lines; anything else on it fails."""
        return [json.loads(line) for line in self.out.splitlines()]

    @property
    def document(self) -> Any:
        (only,) = self.documents
        return only


Command = Callable[..., Answer]

TOKEN = "correct-horse-battery-staple-0123456789"


class Served:
    """``orcaops serve`` as a process, on a port that the system chose."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        known = {name: value for name, value in os.environ.items() if not name.startswith("ORCAOPS_")}
        self.process = subprocess.Popen(
            [*PROGRAM, "serve", "--port", "0"],
            stdin=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            cwd=folder,
            env=known | {"ORCAOPS_HOME": str(folder / "home"), "ORCAOPS_TOKEN": TOKEN},
        )
        assert self.process.stderr is not None
        said = self.process.stderr.readline().decode()
        found = re.search(r"http://\S+", said)
        assert found is not None, said
        self.url = found[0]

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(60) == 0
        assert self.process.stderr is not None
        self.process.stderr.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    server = Served(tmp_path_factory.mktemp("served"))
    yield server.url
    server.end()


@pytest.fixture(autouse=True)
def _folder_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No configuration file, no checkout, no warm process, and the signals as they were."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ORCAOPS_RUN_WARM", "0")
    before = {number: signal.getsignal(number) for number in ENDINGS}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


@pytest.fixture
def orcaops(capfdbinary: pytest.CaptureFixture[bytes]) -> Command:
    """Calls the program in this process."""

    def call(*arguments: object) -> Answer:
        capfdbinary.readouterr()
        with pytest.raises(SystemExit) as end:
            main([str(argument) for argument in arguments])
        sys.stdout.flush()
        out, err = capfdbinary.readouterr()
        assert isinstance(end.value.code, int)
        return Answer(end.value.code, out, err.decode())

    return call


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[bytes]"]]:
    """Starts the program as a process; whatever is left of it is ended."""
    started: list[subprocess.Popen[bytes]] = []

    def start(*arguments: object, **options: Any) -> "subprocess.Popen[bytes]":
        chosen: dict[str, Any] = {
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
            "cwd": tmp_path,
            "env": dict(os.environ) | options.pop("env", {}),
        }
        one = subprocess.Popen([*PROGRAM, *map(str, arguments)], **(chosen | options))
        started.append(one)
        return one

    yield start
    for one in started:
        if one.poll() is None:
            one.kill()
        one.communicate()


def past_run(place: int, seconds: float = 60.0, **more: object) -> dict[str, object]:
    """One line of an import: the nightly work of one night."""
    return {
        "name": "nightly",
        "started_at": (START + timedelta(days=place)).isoformat(),
        "duration_s": seconds,
        "status": "succeeded",
        "exit_code": 0,
        "memory_peak_bytes": 100 * 2**20 + place * 4096,
        "memory_limit_bytes": 4 * 2**30,
        "labels": {"team": "a"},
        **more,
    }


HISTORY = [
    *(past_run(place, 60.0 + place % 5 / 10) for place in range(14)),
    past_run(14, 190.0, log="resolving\nERROR: mirror is slow\n"),
    past_run(
        15, 3.0, status="failed", exit_code=2, log="Traceback (most recent call last):\nValueError: no\n"
    ),
]


def write_lines(path: Path, rows: list[dict[str, object]]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


@pytest.fixture(scope="session")
def _past_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with sixteen nights in it, made once."""
    folder = tmp_path_factory.mktemp("past")
    file = write_lines(folder / "nights.jsonl", HISTORY)
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORCAOPS_")}
    subprocess.run(
        [*PROGRAM, "import", str(file), "--format", "jsonl"],
        env=environment | {"ORCAOPS_HOME": str(folder / "home")},
        check=True,
        stdout=subprocess.DEVNULL,
        cwd=folder,
    )
    return folder / "home"


@pytest.fixture
def past(_past_home: Path, orcaops_home: Path) -> Path:
    """This test's home, with sixteen nights in it: the last but one slow, the last failed."""
    shutil.copytree(_past_home, orcaops_home)
    return orcaops_home


@pytest.fixture
def there(
    served: str, orcaops: Command, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> Command:
    """Calls the program against the server, in a workspace of this test's own."""
    monkeypatch.setenv("ORCAOPS_URL", served)
    monkeypatch.setenv("ORCAOPS_TOKEN", TOKEN)
    monkeypatch.setenv("ORCAOPS_WORKSPACE", re.sub(r"[^a-z]+", "-", request.node.name)[:60].strip("-"))
    return orcaops
