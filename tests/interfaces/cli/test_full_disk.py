"""On a full disk what is there is shown, and what cannot be done says why."""

import resource
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Command

Process = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def on_a_full_disk(past: Path, process: Process) -> Callable[..., tuple[int, str, str]]:
    """Calls the program where no file can grow."""

    def call(*arguments: object) -> tuple[int, str, str]:
        nothing = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # noqa: E731
        one = process(*arguments, preexec_fn=nothing)
        out, err = one.communicate(timeout=60)
        return one.returncode, out.decode(), err.decode()

    return call


@pytest.mark.parametrize(
    "command",
    ["jobs list", "baselines list", "anomalies list", "export", "kb list", "sandbox list", "gc"],
)
def test_reading_works_and_says_that_nothing_else_does(
    command: str, on_a_full_disk: Callable[..., tuple[int, str, str]]
) -> None:
    code, _, err = on_a_full_disk(*command.split())
    assert code == 0, err
    assert "what is there can be read, and nothing more" in err


def test_doctor_says_it(on_a_full_disk: Callable[..., tuple[int, str, str]]) -> None:
    code, out, _ = on_a_full_disk("doctor")
    assert code == 1
    assert "it can be read and nothing more" in out


@pytest.mark.parametrize("command", ["run -- true", "relearn", "serve --port 0", "import {file}"])
def test_what_would_write_says_what_to_do(
    command: str, on_a_full_disk: Callable[..., tuple[int, str, str]], tmp_path: Path
) -> None:
    file = tmp_path / "more.jsonl"
    file.write_text('{"command": "make", "started_at": "2026-03-01T00:00:00Z", "duration_s": 5}\n')
    code, _, err = on_a_full_disk(*command.format(file=file).split())
    assert code == 125, err
    assert "make room" in err
    assert "a bug of ours" not in err


def test_a_folder_that_takes_no_copy_is_no_bug_of_ours(
    on_a_full_disk: Callable[..., tuple[int, str, str]], orcaops: Command
) -> None:
    line = "echo kept > kept.txt"
    ran = orcaops("run", "--artifact", "*.txt", "--json", "--", "sh", "-c", line)
    code, _, err = on_a_full_disk("jobs", "download", ran.document["job_id"], "-o", "copies")
    assert code == 125
    assert "cannot be written" in err
    assert "a bug of ours" not in err
