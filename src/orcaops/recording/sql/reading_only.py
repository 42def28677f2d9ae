"""A SQLite file that cannot be written now, opened for reading: on a full disk, or one that is mounted so.

A reader of a database with a write-ahead log writes too: it shares an index of that log with others in a
file. Where there is no room for it, and nobody else can be writing, the file is read as it lies.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import Engine
from sqlalchemy.engine import make_url

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.recording.sql.connecting import sqlite_engine
from orcaops.recording.sql.failures import explained, writing_failed


def open_for_reading(url: str, failure: OrcaError) -> Engine:
    """An engine that only reads, where opening the file failed because it could not be written.

    Raises the ``failure`` again where that was another one, or where the file cannot be read either.
    """
    if failure.code is not ErrorCode.UNAVAILABLE or not writing_failed(failure):
        raise failure
    for engine in _ways(url):
        try:
            with explained(""), engine.connect() as connection:
                connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar()
                connection.rollback()
        except OrcaError:
            engine.dispose()
        else:
            return engine
    raise failure


def _ways(url: str) -> Iterator[Engine]:
    """As others who write let us; else as it lies, unless a log has what is not yet in it."""
    path = Path(make_url(url).database or "")
    if not path.is_file() or not path.stat().st_size:
        return
    yield sqlite_engine(url, lambda: _connected(path, "mode=ro"))
    wal = path.with_name(f"{path.name}-wal")
    if not wal.exists() or not wal.stat().st_size:
        yield sqlite_engine(url, lambda: _connected(path, "mode=ro&immutable=1"))


def _connected(path: Path, how: str) -> sqlite3.Connection:
    address = f"file:{quote(str(path.absolute()))}?{how}"
    return sqlite3.connect(address, uri=True, isolation_level=None, check_same_thread=False)
