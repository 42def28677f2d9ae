"""What a database's errors mean: corrupt, locked, full, unreachable."""

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from sqlalchemy import exc

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.recording.sql import connecting, open_store
from orcaops.recording.sql.failures import explained
from orcaops.testing.stores import make_run

FILL_THE_DISK = """
import resource, signal, sys
from orcaops.model.errors import OrcaError
from orcaops.recording.sql import open_store
from orcaops.testing.stores import make_run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
store = open_store(sys.argv[1])
resource.setrlimit(resource.RLIMIT_FSIZE, (2_000_000, 2_000_000))
kept = 0
try:
    while True:
        with store.write() as transaction:
            transaction.runs.add(make_run(kept, intent="x" * 4000))
        kept += 1
except OrcaError as error:
    print(kept, error.code, bool(error.hint))
"""


def test_a_full_disk_loses_nothing_that_was_committed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/orcaops.db"
    ran = subprocess.run(
        [sys.executable, "-c", FILL_THE_DISK, url], capture_output=True, text=True, check=True
    )
    kept, code, hinted = ran.stdout.split()
    assert (code, hinted) == ("unavailable", "True")
    assert int(kept) > 10
    store = open_store(url)
    with store.read() as transaction:
        assert len(list(transaction.runs.each("default"))) == int(kept)
    assert store.check()["problems"] == []
    store.close()


@pytest.mark.parametrize(
    "content",
    [b"not a database at all, but long enough to be one" * 100, b"SQLite format 3\x00" + b"\xff" * 5000],
)
def test_a_corrupt_file_is_refused_and_left_alone(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "orcaops.db"
    path.write_bytes(content)
    with pytest.raises(OrcaError, match="not a readable OrcaOps database") as caught:
        open_store(f"sqlite:///{path}")
    assert caught.value.code is ErrorCode.UNAVAILABLE
    assert caught.value.where == str(path)
    assert "orcaops doctor" in caught.value.hint
    assert path.read_bytes() == content


def test_a_page_that_was_overwritten_is_told_of(tmp_path: Path) -> None:
    path = tmp_path / "orcaops.db"
    store = open_store(f"sqlite:///{path}")
    with store.write() as transaction:
        transaction.runs.add_new([make_run(number) for number in range(300)])
    store.close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    with path.open("r+b") as file:
        size = path.stat().st_size
        file.seek(size - size // 4)
        file.write(b"\xff" * (size // 4))
    store = open_store(f"sqlite:///{path}")
    assert store.check()["problems"]
    with pytest.raises(OrcaError) as caught, store.read() as transaction:
        list(transaction.runs.each("default"))
    assert caught.value.code is ErrorCode.UNAVAILABLE
    store.close()


def test_a_table_that_is_not_there_is_a_damaged_database(tmp_path: Path) -> None:
    path = tmp_path / "orcaops.db"
    store = open_store(f"sqlite:///{path}")
    with sqlite3.connect(path) as connection:
        connection.execute("DROP TABLE optimizations")
    connection.close()
    with pytest.raises(OrcaError, match="not a readable OrcaOps database") as caught, store.read() as read:
        read.optimizations.get("default", "o1")
    assert "backup" in caught.value.hint
    store.close()


def test_a_locked_database_is_waited_for_and_then_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connecting, "BUSY_S", 0.05)
    path = tmp_path / "orcaops.db"
    store = open_store(f"sqlite:///{path}")
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(OrcaError, match="locked by another process") as caught, store.write():
        pass
    assert caught.value.code is ErrorCode.UNAVAILABLE
    assert caught.value.hint
    with store.read() as transaction:  # readers are not disturbed
        assert transaction.watermark() == 0
    with store.absorbing() as absorber:
        assert absorber is None
    holder.execute("ROLLBACK")
    holder.close()
    with store.write() as transaction:
        transaction.runs.add(make_run(1))
    store.close()


class _ServerError(Exception):
    def __init__(self, sqlstate: str | None) -> None:
        super().__init__("the server said so")
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("sqlstate", "code"),
    [
        (None, ErrorCode.UNAVAILABLE),
        ("08006", ErrorCode.UNAVAILABLE),
        ("53100", ErrorCode.UNAVAILABLE),
        ("57P01", ErrorCode.UNAVAILABLE),
        ("XX001", ErrorCode.UNAVAILABLE),
        ("42P01", ErrorCode.UNAVAILABLE),
        ("42601", ErrorCode.INTERNAL),
    ],
)
def test_what_postgresql_says(sqlstate: str | None, code: ErrorCode) -> None:
    with pytest.raises(OrcaError) as caught, explained("there"):
        raise exc.OperationalError("SELECT 1", {}, _ServerError(sqlstate))
    assert caught.value.code is code
    assert caught.value.where == "there"
