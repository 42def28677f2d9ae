"""Insert or replace, as both databases write it."""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Table


def upsert(
    connection: Connection,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: Sequence[str],
    replace: Sequence[str],
) -> None:
    """Insert the rows; where one of that ``key`` is there, replace the columns ``replace``, if any."""
    if not rows:
        return
    statement = _insert(connection, table)
    if replace:
        new = statement.excluded
        statement = statement.on_conflict_do_update(
            index_elements=key, set_={column: new[column] for column in replace}
        )
    else:
        statement = statement.on_conflict_do_nothing(index_elements=key)
    connection.execute(statement, list(rows))


def _insert(connection: Connection, table: Table) -> Any:
    # The two dialects' inserts are written alike; only the one in use is loaded.
    if connection.dialect.name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        return postgresql_insert(table)
    from sqlalchemy.dialects.sqlite import insert as sqlite_insert

    return sqlite_insert(table)
