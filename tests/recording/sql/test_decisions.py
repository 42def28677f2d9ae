"""Decisions: all of them, in the order in which they were taken."""

from orcaops.model.decision import Decision
from orcaops.recording.store import Store
from orcaops.testing.stores import START


def test_more_than_are_read_at_once(store: Store) -> None:
    many = [
        Decision(
            id=f"d{n}", subject="anomaly", subject_id=f"a{n % 3}", verb="ack", by="me", at=START, reason="so"
        )
        for n in range(1200)
    ]
    with store.write() as transaction:
        for decision in many:
            transaction.decisions.append(decision)
        assert list(transaction.decisions.each()) == many
        assert transaction.decisions.about("default", "anomaly", "a1") == many[1::3]
        assert transaction.decisions.about("default", "baseline", "a1") == []
