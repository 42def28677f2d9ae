"""Many rows at once: inserted, inserted or replaced, as both databases write it.

SQLAlchemy says each statement once; the rows then go to the driver as they are. Looking at every value
again on its way would cost more than the database takes to write it.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, Dialect, Executable, Table, insert

Rows = Sequence[Mapping[str, Any]]
"""All name the same columns; their values are what the driver takes."""


def insert_many(connection: Connection, table: Table, rows: Rows) -> None:
    """Insert the rows."""
    write_many(connection, _inserting(table), rows)


def upsert(
    connection: Connection, table: Table, rows: Rows, *, key: Sequence[str], replace: Sequence[str]
) -> None:
    """Insert the rows; where one of that ``key`` is there, replace the columns ``replace``, if any."""
    statement = _upserting(connection.dialect.name, table, tuple(key), tuple(replace))
    write_many(connection, statement, rows)


def write_many(connection: Connection, statement: Executable, rows: Rows) -> None:
    """Execute a statement that is written down once, at the top of a module, for each of the rows."""
    if not rows:
        return
    said, order = _said(connection.dialect, statement, tuple(rows[0]))
    if order is None:
        connection.exec_driver_sql(said, list(rows))
    else:
        connection.exec_driver_sql(said, list(map(_in_order(*order), rows)))


@lru_cache(maxsize=256)
def _said(dialect: Dialect, statement: Any, columns: tuple[str, ...]) -> tuple[str, Sequence[str] | None]:
    """The statement in the dialect's own words, and the order of its values if they have no names."""
    compiled = statement.compile(dialect=dialect, column_keys=list(columns))
    return str(compiled), compiled.positiontup


def _in_order(*names: str) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    if len(names) == 1:  # an itemgetter of one item gives no tuple
        return lambda row: (row[names[0]],)
    return itemgetter(*names)


@lru_cache(maxsize=64)
def _inserting(table: Table) -> Executable:
    return insert(table)


@lru_cache(maxsize=64)
def _upserting(dialect_name: str, table: Table, key: tuple[str, ...], replace: tuple[str, ...]) -> Any:
    statement: Any
    # The two dialects' inserts are written alike; only the one in use is loaded.
    if dialect_name == "postgresql":
        from sqlalchemy.dialects.postgresql import insert as postgresql_insert

        statement = postgresql_insert(table)
    else:
        from sqlalchemy.dialects.sqlite import insert as sqlite_insert

        statement = sqlite_insert(table)
    if not replace:
        return statement.on_conflict_do_nothing(index_elements=key)
    new = {column: statement.excluded[column] for column in replace}
    return statement.on_conflict_do_update(index_elements=key, set_=new)
