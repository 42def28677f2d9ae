"""Telling: notices are brought to people, and what became of them is told.

What absorbing found worth telling (:mod:`orcaops.services.absorbing.announcing`) waits in the outbox until
its window closes, so that what comes together is told together; then each channel has a delivery of its
own. A delivery is claimed in one transaction, sent outside of any, and settled in another: nobody waits
for a slow receiver, two processes never have the same delivery at once, and what a process was sending when
it was killed is sent again after a while, under the same id.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from orcaops.model.anomaly import Severity
from orcaops.model.check import Check
from orcaops.model.identity import content_id
from orcaops.model.notice import Delivery, DeliveryState, Notice, Reached
from orcaops.model.quantities import show_duration
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.notifying.digest import grouped
from orcaops.notifying.notifier import Notifier, Receipt
from orcaops.notifying.settings import NotifySettings
from orcaops.recording.store import Store, Transaction

log = logging.getLogger(__name__)

_AT_ONCE = 500
_CLAIM = timedelta(minutes=5)  # far longer than a channel may take: then its process has died
_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
_OVERDUE = timedelta(minutes=5)
_SENT_KEPT = timedelta(days=30)


class Telling:
    """Empties the outbox, and says what became of it."""

    def __init__(
        self,
        store: Store,
        channels: Sequence[Notifier],
        clock: Callable[[], datetime],
        *,
        settings: NotifySettings | None = None,
    ) -> None:
        self._store = store
        self._channels = {channel.name: channel for channel in channels}
        self._clock = clock
        self._settings = settings or NotifySettings()
        self._hours = self._settings.hours()
        self._lock = threading.Lock()

    def deliver(self) -> int:
        """Send what is due; returns how many notices were sent. Of several threads one at a time does it."""
        with self._lock:
            self._hand_over()
            sent = 0
            while (delivery := self._claim()) is not None:
                sent += self._send(delivery)
            return sent

    def test(self, workspace: str) -> list[Reached]:
        """Send a test notice through every channel at once, past groups and quiet hours; say what became."""
        at = self._clock()
        notice = Notice(
            id=content_id("test", workspace, at.isoformat()),
            workspace=workspace,
            severity=Severity.INFO,
            title="OrcaOps can reach you here",
            body="This is a test that somebody asked for (orcaops notify test). Nothing has happened.",
            at=at,
            subject="test",
        )
        receipts = {name: _sent(channel, notice) for name, channel in self._channels.items()}
        return [
            Reached(channel=name, sent=receipt.sent, reason=receipt.reason)
            for name, receipt in receipts.items()
        ]

    def deliveries(
        self,
        workspace: str,
        *,
        state: DeliveryState | None = None,
        text: str = "",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Delivery]:
        """What was or is on its way to people, latest first.

        ``text`` is a part of the title or of the channel's name.
        """
        with self._store.read() as transaction:
            return transaction.deliveries.page(workspace, state=state, text=text, limit=limit, cursor=cursor)

    def retry(self, workspace: str) -> int:
        """Let everything that was given up be tried again; returns how many."""
        with self._store.write() as transaction:
            return transaction.deliveries.retry(workspace, self._clock())

    def checks(self) -> Iterator[Check]:
        """For ``doctor``: each channel, what it could not deliver, and what waits with nobody to send it."""
        with self._store.read() as transaction:
            counts = transaction.deliveries.counts()
            failed = {each.channel: each.reason for each in transaction.deliveries.page(state="failed").items}
            long_ago = self._clock() - _OVERDUE
            overdue = transaction.outbox.pending(long_ago) or transaction.deliveries.pending(
                list(self._channels), long_ago
            )
        if overdue and (self._hours is None or self._hours.until(self._clock()) is None):
            yield Check(
                name="telling",
                state="warning",
                sentence="notices have waited for more than five minutes with nobody to send them",
                hint="`orcaops serve` sends them by itself, `orcaops notify send` once.",
            )
        for name, channel in self._channels.items():
            found = counts.pop(name, {})
            trouble = channel.trouble()
            given_up, waiting = found.get("failed", 0), found.get("waiting", 0) + found.get("sending", 0)
            if trouble is not None:
                hint = f"Mend [notify.channels.{name}], then `orcaops notify test`."
                yield Check(name=f"channel {name}", state="warning", sentence=trouble, hint=hint)
            if given_up:
                yield Check(
                    name=f"channel {name}",
                    state="warning",
                    sentence=f"{given_up} messages could not be delivered, last: {failed.get(name)}",
                    hint="`orcaops notify list --failed` shows them, `orcaops notify retry` tries again.",
                )
            if trouble is None and not given_up:
                more = f", {waiting} on their way" if waiting else ""
                yield Check(name=f"channel {name}", state="ok", sentence=f"ready{more}")
        for name, found in counts.items():
            yield Check(
                name=f"channel {name}",
                state="warning",
                sentence=f"{sum(found.values())} messages are for a channel that is no longer configured",
                hint=f"Configure [notify.channels.{name}] again to have them sent.",
            )

    def failing(self) -> dict[str, str]:
        """The channels that have given something up, with the reason; for ``health``."""
        with self._store.read() as transaction:
            failed = transaction.deliveries.page(state="failed").items
        return {f"channel {each.channel}": each.reason or "undelivered" for each in reversed(failed)}

    def _hand_over(self) -> None:
        """What is due leaves the outbox, and with it what waits beside it: one message for each channel."""
        now = self._clock()
        with self._store.read() as transaction:
            if not transaction.outbox.pending(now):
                return
        with self._store.write() as transaction:
            due: dict[str, list[Notice]] = {}
            for notice in transaction.outbox.due(now, _AT_ONCE):
                due.setdefault(notice.workspace, []).append(notice)
            for workspace, notices in due.items():
                held = [notice for notice in notices if not self._passes(notice, now)]
                if held and self._hours is not None:
                    until = self._hours.until(now) or now
                    transaction.outbox.hold(workspace, [notice.id for notice in held], until)
                if len(held) == len(notices):
                    continue
                together = {notice.id: notice for notice in transaction.outbox.waiting(workspace)}
                together |= {notice.id: notice for notice in notices}
                going = [notice for notice in together.values() if self._passes(notice, now)]
                self._address(transaction, _for_themselves(transaction, workspace, going), now)
                transaction.outbox.handed_over(workspace, [notice.id for notice in going])
            transaction.deliveries.forget_settled(now - _SENT_KEPT)

    def _passes(self, notice: Notice, now: datetime) -> bool:
        if self._hours is None or self._hours.until(now) is None:
            return True
        return self._settings.critical_passes and notice.severity is Severity.CRITICAL

    def _address(self, transaction: Transaction, notices: Sequence[Notice], now: datetime) -> None:
        """Give each channel one notice of those that are for it."""
        for least in Severity:
            names = [name for name, channel in self._channels.items() if channel.least is least]
            wanted = [notice for notice in notices if notice.severity.rank >= least.rank]
            if names and wanted:
                transaction.deliveries.add(grouped(wanted), names, at=now)

    def _claim(self) -> Delivery | None:
        now, names = self._clock(), list(self._channels)
        with self._store.read() as transaction:
            if not transaction.deliveries.pending(names, now):
                return None
        with self._store.write() as transaction:
            return transaction.deliveries.claim(names, now, until=now + _CLAIM)

    def _send(self, delivery: Delivery) -> bool:
        receipt = _sent(self._channels[delivery.channel], delivery.notice)
        now = self._clock()
        with self._store.write() as transaction:
            if receipt.sent:
                transaction.deliveries.settle(delivery, "sent", at=now)
                return True
            pause = min(_PAUSE * 2 ** min(delivery.attempts - 1, 20), _LONGEST_PAUSE)
            if receipt.retry_after_s is not None:
                pause = max(pause, timedelta(seconds=receipt.retry_after_s))
            last = delivery.created_at + timedelta(seconds=self._settings.give_up_after)
            if not receipt.permanent and now + pause <= last:
                transaction.deliveries.settle(
                    delivery, "waiting", at=now, next_at=now + pause, reason=receipt.reason
                )
                return False
            reason = receipt.reason
            if not receipt.permanent:
                tried = show_duration(self._settings.give_up_after)
                reason = f"{reason}; given up after {delivery.attempts} attempts in {tried}"
            transaction.deliveries.settle(delivery, "failed", at=now, reason=reason)
        log.warning("nobody was told through %s of %r: %s", delivery.channel, delivery.notice.title, reason)
        return False


def _for_themselves(transaction: Transaction, workspace: str, notices: Sequence[Notice]) -> list[Notice]:
    """The notices without those of anomalies that have become part of another while they waited."""
    about = [each for notice in notices if notice.subject == "anomaly" for each in notice.subject_ids]
    parts = {each.id for each in transaction.anomalies.find(workspace, about) if each.part_of is not None}
    return [notice for notice in notices if not parts.issuperset(notice.subject_ids)]


def _sent(channel: Notifier, notice: Notice) -> Receipt:
    try:
        return channel.send(notice)
    except Exception as error:  # noqa: BLE001 - a foreign channel may raise anything, and name what it likes
        return Receipt(sent=False, reason=f"the channel raised {type(error).__name__}")
