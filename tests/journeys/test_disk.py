"""A full disk: clear words, and nothing that was committed is lost."""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from .conftest import Orcaops


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of its own with room for two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=2m,mode=700", "orcaops-test", place],
        capture_output=True,
        check=False,
    )
    if mounted.returncode:
        pytest.skip(f"no small file system can be mounted here: {mounted.stderr.decode().strip()}")
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_full_disk_is_said_and_what_was_kept_stays(orcaops: Orcaops, small_disk: Path) -> None:
    orcaops.home = small_disk / "home"
    for n in range(3):
        assert orcaops.call("run", "--name", f"before-{n}", "--", "true").returncode == 0
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as file:
        while file.write(b"x" * 4096):
            pass

    full = orcaops.call("run", "--name", "full", "--", "sh", "-c", "seq 100000; exit 3")
    assert full.returncode in (3, 125), full.stderr
    said = full.stderr.decode()
    assert "a bug of ours" not in said
    assert "Traceback" not in said
    if full.returncode == 125:
        assert "disk" in said or "room" in said or "space" in said
    assert orcaops.call("doctor").stdout.count(b"disk") >= 1

    filler.unlink()
    names = {run["name"] for run in orcaops.runs()}
    assert {"before-0", "before-1", "before-2"} <= names
    assert all(run["status"] not in ("queued", "running") for run in orcaops.runs())
    assert orcaops.call("run", "--name", "after", "--", "true").returncode == 0
    numbers = sorted(run["number"] for run in orcaops.runs())
    assert numbers == list(range(1, len(numbers) + 1))
