"""The version of a database: made, read, brought up to date once, refused when newer."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.recording.sql import open_store, schema
from orcaops.testing.stores import make_run

SECOND = '''
"""A column more."""
from alembic import op
import sqlalchemy as sa
revision = "0002"
down_revision = "0001"

def upgrade() -> None:
    op.add_column("runs", sa.Column("mood", sa.Text()))
'''
BROKEN = SECOND + '    raise RuntimeError("half way")\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "orcaops.db"
    store = open_store(f"sqlite:///{path}")
    with store.write() as transaction:
        transaction.runs.add(make_run(1))
    store.close()
    return path


def _release_two(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, second: str) -> None:
    migrations = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    (migrations / "versions" / "0002_mood.py").write_text(second)
    monkeypatch.setattr(schema, "MIGRATIONS", migrations)
    monkeypatch.setattr(schema, "LATEST", 2)


def _version(path: Path) -> str:
    connection = sqlite3.connect(path)
    found: str = connection.execute("SELECT version_num FROM alembic_version").fetchone()[0]
    connection.close()
    return found


def test_a_new_database_has_the_latest_version(path: Path) -> None:
    last = max(each.name for each in (schema.MIGRATIONS / "versions").glob("[0-9]*.py"))
    assert _version(path) == f"{schema.LATEST:04}" == last[:4]


def test_an_older_database_is_brought_up_to_date(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _release_two(monkeypatch, tmp_path, SECOND)
    for _ in range(2):
        store = open_store(f"sqlite:///{path}")
        with store.read() as transaction:
            assert transaction.runs.get("default", "job-0001") == make_run(1)
        store.close()
    assert _version(path) == "0002"


def test_a_migration_that_fails_changes_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        _release_two(patch, tmp_path, BROKEN)
        with pytest.raises(RuntimeError, match="half way"):
            open_store(f"sqlite:///{path}")
    assert _version(path) == "0001"
    store = open_store(f"sqlite:///{path}")
    assert store.check()["problems"] == []
    store.close()


def test_a_newer_database_is_refused_and_left_alone(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '0099'")
    connection.commit()
    connection.close()
    before = path.read_bytes()
    with pytest.raises(OrcaError, match="newer OrcaOps") as caught:
        open_store(f"sqlite:///{path}")
    assert caught.value.code is ErrorCode.UNAVAILABLE
    assert caught.value.where == str(path)
    assert "Install the newer release" in caught.value.hint
    assert path.read_bytes() == before


def test_what_is_not_there_is_not_made_unless_asked(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.db", tmp_path / "empty.db"):
        if path.name == "empty.db":
            path.touch()
        with pytest.raises(OrcaError) as caught:
            open_store(f"sqlite:///{path}", create=False)
        assert caught.value.code is ErrorCode.NOT_FOUND
    assert not (tmp_path / "absent.db").exists()


def test_opening_does_not_load_alembic(path: Path) -> None:
    script = (
        "import sys; from orcaops.recording.sql import open_store; assert 'sqlalchemy' not in sys.modules; "
        f"open_store('sqlite:///{path}').close(); assert 'alembic' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
