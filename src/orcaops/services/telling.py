"""Telling: what was found becomes notices, and notices are brought to people, once.

Notices are written into the outbox in the transaction that found their reason, and delivered
afterwards: again and again with growing pauses, unless the channel says that it is of no use.
"""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from orcaops.learning.loop import Absorbed
from orcaops.model.run import Run
from orcaops.notifying.digest import notices_of
from orcaops.notifying.notifier import Notifier
from orcaops.recording.store import Store, Transaction

log = logging.getLogger(__name__)

_AT_ONCE = 100
_PAUSE = timedelta(seconds=30)
_MOST_ATTEMPTS = 10  # with doubling pauses: about four hours


class Telling:
    """Fills and empties the outbox."""

    def __init__(self, store: Store, channels: Sequence[Notifier], clock: Callable[[], datetime]) -> None:
        self._store = store
        self._channels = channels
        self._clock = clock

    def follow(self, transaction: Transaction, runs: Sequence[Run], absorbed: Absorbed) -> None:
        """A step of absorbing: what live runs showed is to be told; imported runs are history."""
        live = {run.job_id for run in runs if run.source == "local"}
        transaction.outbox.add(list(notices_of(a for a in absorbed.anomalies if a.job_id in live)))

    def deliver(self) -> int:
        """Send what is due; returns how many notices were sent."""
        with self._store.write() as transaction:
            due = transaction.outbox.due(self._clock(), _AT_ONCE)
            sent = 0
            for waiting in due:
                notice = waiting.notice
                results = [channel.send(notice) for channel in self._channels]
                failed = [result for result in results if not result.sent]
                if not failed:
                    transaction.outbox.done(notice.workspace, notice.id)
                    sent += 1
                    continue
                hopeless = (
                    all(result.permanent for result in failed) or waiting.attempts + 1 >= _MOST_ATTEMPTS
                )
                again = None if hopeless else self._clock() + _PAUSE * 2**waiting.attempts
                transaction.outbox.failed(notice.workspace, notice.id, failed[0].reason, next_at=again)
            return sent
