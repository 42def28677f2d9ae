"""Telling: live anomalies become notices, each sent once, retried while that can help."""

from datetime import UTC, datetime, timedelta

from orcaops.app import App
from orcaops.model.anomaly import Severity
from orcaops.model.notice import Notice
from orcaops.notifying.notifier import Delivery
from orcaops.services.telling import Telling


class Channel:
    """A channel that answers as it is told to."""

    name = "test"

    def __init__(self, *answers: Delivery) -> None:
        self.answers = list(answers)
        self.sent: list[str] = []

    def send(self, notice: Notice) -> Delivery:
        self.sent.append(notice.id)
        return self.answers.pop(0) if self.answers else Delivery(sent=True)


def waiting(app: App, channel: Channel, at: list[datetime]) -> Telling:
    notice = Notice(id="n1", severity=Severity.WARNING, title="t", body="b", at=at[0], subject="anomaly")
    with app.store.write() as transaction:
        transaction.outbox.add([notice])
    return Telling(app.store, [channel], lambda: at[0])


def test_a_notice_is_sent_once(app: App) -> None:
    channel = Channel()
    telling = waiting(app, channel, [datetime.now(UTC)])
    assert (telling.deliver(), telling.deliver()) == (1, 0)
    assert channel.sent == ["n1"]


def test_a_passing_failure_is_tried_again_later_and_a_permanent_one_is_not(app: App) -> None:
    at = [datetime.now(UTC)]
    channel = Channel(
        Delivery(sent=False, reason="busy"), Delivery(sent=False, reason="gone", permanent=True)
    )
    telling = waiting(app, channel, at)
    assert telling.deliver() == 0
    assert telling.deliver() == 0, "not yet"
    assert len(channel.sent) == 1
    for _ in range(2):
        at[0] += timedelta(hours=5)
        assert telling.deliver() == 0
    assert len(channel.sent) == 2
