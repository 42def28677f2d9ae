"""What every store must hold of what was decided, and requests that are answered once."""
# ruff: noqa: D102  the name of a check says what it checks

from datetime import UTC, datetime, timedelta

from orcaops.model.decision import Decision
from orcaops.model.errors import ErrorCode
from orcaops.recording.store import Store
from orcaops.testing.stores.builders import START, refused


class DecisionsConformance:
    """Inherit, and give a fixture ``store``: an empty one."""

    def test_decisions_are_appended(self, store: Store) -> None:
        def decision(number: int, subject: str = "anomaly") -> Decision:
            return Decision(id=f"d{number}", subject=subject, subject_id="x", verb="ack", by="me", at=START)

        with store.write() as transaction:
            for number in (3, 1, 2):
                transaction.decisions.append(decision(number))
            transaction.decisions.append(decision(4, "baseline"))
            about = transaction.decisions.about("default", "anomaly", "x")
            assert [each.id for each in about] == ["d3", "d1", "d2"]
            assert [each.id for each in transaction.decisions.each()] == ["d3", "d1", "d2", "d4"]
            assert [each.id for each in transaction.decisions.each("baseline")] == ["d4"]
        with refused(ErrorCode.CONFLICT), store.write() as transaction:
            transaction.decisions.append(decision(1))

    def test_requests_are_answered_once(self, store: Store) -> None:
        now = datetime.now(UTC)
        with store.write() as transaction:
            transaction.requests.remember("default", "k", "print", b"answer", now)
            transaction.requests.remember("default", "k", "print", b"answer", now)
            transaction.requests.remember("default", "old", "print", b"answer", now - timedelta(days=2))
            assert transaction.requests.recall("default", "k") == ("print", b"answer")
            assert transaction.requests.recall("other", "k") is None
            assert transaction.requests.recall("default", "old") is None
        with refused(ErrorCode.CONFLICT), store.write() as transaction:
            transaction.requests.remember("default", "k", "other", b"other", now)
