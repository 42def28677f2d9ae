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

NEXT = schema.LATEST + 1
MORE = f'''
"""A column more."""
from alembic import op
import sqlalchemy as sa
revision = "{NEXT:04}"
down_revision = "{schema.LATEST:04}"

def upgrade() -> None:
    op.add_column("runs", sa.Column("mood", sa.Text()))
'''
BROKEN = MORE + '    raise RuntimeError("half way")\n'


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "orcaops.db"
    store = open_store(f"sqlite:///{path}")
    with store.write() as transaction:
        transaction.runs.add(make_run(1))
    store.close()
    return path


def _next_release(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, more: str) -> None:
    migrations = tmp_path / "migrations"
    shutil.copytree(schema.MIGRATIONS, migrations, ignore=shutil.ignore_patterns("__pycache__"))
    (migrations / "versions" / f"{NEXT:04}_mood.py").write_text(more)
    monkeypatch.setattr(schema, "MIGRATIONS", migrations)
    monkeypatch.setattr(schema, "LATEST", NEXT)


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
    _next_release(monkeypatch, tmp_path, MORE)
    for _ in range(2):
        store = open_store(f"sqlite:///{path}")
        with store.read() as transaction:
            assert transaction.runs.get("default", "job-0001") == make_run(1)
        store.close()
    assert _version(path) == f"{NEXT:04}"


def test_a_migration_that_fails_changes_nothing(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        _next_release(patch, tmp_path, BROKEN)
        with pytest.raises(RuntimeError, match="half way"):
            open_store(f"sqlite:///{path}")
    assert _version(path) == f"{NEXT - 1:04}"
    store = open_store(f"sqlite:///{path}")
    assert store.check()["problems"] == []
    store.close()


def test_the_first_tables_and_all_migrations_lead_to_the_tables_of_today(path: Path, tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    connection = sqlite3.connect(old)
    connection.executescript((Path(__file__).parent / "version_1.sql").read_text("utf-8"))
    connection.close()
    open_store(f"sqlite:///{old}").close()
    assert _version(old) == f"{schema.LATEST:04}"
    assert _shape(old) == _shape(path)


def _shape(path: Path) -> dict[str, list[tuple[object, ...]]]:
    """Per table its columns and its indices with their columns, whatever the words that made them."""
    connection = sqlite3.connect(path)
    shape: dict[str, list[tuple[object, ...]]] = {}
    for (table,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        columns = connection.execute(f"PRAGMA table_info('{table}')").fetchall()
        indices = connection.execute(f"PRAGMA index_list('{table}')").fetchall()
        shape[table] = sorted(column[1:4] + column[5:] for column in columns) + sorted(
            (
                "" if index[1].startswith("sqlite_autoindex") else index[1],
                index[2],
                index[4],
                *(each[2] for each in connection.execute(f"PRAGMA index_info('{index[1]}')").fetchall()),
            )
            for index in indices
        )
    connection.close()
    return shape


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
