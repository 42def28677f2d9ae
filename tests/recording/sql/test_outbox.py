"""The outbox: longest waiting first."""

from datetime import timedelta

from orcaops.model.anomaly import Severity
from orcaops.model.notice import Notice
from orcaops.recording.store import Store
from orcaops.testing.stores import START


def test_those_due_come_in_the_order_of_their_time(store: Store) -> None:
    def notice(number: int) -> Notice:
        at = START + timedelta(minutes=number)
        return Notice(id=f"n{number}", severity=Severity.INFO, title="t", body="b", at=at, subject="anomaly")

    with store.write() as transaction:
        transaction.outbox.add([notice(3), notice(1), notice(2)])
        assert transaction.outbox.due(START, 9) == []
        due = transaction.outbox.due(START + timedelta(minutes=2), 9)
        assert due == [notice(1), notice(2)]
