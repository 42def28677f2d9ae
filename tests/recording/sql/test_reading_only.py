"""A database that cannot be written now is read; what would write is told why it cannot."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.recording.sql import open_store
from orcaops.testing.stores import make_run

ON_A_FULL_DISK = """
import resource, sys
from orcaops.model.errors import OrcaError
from orcaops.recording.sql import open_store
from orcaops.testing.stores import make_run
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # no file can grow
store = open_store(sys.argv[1])
with store.read() as transaction:
    print(len(list(transaction.runs.each("default"))))
print(store.unwritable is not None, store.check()["problems"])
for writing in (store.write, store.absorbing):
    try:
        with writing() as transaction:
            transaction.runs.add(make_run(9))
    except OrcaError as error:
        print(error.code, bool(error.hint))
"""


@pytest.fixture
def url(tmp_path: Path) -> str:
    """A database with three runs that nobody has open."""
    url = f"sqlite:///{tmp_path}/orcaops.db"
    store = open_store(url)
    assert store.unwritable is None
    with store.write() as transaction:
        transaction.runs.add_new([make_run(number) for number in range(3)])
    store.close()
    return url


@pytest.fixture
def mounted_read_only(url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No file can be opened for writing, nor made, once the database of ``url`` is there."""
    really = os.open

    def refusing(path: Any, flags: int, mode: int = 0o777, **more: Any) -> int:
        if flags & (os.O_RDWR | os.O_WRONLY | os.O_CREAT):
            raise OSError(30, "Read-only file system", str(path))
        return really(path, flags, mode, **more)

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", refusing)
        yield


def test_on_a_full_disk_it_is_read(url: str, tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", ON_A_FULL_DISK, url], capture_output=True, text=True, check=True
    )
    assert ran.stdout.splitlines() == ["3", "True []", "unavailable True", "unavailable True"]
    store = open_store(url)
    assert store.unwritable is None
    with store.write() as transaction:
        transaction.runs.add(make_run(9))
    store.close()


@pytest.mark.usefixtures("mounted_read_only")
def test_on_a_disk_that_is_mounted_for_reading_it_is_read(url: str) -> None:
    store = open_store(url)
    with store.read() as transaction:
        assert len(list(transaction.runs.each("default"))) == 3
    with pytest.raises(OrcaError, match="Read-only file system") as caught, store.write():
        pass
    assert caught.value.code is ErrorCode.UNAVAILABLE
    store.close()


def test_what_a_killed_writer_left_beside_it_is_not_passed_over(
    url: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    living = open_store(url)
    with living.write() as transaction:
        transaction.runs.add(make_run(9))
    request.getfixturevalue("mounted_read_only")
    store = open_store(url)
    with store.read() as transaction:
        assert len(list(transaction.runs.each("default"))) == 4
    store.close()
    living.close()


@pytest.mark.usefixtures("mounted_read_only")
def test_where_there_is_nothing_to_read_it_says_why(tmp_path: Path) -> None:
    with pytest.raises(OrcaError, match="Read-only file system"):
        open_store(f"sqlite:///{tmp_path}/none.db")
    (tmp_path / "torn.db").write_bytes(b"torn" * 1000)
    with pytest.raises(OrcaError, match="Read-only file system"):
        open_store(f"sqlite:///{tmp_path}/torn.db")
