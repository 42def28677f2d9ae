"""Paging: one page of the rows that match, in descending order, and where the next one begins."""

from collections.abc import Callable, Sequence
from itertools import islice
from typing import Any, TypeVar

from sqlalchemy import ColumnElement, Connection, Row, Select, func, or_, select, tuple_

from orcaops.model.query import Page
from orcaops.recording.sql.cursors import cursor_of, place_of
from orcaops.recording.sql.records import clean
from orcaops.recording.sql.search import FEW, pattern

T = TypeVar("T")

_AT_ONCE = 500


def mentions(connection: Connection, text: str, *columns: ColumnElement[Any]) -> ColumnElement[bool]:
    """One of the columns has ``text`` in it, in which ``*`` stands for anything."""
    sqlite = connection.dialect.name == "sqlite"
    return or_(*(pattern(column, f"*{clean(text)}*", sqlite=sqlite) for column in columns))


def page_of_rows(
    connection: Connection,
    matching: Select[Any],
    by: Sequence[ColumnElement[Any]],
    read: Callable[[Row[Any]], T],
    *,
    digest: str,
    limit: int,
    cursor: str | None,
    keeps: Callable[[T], bool] | None = None,
) -> Page[T]:
    """The next ``limit`` of the matching rows as words, by ``by`` descending, which tell any two rows apart.

    ``digest`` stands for the list and its filters. ``keeps`` is a filter on what only the words say; it reads
    as far as the page needs, and the total stays unknown then. Raises ``not_found`` for a cursor of another
    list.
    """
    total: int | None = None
    asked = matching
    if cursor is not None:
        *place, total = place_of(cursor, digest, *(column.type.python_type for column in by), int)
        asked = matching.where(tuple_(*by) < tuple_(*place))
    elif keeps is None:
        few = matching.with_only_columns(by[-1]).limit(FEW + 1).subquery()
        count = connection.scalar(select(func.count()).select_from(few)) or 0
        total = count if count <= FEW else None
    asked = asked.order_by(*(column.desc() for column in by))
    if keeps is None:
        rows = [(row, read(row)) for row in connection.execute(asked.limit(limit + 1)).all()]
    else:
        with connection.execution_options(yield_per=_AT_ONCE).execute(asked) as found:
            read_rows = ((row, read(row)) for row in found)
            rows = list(islice((pair for pair in read_rows if keeps(pair[1])), limit + 1))
    more = None
    if len(rows) > limit:
        last, _ = rows[limit - 1]
        more = cursor_of(digest, *(last._mapping[column] for column in by), total)
    return Page[T].model_construct(
        items=tuple(word for _, word in rows[:limit]), next_cursor=more, total=total
    )
