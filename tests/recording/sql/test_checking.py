"""What doctor is told."""

import os
from pathlib import Path

from orcaops.recording.sql.checking import check
from orcaops.recording.sql.connecting import connect
from orcaops.recording.store import Store


def test_a_sound_database(store: Store) -> None:
    found = store.check()
    assert found["database"] == "sqlite"
    assert (found["problems"], found["notes"]) == ([], [])
    assert found["free_bytes"] > 0


def test_it_never_raises(tmp_path: Path) -> None:
    path = tmp_path / "x.db"
    path.write_bytes(os.urandom(8192))
    engine = connect(f"sqlite:///{path}", create=False)
    assert "not a readable" in check(engine, str(path))["problems"][0]["message"]
    path.unlink()
    path.mkdir()
    assert check(engine, str(path))["problems"]
    engine.dispose()
