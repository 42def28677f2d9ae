"""The store over SQLite and PostgreSQL: one implementation, SQLAlchemy Core."""

from typing import TYPE_CHECKING

from orcaops.model.errors import OrcaError

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from orcaops.recording.store import Store


def open_store(url: str, *, create: bool = True) -> "Store":
    """The store at ``sqlite:////path/to/file`` or ``postgresql+psycopg://user@host/database``.

    A database that is new is filled, one that is old is brought up to date, both under a lock. A new
    file can be read by its owner alone. Where a SQLite file is there and cannot be written now (a full disk,
    one that is mounted for reading), the store answers questions, and says in ``unwritable`` why not more.

    Raises ``invalid`` for a URL of another kind, and for a database that is corrupt or was written by a newer
    release; ``not_found`` if there is none and ``create`` is false; ``unavailable`` if it does not answer.
    """
    from orcaops.recording.sql.connecting import connect
    from orcaops.recording.sql.store import SqlStore

    try:
        engine = connect(url, create=create)
        where = _prepared(engine, create=create)
    except OrcaError as failure:
        from orcaops.recording.sql.reading_only import open_for_reading

        engine = open_for_reading(url, failure)
        return SqlStore(engine, _prepared(engine, create=False), unwritable=failure)
    return SqlStore(engine, where)


def _prepared(engine: "Engine", *, create: bool) -> str:
    """Where the database is, once it is what this release expects."""
    from orcaops.recording.sql.schema import prepare

    where = engine.url.database or "" if engine.dialect.name == "sqlite" else engine.url.render_as_string()
    try:
        prepare(engine, where, create=create)
    except BaseException:
        engine.dispose()
        raise
    return where
