# ruff: noqa: D102 - the contract is documented in recording/store.py
"""Imports under way: rows that expire."""

from sqlalchemy import Connection, bindparam, delete, select

from orcaops.recording.sql.tables import meta
from orcaops.recording.sql.upserts import upsert

_PREFIX = "importing:"

_ALL = select(meta.c.name, meta.c.value).where(meta.c.name.like(f"{_PREFIX}%"))
_FORGET = delete(meta).where(meta.c.name == bindparam("of_name"))


class Imports:
    """See :class:`orcaops.recording.store.ImportRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def hold(self, name: str, until_s: float) -> None:
        row = {"name": _PREFIX + name, "value": repr(float(until_s))}
        upsert(self._connection, meta, [row], key=("name",), replace=("value",))

    def release(self, name: str) -> None:
        self._connection.execute(_FORGET, {"of_name": _PREFIX + name})

    def under_way(self, now_s: float) -> bool:
        return any(until_s > now_s for until_s in self.marks().values())

    def marks(self) -> dict[str, float]:
        rows = self._connection.execute(_ALL).all()
        return {row.name.removeprefix(_PREFIX): float(row.value) for row in rows}
