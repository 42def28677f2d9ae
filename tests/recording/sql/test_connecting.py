"""Connections: URLs, and files that are private to their owner."""

import stat
from pathlib import Path

import pytest

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.recording.sql import open_store
from orcaops.recording.sql.connecting import connect
from orcaops.testing.stores import make_run


@pytest.mark.parametrize("url", ["", "orcaops.db", "mysql://x/y", "sqlite://", "sqlite:///:memory:"])
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(OrcaError) as caught:
        connect(url, create=True)
    assert caught.value.code is ErrorCode.INVALID
    assert caught.value.hint


def test_files_are_private(tmp_path: Path) -> None:
    home = tmp_path / "new" / "home"
    store = open_store(f"sqlite:///{home}/orcaops.db")
    with store.write() as transaction:
        transaction.runs.add(make_run(1))
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in home.iterdir()}
    assert modes == dict.fromkeys(
        ("orcaops.db", "orcaops.db-wal", "orcaops.db-shm", "orcaops.db-turn"), 0o600
    )
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    store.close()


def test_a_place_that_cannot_be_reached_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OrcaError) as caught:
        open_store(f"sqlite:///{tmp_path}/file/orcaops.db")
    assert caught.value.code is ErrorCode.UNAVAILABLE
    assert str(tmp_path) in caught.value.where


def test_commits_survive_the_death_of_the_process(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/x.db", create=True)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 1  # NORMAL
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    engine.dispose()
    open_store(f"sqlite:///{tmp_path}/x.db").close()
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
    engine.dispose()
