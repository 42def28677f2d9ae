# ruff: noqa: D102 - the contract is documented in recording/store.py
"""Memories: what learners remember, as rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, or_, select, tuple_

from orcaops.model.key import STEP_BEHIND
from orcaops.model.test_case import BEHIND
from orcaops.recording.sql.records import clean
from orcaops.recording.sql.tables import memories
from orcaops.recording.sql.upserts import upsert
from orcaops.recording.store import MemoryKey

_END = BEHIND[:-1] + chr(ord(BEHIND[-1]) + 1)  # where the scopes of a key's tests end
_STEPS_END = STEP_BEHIND[:-1] + chr(ord(STEP_BEHIND[-1]) + 1)
_SCOPES_AT_ONCE = 200
_PLACES_AT_ONCE = 8
_ROWS_AT_ONCE = 1000

_KEY = ("workspace", "level", "scope", "learner", "version", "metric")
_COLUMNS = (*(memories.c[name] for name in _KEY), memories.c.memory)
# One statement per level: SQLite does not look up a list of triples in an index.
_SCOPES = select(
    memories.c.scope, memories.c.learner, memories.c.version, memories.c.metric, memories.c.memory
).where(
    memories.c.workspace == bindparam("workspace"),
    memories.c.level == bindparam("level"),
    memories.c.scope.in_(bindparam("scopes", expanding=True)),
)


class Memories:
    """See :class:`orcaops.recording.store.MemoryRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get_many(self, keys: Iterable[MemoryKey]) -> dict[MemoryKey, bytes]:
        wanted = set(keys)
        found: dict[MemoryKey, bytes] = {}
        places = {(key.workspace, key.level, clean(key.scope)) for key in wanted}
        if len(places) <= _PLACES_AT_ONCE:
            for workspace, level, scope, learner, version, metric, memory in self._of_places(sorted(places)):
                key = MemoryKey(workspace, learner, version, metric, level, scope)
                if key in wanted:
                    found[key] = memory
            return found
        by_level: dict[tuple[str, str], list[str]] = {}
        for workspace, level, scope in sorted(places):
            by_level.setdefault((workspace, level), []).append(scope)
        for (workspace, level), ordered in by_level.items():
            for start in range(0, len(ordered), _SCOPES_AT_ONCE):
                chunk = ordered[start : start + _SCOPES_AT_ONCE]
                asked = {"workspace": workspace, "level": level, "scopes": chunk}
                for scope, learner, version, metric, memory in self._connection.execute(_SCOPES, asked).all():
                    key = MemoryKey(workspace, learner, version, metric, level, scope)
                    if key in wanted:
                        found[key] = memory
        return found

    def _of_places(self, places: Sequence[tuple[str, str, str]]) -> Sequence[Row[*tuple[Any, ...]]]:
        """All rows of a few scopes, with one question: what absorbing a single run asks."""
        if not places:
            return ()
        mark = "?" if self._connection.dialect.name == "sqlite" else "%s"
        of_one = f"(workspace = {mark} AND level = {mark} AND scope = {mark})"
        asked = (
            "SELECT workspace, level, scope, learner, version, metric, memory FROM memories WHERE "  # noqa: S608 - marks alone
            + " OR ".join([of_one] * len(places))
        )
        return self._connection.exec_driver_sql(
            asked, tuple(part for place in places for part in place)
        ).all()

    def put_many(self, new: Mapping[MemoryKey, bytes]) -> None:
        upsert(
            self._connection,
            memories,
            [
                {
                    "workspace": key.workspace,
                    "level": key.level,
                    "scope": clean(key.scope),
                    "learner": key.learner,
                    "version": key.version,
                    "metric": key.metric,
                    "memory": memory,
                }
                # New ones are laid down scope by scope: what one run needs is then on few pages.
                for key, memory in sorted(new.items(), key=_by_scope)
            ],
            key=_KEY,
            replace=("memory",),
        )

    def forget(self, workspace: str, level: str, scope: str) -> None:
        here = and_(memories.c.workspace == workspace, memories.c.level == level)
        tests, steps = (
            and_(memories.c.scope >= clean(scope) + first, memories.c.scope < clean(scope) + end)
            for first, end in ((BEHIND, _END), (STEP_BEHIND, _STEPS_END))
        )
        concerned = or_(memories.c.scope == clean(scope), tests, steps)
        self._connection.execute(delete(memories).where(here, concerned))

    def below(
        self, workspace: str, learner: str, version: int, prefix: str, *, after: str = "", limit: int = 100
    ) -> list[tuple[MemoryKey, bytes]]:
        first = max(clean(prefix), clean(after))
        asked = (
            select(*_COLUMNS)
            .where(
                memories.c.workspace == workspace,
                memories.c.level == "key",
                memories.c.scope >= first,
                memories.c.scope < clean(prefix)[:-1] + chr(ord(prefix[-1]) + 1),
                memories.c.scope > clean(after),
                memories.c.learner == learner,
                memories.c.version == version,
            )
            .order_by(memories.c.scope)
            .limit(limit)
        )
        return [
            (MemoryKey(workspace, learner, version, metric, level, scope), memory)
            for workspace, level, scope, learner, version, metric, memory in self._connection.execute(asked)
        ]

    def each(self) -> Iterator[tuple[MemoryKey, bytes]]:
        order = tuple_(*(memories.c[name] for name in _KEY))
        chunk = select(*_COLUMNS).order_by(*(memories.c[name] for name in _KEY)).limit(_ROWS_AT_ONCE)
        rows = self._connection.execute(chunk).all()
        while rows:
            for workspace, level, scope, learner, version, metric, memory in rows:
                yield MemoryKey(workspace, learner, version, metric, level, scope), memory
            rows = self._connection.execute(chunk.where(order > tuple_(*rows[-1][:-1]))).all()


def _by_scope(item: tuple[MemoryKey, bytes]) -> tuple[str, str, str, str, int, str]:
    workspace, learner, version, metric, level, scope = item[0]
    return workspace, level, scope, learner, version, metric
