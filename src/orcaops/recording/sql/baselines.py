# ruff: noqa: D102 - the contract is documented in recording/store.py
"""Baselines: as they are listed."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, bindparam, delete, or_, select, tuple_

from orcaops.model.baseline import Baseline
from orcaops.model.errors import not_found
from orcaops.model.key import STEP_BEHIND
from orcaops.model.query import Page
from orcaops.recording.sql.cursors import digest_of
from orcaops.recording.sql.paging import mentions, page_of_rows
from orcaops.recording.sql.records import clean, record_of
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
            matching = matching.where(mentions(self._connection, text, baselines.c.key))
        digest = digest_of("baselines", workspace, text)
        latest_first = (baselines.c.last_updated, baselines.c.key)
        return page_of_rows(
            self._connection, matching, latest_first, _baseline, digest=digest, limit=limit, cursor=cursor
        )

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


def _baseline(row: Row[Any]) -> Baseline:
    return Baseline.from_stored(row.record)
