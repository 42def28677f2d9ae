"""Telling: what was found becomes notices, and notices are brought to people.

Notices are written into the outbox in the transaction that found their reason. There they wait until
their window closes, so that what comes together is told together; then each channel has a delivery of its
own. A delivery is claimed in one transaction, sent outside of any, and settled in another: nobody waits
for a slow receiver, two processes never have the same delivery at once, and what a process was sending when
it was killed is sent again after a while, under the same id.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from orcaops.learning import digest
from orcaops.learning.loop import Absorbed
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.check import Check
from orcaops.model.identity import content_id
from orcaops.model.notice import Delivery, DeliveryState, Notice, Reached
from orcaops.model.quantities import show_duration
from orcaops.model.run import Run
from orcaops.notifying.digest import end_of, grouped, notice_of, told_ids
from orcaops.notifying.notifier import Notifier, Receipt
from orcaops.notifying.settings import NotifySettings
from orcaops.recording.measure import samples_of
from orcaops.recording.outbox import Told
from orcaops.recording.store import Store, Transaction

log = logging.getLogger(__name__)

_AT_ONCE = 500
_CLAIM = timedelta(minutes=5)  # far longer than a channel may take: then its process has died
_PAUSE = timedelta(seconds=30)
_LONGEST_PAUSE = timedelta(hours=1)
_OVERDUE = timedelta(minutes=5)
_SENT_KEPT = timedelta(days=30)
_QUIET_TYPES = frozenset(("improvement",))  # information that is told; other information is listed

Families = Mapping[str, Sequence[str]]
"""The detectors that judge single values and state how probable each is, with the metrics they judge."""


class Telling:
    """Fills the outbox, empties it, and says what became of it."""

    def __init__(
        self,
        store: Store,
        channels: Sequence[Notifier],
        clock: Callable[[], datetime],
        *,
        settings: NotifySettings | None = None,
        families: Families | None = None,
    ) -> None:
        self._store = store
        self._channels = {channel.name: channel for channel in channels}
        self._clock = clock
        self._settings = settings or NotifySettings()
        self._hours = self._settings.hours()
        self._families = families or {}
        self._lock = threading.Lock()

    def follow(self, transaction: Transaction, runs: Sequence[Run], absorbed: Absorbed) -> None:
        """A step of absorbing: what live runs showed is to be told; imported runs are history."""
        by_workspace: dict[str, list[Run]] = {}
        for run in runs:
            if run.source == "local" and run.teaches:
                by_workspace.setdefault(run.workspace, []).append(run)
        for workspace, live in by_workspace.items():
            jobs = {run.job_id for run in live}
            keys = {run.key for run in live}
            touched = [
                anomaly
                for anomaly in absorbed.anomalies
                if anomaly.workspace == workspace
                and (
                    not anomaly.open  # whoever ended it: it is told to those who know of its beginning
                    or anomaly.key in keys
                    or not jobs.isdisjoint((anomaly.job_id, *anomaly.job_ids))
                )
            ]
            self._consider(transaction, workspace, live, touched)

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
        self, workspace: str, *, state: DeliveryState | None = None, limit: int = 50
    ) -> list[Delivery]:
        """What was or is on its way to people, latest first."""
        with self._store.read() as transaction:
            return transaction.deliveries.page(workspace, state=state, limit=limit)

    def retry(self, workspace: str) -> int:
        """Let everything that was given up be tried again; returns how many."""
        with self._store.write() as transaction:
            return transaction.deliveries.retry(workspace, self._clock())

    def checks(self) -> Iterator[Check]:
        """For ``doctor``: each channel, what it could not deliver, and what waits with nobody to send it."""
        with self._store.read() as transaction:
            counts = transaction.deliveries.counts()
            failed = {each.channel: each.reason for each in transaction.deliveries.page(state="failed")}
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
            failed = transaction.deliveries.page(state="failed")
        return {f"channel {each.channel}": each.reason or "undelivered" for each in reversed(failed)}

    # --- what is told

    def _consider(
        self, transaction: Transaction, workspace: str, live: Sequence[Run], touched: Sequence[Anomaly]
    ) -> None:
        window = None
        if self._families:
            window = transaction.tellings.window(workspace) or digest.fresh()
            self._count(window, live)
        told: list[Told] = []
        notices: list[Notice] = []
        for anomaly in touched:
            if not anomaly.open:
                known = transaction.outbox.known(workspace, told_ids(anomaly))
                if known and anomaly.type not in _QUIET_TYPES:
                    notices.append(end_of(anomaly))
                    continue
            if anomaly.muted_by is not None:
                told.append(Told(anomaly.id, False, anomaly.muted_because or "muted"))
            elif anomaly.severity is Severity.INFO and anomaly.type not in _QUIET_TYPES:
                told.append(Told(anomaly.id, False, "it is information, which is listed and not told"))
            elif (
                window is not None
                and anomaly.detector in self._families
                and digest.p_value(anomaly) is not None
            ):
                self._weigh(transaction, window, anomaly, touched, notices, told)
            elif anomaly.open:
                notices.append(notice_of(anomaly))
        if window is not None:
            transaction.tellings.keep_window(workspace, window)
        self._put(transaction, workspace, notices, told)

    def _count(self, window: digest.Window, live: Sequence[Run]) -> None:
        """Note how many values each family of tests had to judge."""
        for run in live:
            metrics = [sample.metric for sample in samples_of(run, 0) if not sample.censored]
            at = _ended(run).timestamp()
            for family, judged in self._families.items():
                count = sum(metric in judged for metric in metrics)
                if count:
                    digest.judged(window, family, at, count)

    def _weigh(
        self,
        transaction: Transaction,
        window: digest.Window,
        anomaly: Anomaly,
        touched: Sequence[Anomaly],
        notices: list[Notice],
        told: list[Told],
    ) -> None:
        family, p = anomaly.detector, digest.p_value(anomaly) or 0.0
        at = (anomaly.last_seen_at or anomaly.detected_at).timestamp()
        here = {each.id: each for each in touched}
        new = digest.alarm(window, family, at, anomaly.id, p)
        earlier = transaction.anomalies.find(anomaly.workspace, [each for each in new if each not in here])
        notices.extend(
            notice_of(found)
            for found in [*earlier, *(here[each] for each in new if each in here)]
            if found.muted_by is None and found.resolution is None and found.severity is not Severity.INFO
        )
        if anomaly.id in new:
            return
        if digest.is_told(window, family, anomaly.id):
            notices.append(notice_of(anomaly))  # once more if it has become worse: else its id is known
            return
        told.append(
            Told(
                anomaly.id,
                False,
                f"among the {digest.count_of(window, family)} values judged in 24 hours one as unusual"
                f" (p = {p:.2g}) is to be expected by chance",
            )
        )

    def _put(
        self, transaction: Transaction, workspace: str, notices: Sequence[Notice], told: list[Told]
    ) -> None:
        now = self._clock()
        for quiet in (False, True):
            of_it = [notice for notice in notices if (notice.severity is Severity.INFO) is quiet]
            pause = self._settings.group_quiet if quiet else self._settings.group
            if of_it:
                transaction.outbox.add(of_it, due_at=now + timedelta(seconds=pause))
        ended = [each for notice in notices for each in notice.subject_ids if not notice.facts["open"]]
        known = transaction.tellings.find(workspace, ended)  # that it is over is no news of how it was told
        told += [
            Told(anomaly_id, True, "quietly" if notice.severity is Severity.INFO else "as a notice")
            for notice in notices
            for anomaly_id in notice.subject_ids
            if notice.facts["open"] or anomaly_id not in known
        ]
        if told:
            transaction.tellings.put_many(workspace, told, now)

    # --- how it gets there

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
                self._address(transaction, going, now)
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


def _sent(channel: Notifier, notice: Notice) -> Receipt:
    try:
        return channel.send(notice)
    except Exception as error:  # noqa: BLE001 - a foreign channel may raise anything, and name what it likes
        return Receipt(sent=False, reason=f"the channel raised {type(error).__name__}")


def _ended(run: Run) -> datetime:
    return run.finished_at or run.started_at or run.submitted_at


class TellingThread:
    """Delivers in the background of a server, apart from absorbing: a receiver may be slow."""

    def __init__(self, deliver: Iterable[Callable[[], object]], *, every_s: float = 2.0) -> None:
        """``deliver`` are called one after the other, every so many seconds."""
        self._work = tuple(deliver)
        self._every_s = every_s
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._go_on, name="telling", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self, timeout_s: float = 15.0) -> None:
        """End after what is being sent."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _go_on(self) -> None:
        while not self._stopping.wait(self._every_s):
            for each in self._work:
                try:
                    each()
                except Exception:
                    log.exception("telling failed; it is tried again")
