"""Connections: how a URL becomes an engine, and what each new connection is told."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.pool import QueuePool

from orcaops.model.errors import invalid, not_found, unavailable

BUSY_S = 60.0
"""How long a writer waits for another process before it gives up."""

_CACHE_KIB = 16 * 1024
_LONGEST_WAL_BYTES = 64 * 1024 * 1024
_CHECKPOINT_PAGES = 4000  # 16 MiB: a batch that is absorbed writes many pages again that the last one wrote


def connect(url: str, *, create: bool) -> Engine:
    """An engine for the URL; for SQLite the file is made first, readable by its owner alone.

    Raises ``invalid`` for a URL that names neither SQLite nor PostgreSQL, ``not_found`` where there is
    no file and none may be made, ``unavailable`` where the file cannot be reached.
    """
    try:
        parsed = make_url(url)
        backend = parsed.get_backend_name()
    except (ArgumentError, ValueError) as error:
        raise _no_such(url) from error
    if backend == "sqlite":
        return _sqlite(parsed, create=create)
    if backend == "postgresql":
        return _postgresql(parsed.set(drivername="postgresql+psycopg"))
    raise _no_such(parsed.render_as_string())


def _no_such(url: str) -> Exception:
    return invalid(
        f"{url!r} does not name a database that OrcaOps knows",
        where="url",
        hint="Write sqlite:////path/to/orcaops.db or postgresql+psycopg://user@host/database.",
    )


def _sqlite(url: URL, *, create: bool) -> Engine:
    if not url.database or url.database == ":memory:":
        raise invalid("a database in memory would be forgotten", where="url", hint="Name a file.")
    path = Path(url.database)
    try:
        if create:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
        elif not path.is_file():
            raise not_found("there is no database", where=str(path), hint="Run a job first: it makes one.")
    except OSError as error:
        raise unavailable(
            f"the database cannot be opened ({error.strerror})",
            where=str(path),
            hint="Look at the owner and the permissions of the folder, and at the disk.",
        ) from error
    return sqlite_engine(url)


def sqlite_engine(url: str | URL, connected: Callable[[], sqlite3.Connection] | None = None) -> Engine:
    """An engine for a SQLite file; ``connected`` opens it in another way than for reading and writing."""
    engine = create_engine(
        make_url(url).set(drivername="sqlite"),
        **({} if connected is None else {"creator": connected}),
        poolclass=QueuePool,
        pool_size=5,
        max_overflow=60,
        pool_timeout=BUSY_S,
        pool_reset_on_return=None,
        # Transactions are begun by us: the driver's own way takes no lock until the first write.
        connect_args={"timeout": BUSY_S, "isolation_level": None, "check_same_thread": False},
    )
    event.listen(engine, "connect", _prepare_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _record: Any) -> None:
    # WAL with synchronous=NORMAL: what was committed survives the death of any process. When the
    # power fails, the last transactions may be missing; the file stays whole.
    connection.executescript(
        f"""
        PRAGMA busy_timeout = {int(BUSY_S * 1000)};
        PRAGMA synchronous = NORMAL;
        PRAGMA foreign_keys = ON;
        PRAGMA temp_store = MEMORY;
        PRAGMA cache_size = -{_CACHE_KIB};
        PRAGMA wal_autocheckpoint = {_CHECKPOINT_PAGES};
        PRAGMA journal_size_limit = {_LONGEST_WAL_BYTES};
        """
    )


def _postgresql(url: URL) -> Engine:
    try:
        return create_engine(url, pool_size=5, max_overflow=60, pool_timeout=BUSY_S, pool_pre_ping=True)
    except (ModuleNotFoundError, NoSuchModuleError) as error:
        raise unavailable(
            "the driver for PostgreSQL is not installed",
            where="url",
            hint="Install it with: pip install 'orcaops[postgres]'",
        ) from error
