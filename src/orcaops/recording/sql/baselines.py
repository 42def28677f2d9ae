# ruff: noqa: D102 - the contract is documented in recording/store.py
"""Baselines: as they are listed."""

from collections.abc import Iterator, Sequence

from sqlalchemy import Connection, and_, bindparam, delete, func, or_, select, tuple_

from orcaops.model.baseline import Baseline
from orcaops.model.errors import not_found
from orcaops.model.key import STEP_BEHIND
from orcaops.model.query import Page
from orcaops.recording.sql.cursors import cursor_of, digest_of, place_of
from orcaops.recording.sql.records import clean, record_of
from orcaops.recording.sql.search import FEW, pattern
from orcaops.recording.sql.sequence import microseconds
from orcaops.recording.sql.tables import baselines
from orcaops.recording.sql.upserts import upsert

_ROWS_AT_ONCE = 1000

_GET = select(baselines.c.record).where(
    baselines.c.workspace == bindparam("workspace"), baselines.c.key == bindparam("key")
)


class Baselines:
    """See :class:`orcaops.recording.store.BaselineRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, workspace: str, key: str) -> Baseline:
        record = self._connection.scalar(_GET, {"workspace": workspace, "key": clean(key)})
        if record is None:
            raise not_found(
                f"there is no baseline for {key[:300]!r}",
                where="key",
                hint="`orcaops baselines list` shows them.",
            )
        return Baseline.from_stored(record)

    def put_many(self, new: Sequence[Baseline]) -> None:
        upsert(
            self._connection,
            baselines,
            [
                {
                    "workspace": baseline.workspace,
                    "key": clean(baseline.key),
                    "last_updated": microseconds(baseline.last_updated),
                    "record": record_of(baseline),
                }
                for baseline in new
            ],
            key=("workspace", "key"),
            replace=("last_updated", "record"),
        )

    def forget(self, workspace: str, key: str) -> None:
        steps = clean(key) + STEP_BEHIND
        below = and_(baselines.c.key >= steps, baselines.c.key < steps[:-1] + chr(ord(steps[-1]) + 1))
        concerned = or_(baselines.c.key == clean(key), below)
        self._connection.execute(delete(baselines).where(baselines.c.workspace == workspace, concerned))

    def page(
        self, workspace: str, *, text: str = "", limit: int = 50, cursor: str | None = None
    ) -> Page[Baseline]:
        here = baselines.c.workspace == workspace
        matching = select(baselines.c.last_updated, baselines.c.key, baselines.c.record).where(here)
        if text:
            sqlite = self._connection.dialect.name == "sqlite"
            matching = matching.where(pattern(baselines.c.key, f"*{clean(text)}*", sqlite=sqlite))
        digest = digest_of("baselines", workspace, text)
        total: int | None
        if cursor is None:
            few = matching.with_only_columns(baselines.c.key).limit(FEW + 1).subquery()
            count = self._connection.scalar(select(func.count()).select_from(few)) or 0
            total = count if count <= FEW else None
            rest = matching
        else:
            at, key, total = place_of(cursor, digest, int, str, int)
            rest = matching.where(tuple_(baselines.c.last_updated, baselines.c.key) < tuple_(at, key))
        latest_first = rest.order_by(baselines.c.last_updated.desc(), baselines.c.key.desc())
        rows = self._connection.execute(latest_first.limit(limit + 1)).all()
        items = tuple(Baseline.from_stored(row.record) for row in rows[:limit])
        more = None
        if len(rows) > limit:
            more = cursor_of(digest, rows[limit - 1].last_updated, rows[limit - 1].key, total)
        return Page[Baseline].model_construct(items=items, next_cursor=more, total=total)

    def each(self, workspace: str | None = None) -> Iterator[Baseline]:
        order = (baselines.c.workspace, baselines.c.key)
        chunk = select(*order, baselines.c.record).order_by(*order).limit(_ROWS_AT_ONCE)
        if workspace is not None:
            chunk = chunk.where(baselines.c.workspace == workspace)
        rows = self._connection.execute(chunk).all()
        while rows:
            for row in rows:
                yield Baseline.from_stored(row.record)
            behind = tuple_(*order) > tuple_(rows[-1].workspace, rows[-1].key)
            rows = self._connection.execute(chunk.where(behind)).all()
