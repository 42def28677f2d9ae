"""The warm process: a run that is handed over behaves as one that is not."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from orcaops.interfaces.cli.warm import _sweep

IMAGE = "orcaops-test/busybox:1"
_PROGRAM = [sys.executable, "-m", "orcaops.interfaces.cli.entry"]


@pytest.fixture
def warm(tmp_path: Path) -> Iterator[dict[str, str]]:
    """The environment of a user whose warm process is ready."""
    # The path of a socket has no more than a hundred letters, and TMPDIR may have as many.
    short = Path(tempfile.mkdtemp(prefix="orcaops-test-", dir="/tmp"))
    environment = {
        **os.environ,
        "ORCAOPS_RUN_WARM": "1",
        "ORCAOPS_HOME": str(tmp_path / "home"),
        "TMPDIR": str(short),
        "XDG_RUNTIME_DIR": "",
    }
    process = subprocess.Popen(
        [sys.executable, "-c", "from orcaops.interfaces.cli.warm import serve; serve()"], env=environment
    )
    folder = short / f"orcaops-warm-{os.getuid()}"
    deadline = time.monotonic() + 60
    while not list(folder.glob("*.sock")) and time.monotonic() < deadline:
        time.sleep(0.02)
    yield environment
    process.kill()
    process.wait()
    shutil.rmtree(short)


def run(environment: dict[str, str], *arguments: str, **more: object) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [*_PROGRAM, *arguments], env=environment, capture_output=True, timeout=120, check=False, **more
    )  # type: ignore[call-overload]


@pytest.mark.parametrize("switch", ["1", "0"])
def test_wrong_usage_looks_the_same(warm: dict[str, str], switch: str) -> None:
    found = run(
        {**warm, "ORCAOPS_RUN_WARM": switch}, "run", "--image", IMAGE, "--memory", "lots", "--", "true"
    )
    assert found.returncode == 2
    assert b"memory: 'lots' is not a size" in found.stderr


def test_a_job_without_an_image_is_not_handed_over(warm: dict[str, str]) -> None:
    found = run(warm, "run", "--", "sh", "-c", "ulimit -c")
    assert found.returncode == 0


@pytest.mark.live
def test_streams_exit_code_folder_and_environment_are_those_of_whoever_asked(
    warm: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "orcaops.toml").write_text("[run]\ngrace_s = 1\n")
    found = run(
        {**warm, "GREETING": "hello"},
        *("run", "--image", IMAGE, "-e", "GREETING", "--json", "--", "sh", "-c", "echo $GREETING; exit 7"),
        cwd=tmp_path,
    )
    assert found.returncode == 7
    assert b"hello\n" in found.stderr
    assert found.stdout.count(b"\n") == 1
    assert b'"exit_code":7' in found.stdout


@pytest.mark.live
@pytest.mark.parametrize(
    ("number", "code", "status"), [(signal.SIGINT, 130, "cancelled"), (signal.SIGKILL, -9, "running")]
)
def test_signals_reach_the_run(
    warm: dict[str, str], tmp_path: Path, number: int, code: int, status: str
) -> None:
    shared = tmp_path / "shared"
    shared.mkdir()
    script = "echo ready; while [ ! -e /shared/go ]; do sleep 0.1; done"
    process = subprocess.Popen(
        [*_PROGRAM, "run", "--image", IMAGE, "-v", f"{shared}:/shared", "--", "sh", "-c", script],
        env=warm,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == b"ready\n"
    process.send_signal(number)
    assert process.wait(60) == code
    process.stdout.close()
    shown = run(warm, "jobs", "list", "--json").stdout
    assert f'"status":"{status}"'.encode() in shown
    (shared / "go").touch()
    deadline = time.monotonic() + 60
    while b'"status":"running"' in shown and time.monotonic() < deadline:
        time.sleep(0.3)
        shown = run(warm, "jobs", "list", "--json").stdout
    assert b'"status":"running"' not in shown


def test_without_a_warm_process_nothing_is_handed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from orcaops.interfaces.cli import handing_over

    monkeypatch.setenv("ORCAOPS_RUN_WARM", "1")
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    assert handing_over.hand_over(["run", "--image", IMAGE, "--", "true"]) is None


def test_a_run_is_really_handed_over(warm: dict[str, str], tmp_path: Path) -> None:
    """Asked directly, the warm process answers with the exit code of its fork."""
    ask = (
        "from orcaops.interfaces.cli import handing_over; handing_over.PATIENCE_S = 60.0; "
        f"print(handing_over.hand_over(['run', '--image', '{IMAGE}', '--memory', 'lots', '--', 'true']))"
    )
    found = subprocess.run(
        [sys.executable, "-c", ask], env=warm, capture_output=True, timeout=120, check=False
    )
    assert found.stdout == b"2\n"


def test_what_killed_ones_left_is_removed_and_living_ones_stay(warm: dict[str, str]) -> None:
    folder = Path(warm["TMPDIR"]) / f"orcaops-warm-{os.getuid()}"
    (living,) = folder.glob("*.sock")
    for name in ("0123abcd.sock", "0123abcd.sock.lock"):
        (folder / name).touch()
    _sweep(folder)
    assert sorted(path.name for path in folder.iterdir()) == [living.name, f"{living.name}.lock"]
