"""The schema's version: made when new, brought up to date when old, refused when newer.

Opening a store costs one plain query. Alembic is loaded only where there is something to migrate:
a database with no tables is made from :mod:`.tables` at once and stamped with the latest version
(each migration comes with a test that both ways lead to the same tables).
"""

import logging
import secrets
from pathlib import Path

from sqlalchemy import Connection, Engine, inspect, text

from orcaops.model.errors import not_found, unavailable
from orcaops.recording.sql import (  # noqa: F401 - registers
    fulltext,
    notice_tables,
    optimization_tables,
    sandbox_tables,
    tables,
)
from orcaops.recording.sql.columns import metadata
from orcaops.recording.sql.failures import explained

LATEST = 6
"""The version of the tables in this release: the number of the last file in ``migrations/versions``."""

MIGRATIONS = Path(__file__).parent / "migrations"

_LOCK = 7_062_022  # any number that no other program uses for an advisory lock

log = logging.getLogger(__name__)


def prepare(engine: Engine, where: str, *, create: bool) -> None:
    """Make the database what this release expects.

    Raises ``invalid`` if it is corrupt or was written by a newer release, ``not_found`` if it is
    empty and may not be made, ``unavailable`` if it does not answer.
    """
    with explained(where), engine.connect() as connection:
        version = version_of(connection)
        connection.rollback()
    if version == LATEST:
        return
    _refuse_newer(version, where)
    if version is None and not create:
        raise not_found("the database is empty", where=where, hint="Run a job first: it fills it.")
    with explained(where), engine.connect() as connection:
        _lock(connection)
        version = version_of(connection)  # another process may have been faster
        _refuse_newer(version, where)
        if version is None:
            _make(connection)
        elif version < LATEST:
            _migrate(connection, version, where)
        connection.commit()


def version_of(connection: Connection) -> int | None:
    """The version that a database was written by; None if it has no tables of ours."""
    if not inspect(connection).has_table("alembic_version"):
        return None
    found = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return int(found) if found else None


def _refuse_newer(version: int | None, where: str) -> None:
    if version is not None and version > LATEST:
        raise unavailable(
            f"the database was written by a newer OrcaOps (version {version}, this one knows {LATEST})",
            where=where,
            hint="Install the newer release again, or point OrcaOps at another database. "
            "Nothing was changed.",
        )


def _lock(connection: Connection) -> None:
    if connection.dialect.name == "sqlite":
        # The journal's mode is kept in the file and cannot be changed inside a transaction.
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    else:
        connection.execute(text("SELECT pg_advisory_xact_lock(:number)"), {"number": _LOCK})


def _make(connection: Connection) -> None:
    metadata.create_all(connection, checkfirst=False)
    fulltext.for_new(connection).make(connection)
    connection.execute(text("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)"))
    connection.execute(text("INSERT INTO alembic_version VALUES (:version)"), {"version": f"{LATEST:04}"})
    connection.execute(
        text("INSERT INTO meta (name, value) VALUES ('installation', :id), ('watermark', '0')"),
        {"id": secrets.token_hex(16)},
    )


def _migrate(connection: Connection, version: int, where: str) -> None:
    from alembic import command
    from alembic.config import Config

    log.info("bringing %s from version %d to %d", where, version, LATEST)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    command.upgrade(config, f"{LATEST:04}")
