# ruff: noqa: D102 - the contract is documented in recording/outbox.py
"""Deliveries: notices on their way through channels."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, func, select, update

from orcaops.model.notice import Delivery, DeliveryState, Notice
from orcaops.model.query import Page, is_in
from orcaops.recording.sql.cursors import digest_of
from orcaops.recording.sql.notice_tables import deliveries
from orcaops.recording.sql.paging import page_of_rows
from orcaops.recording.sql.records import clean, moment, record_of
from orcaops.recording.sql.sequence import microseconds
from orcaops.recording.sql.upserts import upsert

_LONGEST_REASON = 500


class Deliveries:
    """See :class:`orcaops.recording.outbox.DeliveryRepository`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def add(self, notice: Notice, channels: Iterable[str], *, at: datetime) -> None:
        upsert(
            self._connection,
            deliveries,
            [
                {
                    "workspace": notice.workspace,
                    "id": notice.id,
                    "channel": channel,
                    "state": "waiting",
                    "attempts": 0,
                    "created_at": microseconds(at),
                    "next_at": microseconds(at),
                    "record": record_of(notice),
                }
                for channel in channels
            ],
            key=("workspace", "id", "channel"),
            replace=(),
        )

    def pending(self, channels: Sequence[str], at: datetime) -> bool:
        asked = select(deliveries.c.serial).where(_claimable(channels, at)).limit(1)
        return self._connection.scalar(asked) is not None

    def claim(self, channels: Sequence[str], at: datetime, *, until: datetime) -> Delivery | None:
        asked = (
            select(deliveries)
            .where(_claimable(channels, at))
            .order_by(deliveries.c.next_at, deliveries.c.serial)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        row = self._connection.execute(asked).first()
        if row is None:
            return None
        claimed = {"state": "sending", "attempts": row.attempts + 1, "next_at": microseconds(until)}
        self._connection.execute(
            update(deliveries).where(deliveries.c.serial == row.serial).values(**claimed)
        )
        return _delivery(row, state="sending", attempts=row.attempts + 1, next_at=until)

    def settle(
        self,
        delivery: Delivery,
        state: DeliveryState,
        *,
        at: datetime,
        next_at: datetime | None = None,
        reason: str | None = None,
    ) -> None:
        notice = delivery.notice
        values: dict[str, Any] = {
            "state": state,
            "reason": None if reason is None else clean(reason)[:_LONGEST_REASON],
            "settled_at": microseconds(at) if state in ("sent", "failed") else None,
        }
        if next_at is not None:
            values["next_at"] = microseconds(next_at)
        here = and_(
            deliveries.c.workspace == notice.workspace,
            deliveries.c.id == notice.id,
            deliveries.c.channel == delivery.channel,
        )
        if state != "sent":  # a late answer of whoever lost the claim must not undo what another did
            here &= and_(deliveries.c.state == "sending", deliveries.c.attempts == delivery.attempts)
        self._connection.execute(update(deliveries).where(here).values(**values))

    def page(
        self,
        workspace: str | None = None,
        *,
        state: DeliveryState | None = None,
        text: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Delivery]:
        matching = select(deliveries)
        if workspace is not None:
            matching = matching.where(deliveries.c.workspace == workspace)
        if state is not None:
            matching = matching.where(deliveries.c.state == state)
        return page_of_rows(
            self._connection,
            matching,
            (deliveries.c.serial,),
            _delivery,
            digest=digest_of("deliveries", workspace, state, text),
            limit=limit,
            cursor=cursor,
            keeps=(lambda each: is_in(text, each.notice.title, each.channel)) if text else None,
        )

    def counts(self) -> dict[str, dict[str, int]]:
        asked = (
            select(deliveries.c.channel, deliveries.c.state, func.count())
            .where(deliveries.c.state.in_(("waiting", "sending", "failed")))
            .group_by(deliveries.c.channel, deliveries.c.state)
            .order_by(deliveries.c.channel, deliveries.c.state)
        )
        found: dict[str, dict[str, int]] = {}
        for channel, state, count in self._connection.execute(asked):
            found.setdefault(channel, {})[state] = count
        return found

    def retry(self, workspace: str, at: datetime) -> int:
        now = microseconds(at)
        again = update(deliveries).where(deliveries.c.state == "failed", deliveries.c.workspace == workspace)
        return self._connection.execute(
            again.values(state="waiting", created_at=now, next_at=now, settled_at=None)
        ).rowcount

    def forget_settled(self, before: datetime) -> int:
        gone = delete(deliveries).where(
            deliveries.c.state == "sent", deliveries.c.next_at < microseconds(before)
        )
        return self._connection.execute(gone).rowcount


def _claimable(channels: Sequence[str], at: datetime) -> ColumnElement[bool]:
    """What is due; what is claimed and not settled by its time belongs to somebody who has died."""
    return and_(
        deliveries.c.state.in_(("waiting", "sending")),
        deliveries.c.next_at <= microseconds(at),
        deliveries.c.channel.in_(channels),
    )


def _delivery(row: Row[*tuple[Any, ...]], **changed: Any) -> Delivery:
    given: dict[str, Any] = {
        "notice": Notice.from_stored(row.record),
        "channel": row.channel,
        "state": row.state,
        "attempts": row.attempts,
        "created_at": moment(row.created_at),
        "next_at": moment(row.next_at),
        "settled_at": None if row.settled_at is None else moment(row.settled_at),
        "reason": row.reason,
    }
    return Delivery(**(given | changed))
