# ruff: noqa: D102 - the contract is documented in recording/store.py
"""Anomalies: as they are listed, with what people decided about them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, bindparam, delete, func, select, tuple_, update
from sqlalchemy.sql import Select

from orcaops.model.anomaly import Anomaly
from orcaops.model.errors import invalid, not_found
from orcaops.model.query import Page
from orcaops.recording.sql.cursors import digest_of
from orcaops.recording.sql.paging import mentions, page_of_rows
from orcaops.recording.sql.records import clean, record_of
from orcaops.recording.sql.sequence import microseconds
from orcaops.recording.sql.tables import anomalies, anomaly_runs
from orcaops.recording.sql.upserts import upsert

_AT_ONCE = 500

_FACTS = ("job_id", "key", "type", "severity", "detected_at", "open", "title", "muted", "record")
_WHOLE = select(
    anomalies.c.workspace,
    anomalies.c.id,
    anomalies.c.detected_at,
    anomalies.c.acknowledged,
    anomalies.c.note,
    anomalies.c.resolution,
    anomalies.c.record,
)
_HERE = anomalies.c.workspace == bindparam("workspace")
_FIND = _WHOLE.where(_HERE, anomalies.c.id.in_(bindparam("ids", expanding=True)))
_OPEN_OF_KEY = (
    _WHOLE.where(
        _HERE,
        anomalies.c.key == bindparam("key"),
        # Of a key there are few: no index but the one on keys is to be taken.
        func.coalesce(anomalies.c.type, "") == bindparam("kind"),
        func.coalesce(anomalies.c.open, 0) == 1,
    )
    .order_by(anomalies.c.detected_at.desc(), anomalies.c.id.desc())
    .limit(bindparam("most"))
)
_OPEN_OF_KEYS = _WHOLE.where(
    _HERE, anomalies.c.key.in_(bindparam("keys", expanding=True)), func.coalesce(anomalies.c.open, 0) == 1
)
_BEGUN_SINCE = (
    _WHOLE.where(_HERE, anomalies.c.detected_at >= bindparam("at"))
    .order_by(anomalies.c.detected_at.desc(), anomalies.c.id.desc())
    .limit(bindparam("most"))
)
_OF_KEYS_SINCE = _BEGUN_SINCE.where(anomalies.c.key.in_(bindparam("keys", expanding=True)))
_OF_RUN = (
    _WHOLE.join_from(
        anomalies,
        anomaly_runs,
        (anomaly_runs.c.workspace == anomalies.c.workspace) & (anomaly_runs.c.anomaly_id == anomalies.c.id),
    )
    .where(anomaly_runs.c.workspace == bindparam("workspace"), anomaly_runs.c.job_id == bindparam("job_id"))
    .order_by(anomalies.c.detected_at, anomalies.c.id)
)
_EQUAL = ("type", "severity", "key", "job_id")
_YES_NO = ("acknowledged", "open", "resolved", "muted")


class Anomalies:
    """See :class:`orcaops.recording.store.AnomalyRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def get(self, workspace: str, anomaly_id: str) -> Anomaly:
        found = self.find(workspace, [anomaly_id])
        if not found:
            raise _no_anomaly(anomaly_id)
        return found[0]

    def find(self, workspace: str, anomaly_ids: Iterable[str]) -> list[Anomaly]:
        ids = [clean(each) for each in dict.fromkeys(anomaly_ids)]
        found = {}
        for start in range(0, len(ids), _AT_ONCE):
            chunk = {"workspace": workspace, "ids": ids[start : start + _AT_ONCE]}
            for row in self._connection.execute(_FIND, chunk):
                found[row.id] = _anomaly(row)
        return [found[each] for each in ids if each in found]

    def open_of_key(self, workspace: str, key: str, kind: str, *, limit: int = 5) -> list[Anomaly]:
        asked = {"workspace": workspace, "key": clean(key), "kind": kind, "most": limit}
        return [_anomaly(row) for row in self._connection.execute(_OPEN_OF_KEY, asked)]

    def open_of_keys(self, workspace: str, keys: Iterable[str]) -> list[Anomaly]:
        return [
            _anomaly(row)
            for chunk in _chunks(keys)
            for row in self._connection.execute(_OPEN_OF_KEYS, {"workspace": workspace, "keys": chunk})
        ]

    def begun_since(
        self, workspace: str, at: datetime, *, keys: Iterable[str] | None = None, limit: int
    ) -> list[Anomaly]:
        asked = {"workspace": workspace, "at": microseconds(at), "most": limit}
        if keys is None:
            return [_anomaly(row) for row in self._connection.execute(_BEGUN_SINCE, asked)]
        found = [
            _anomaly(row)
            for chunk in _chunks(keys)
            for row in self._connection.execute(_OF_KEYS_SINCE, asked | {"keys": chunk})
        ]
        return sorted(found, key=lambda anomaly: (anomaly.detected_at, anomaly.id), reverse=True)[:limit]

    def put_many(self, new: Sequence[Anomaly]) -> None:
        upsert(
            self._connection,
            anomalies,
            [_row(anomaly) for anomaly in new],
            key=("workspace", "id"),
            replace=_FACTS,
        )
        belonging = {
            (anomaly.workspace, job_id, anomaly.id)
            for anomaly in new
            for job_id in (anomaly.job_id, *anomaly.job_ids)
        }
        upsert(
            self._connection,
            anomaly_runs,
            [
                {"workspace": workspace, "job_id": job_id, "anomaly_id": anomaly_id}
                for workspace, job_id, anomaly_id in sorted(belonging)
            ],
            key=("workspace", "job_id", "anomaly_id"),
            replace=(),
        )

    def forget(self, workspace: str, anomaly_ids: Iterable[str]) -> None:
        for chunk in _chunks(anomaly_ids):
            for table, column in ((anomaly_runs, anomaly_runs.c.anomaly_id), (anomalies, anomalies.c.id)):
                gone = delete(table).where(table.c.workspace == workspace, column.in_(chunk))
                self._connection.execute(gone)

    def page(
        self,
        workspace: str,
        *,
        filters: Mapping[str, str] | None = None,
        text: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Anomaly]:
        chosen = dict(sorted((filters or {}).items()))
        matching = _WHOLE.where(anomalies.c.workspace == workspace)
        matching = matching.where(*(_filter(name, value) for name, value in chosen.items()))
        if text:
            matching = matching.where(mentions(self._connection, text, anomalies.c.title, anomalies.c.key))
        digest = digest_of("anomalies", workspace, chosen, text)
        latest_first = (anomalies.c.detected_at, anomalies.c.id)
        return page_of_rows(
            self._connection, matching, latest_first, _anomaly, digest=digest, limit=limit, cursor=cursor
        )

    def of_run(self, workspace: str, job_id: str) -> list[Anomaly]:
        rows = self._connection.execute(_OF_RUN, {"workspace": workspace, "job_id": job_id})
        return [_anomaly(row) for row in rows]

    def decide(
        self,
        workspace: str,
        anomaly_id: str,
        *,
        acknowledged: bool | None = None,
        note: str | None = None,
        resolution: str | None = None,
    ) -> None:
        # Setting a column to itself locks the row and tells whether there is one.
        values: dict[str, Any] = {"id": anomalies.c.id}
        if acknowledged is not None:
            values["acknowledged"] = int(acknowledged)
        if note is not None:
            values["note"] = clean(note) or None
        if resolution is not None:
            values["resolution"] = clean(resolution) or None
        here = (anomalies.c.workspace == workspace) & (anomalies.c.id == clean(anomaly_id))
        if not self._connection.execute(update(anomalies).where(here).values(values)).rowcount:
            raise _no_anomaly(anomaly_id)

    def since(self, at: datetime) -> Iterator[Anomaly]:
        order = (anomalies.c.detected_at, anomalies.c.workspace, anomalies.c.id)
        yield from self._all(_WHOLE.where(anomalies.c.detected_at >= microseconds(at)), order)

    def each(self) -> Iterator[Anomaly]:
        yield from self._all(_WHOLE, (anomalies.c.workspace, anomalies.c.id))

    def _all(self, wanted: Select[Any], order: Sequence[ColumnElement[Any]]) -> Iterator[Anomaly]:
        chunk = wanted.order_by(*order).limit(_AT_ONCE)
        rows = self._connection.execute(chunk).all()
        while rows:
            yield from map(_anomaly, rows)
            last = [getattr(rows[-1], str(column.key)) for column in order]
            rows = self._connection.execute(chunk.where(tuple_(*order) > tuple_(*last))).all()


def _chunks(keys: Iterable[str]) -> Iterator[list[str]]:
    wanted = sorted({clean(key) for key in keys})
    for start in range(0, len(wanted), _AT_ONCE):
        yield wanted[start : start + _AT_ONCE]


def _filter(name: str, value: str) -> ColumnElement[bool]:
    if name in _EQUAL:
        return anomalies.c[name] == clean(str(value))
    if name not in _YES_NO:
        raise invalid(
            f"anomalies have no filter {name!r}",
            where=name,
            hint=f"Known filters: {', '.join((*_EQUAL, *_YES_NO))}.",
        )
    wanted = str(value).lower()
    if wanted not in ("true", "false", "yes", "no", "1", "0"):
        raise invalid(
            f"{value!r} is neither true nor false", where=name, hint=f"Write {name}=true or {name}=false."
        )
    yes = wanted in ("true", "yes", "1")
    if name == "resolved":
        return anomalies.c.resolution.is_not(None) if yes else anomalies.c.resolution.is_(None)
    return anomalies.c[name] == int(yes)


def _row(anomaly: Anomaly) -> dict[str, Any]:
    return {
        "workspace": anomaly.workspace,
        "id": anomaly.id,
        "job_id": anomaly.job_id,
        "key": clean(anomaly.key),
        "type": anomaly.type,
        "severity": anomaly.severity.value,
        "detected_at": microseconds(anomaly.detected_at),
        "open": int(anomaly.open),
        "acknowledged": int(anomaly.acknowledged),
        "note": anomaly.note,
        "resolution": anomaly.resolution,
        "title": clean(anomaly.title),
        "muted": int(anomaly.muted_by is not None),
        "record": record_of(anomaly),
    }


def _anomaly(row: Row[*tuple[Any, ...]]) -> Anomaly:
    decided = {"acknowledged": bool(row.acknowledged), "note": row.note, "resolution": row.resolution}
    return Anomaly.from_stored(row.record, **decided)


def _no_anomaly(anomaly_id: str) -> Exception:
    return not_found(
        f"there is no anomaly {anomaly_id[:130]!r}", where="id", hint="`orcaops anomalies list` shows them."
    )
