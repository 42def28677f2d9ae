"""The store over SQLite and PostgreSQL: one implementation, SQLAlchemy Core."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from orcaops.recording.store import Store


def open_store(url: str, *, create: bool = True) -> "Store":
    """The store at ``sqlite:////path/to/file`` or ``postgresql+psycopg://user@host/database``.

    A database that is new is filled, one that is old is brought up to date, both under a lock. A new
    file can be read by its owner alone.

    Raises ``invalid`` for a URL of another kind, and for a database that is corrupt or was written by a newer
    release; ``not_found`` if there is none and ``create`` is false; ``unavailable`` if it does not answer.
    """
    from orcaops.recording.sql.connecting import connect
    from orcaops.recording.sql.schema import prepare
    from orcaops.recording.sql.store import SqlStore

    engine = connect(url, create=create)
    where = engine.url.database or "" if engine.dialect.name == "sqlite" else engine.url.render_as_string()
    try:
        prepare(engine, where, create=create)
    except BaseException:
        engine.dispose()
        raise
    return SqlStore(engine, where)
