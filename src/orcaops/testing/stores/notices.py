"""What every store must hold of notices, and who claims their delivery."""
# ruff: noqa: D102  the name of a check says what it checks

from datetime import timedelta

import pytest

from orcaops.model.anomaly import Severity
from orcaops.model.errors import OrcaError
from orcaops.model.notice import Notice
from orcaops.recording.outbox import Told
from orcaops.recording.store import Store
from orcaops.testing.stores.builders import START


class NoticesConformance:
    """Inherit, and give a fixture ``store``: an empty one."""

    def test_notices_wait_in_the_outbox(self, store: Store) -> None:
        notices = [
            Notice(id=f"n{n}", severity=Severity.INFO, title="t", body="b", at=START, subject="anomaly")
            for n in range(4)
        ]
        later = START + timedelta(hours=1)
        with store.write() as transaction:
            transaction.outbox.add(notices)
            transaction.outbox.add(notices, due_at=later)
            assert [each.id for each in transaction.outbox.due(START, 3)] == ["n0", "n1", "n2"]
            transaction.outbox.handed_over("default", ["n0"])
            transaction.outbox.hold("default", ["n1", "n2"], later)
            transaction.outbox.add(notices)
            assert [each.id for each in transaction.outbox.due(START, 9)] == ["n3"]
            assert [each.id for each in transaction.outbox.waiting("default")] == ["n1", "n2", "n3"]
            assert transaction.outbox.waiting("other") == []
            assert [each.id for each in transaction.outbox.due(later, 9)] == ["n3", "n1", "n2"]
            assert transaction.outbox.known("default", ["n0", "n3", "n9"]) == {"n0", "n3"}

    def test_a_delivery_is_claimed_by_one_at_a_time(self, store: Store) -> None:
        at, until = START, START + timedelta(minutes=5)
        notice = Notice(id="n", severity=Severity.INFO, title="t", body="b", at=START, subject="anomaly")
        with store.write() as transaction:
            transaction.deliveries.add(notice, ["a", "b"], at=at)
            transaction.deliveries.add(notice, ["a"], at=until)
            first = transaction.deliveries.claim(["a"], at, until=until)
        assert first is not None
        assert (first.notice, first.channel, first.state, first.attempts) == (notice, "a", "sending", 1)
        with store.write() as transaction:
            assert transaction.deliveries.claim(["a"], at, until=until) is None
            assert transaction.deliveries.claim([], until, until=until) is None
            second = transaction.deliveries.claim(["a"], until, until=until + timedelta(minutes=5))
            assert second is not None
            assert second.attempts == 2, "who claimed it first has died"
            transaction.deliveries.settle(first, "waiting", at=until, next_at=START, reason="late")
            assert transaction.deliveries.counts() == {"a": {"sending": 1}, "b": {"waiting": 1}}
            transaction.deliveries.settle(second, "failed", at=until, reason="gone")
            (failed,) = transaction.deliveries.page("default", state="failed").items
            assert transaction.deliveries.page("other").items == ()
            assert (failed.reason, failed.settled_at) == ("gone", until)
            assert transaction.deliveries.retry("other", until) == 0
            assert transaction.deliveries.retry("default", until) == 1
            again = transaction.deliveries.claim(["a"], until, until=until)
            assert again is not None
            transaction.deliveries.settle(again, "sent", at=until)
            assert transaction.deliveries.counts() == {"b": {"waiting": 1}}
            assert {each.state for each in transaction.deliveries.page().items} == {"sent", "waiting"}
            assert transaction.deliveries.forget_settled(until + timedelta(hours=1)) == 1

    def test_deliveries_come_in_pages_latest_first(self, store: Store) -> None:
        with store.write() as transaction:
            for number in range(5):
                notice = Notice(
                    id=f"n{number}",
                    severity=Severity.INFO,
                    title=f"Slow: job {number}" if number % 2 else "Failed",
                    body="b",
                    at=START,
                    subject="anomaly",
                )
                transaction.deliveries.add(notice, ["a", "b"], at=START)
        found, cursor = [], None
        with store.read() as transaction:
            for _ in range(4):
                page = transaction.deliveries.page("default", limit=3, cursor=cursor)
                found += [(each.notice.id, each.channel) for each in page.items]
                assert page.total == 10
                cursor = page.next_cursor
            assert cursor is None
            assert found == [(f"n{number}", name) for number in (4, 3, 2, 1, 0) for name in ("b", "a")]
            slow = transaction.deliveries.page("default", text="job*3", limit=1)
            assert [each.notice.id for each in slow.items] == ["n3"]
            rest = transaction.deliveries.page("default", text="job*3", limit=1, cursor=slow.next_cursor)
            assert ([each.channel for each in rest.items], rest.next_cursor) == (["a"], None)
            assert transaction.deliveries.page("default", text="nothing").items == ()
        with pytest.raises(OrcaError), store.read() as transaction:
            transaction.deliveries.page("default", cursor=slow.next_cursor)

    def test_what_was_told_outlives_opinions(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.tellings.put_many(
                "default", [Told("a", False, "first"), Told("a", True, "then")], START
            )
            transaction.tellings.keep_window("default", {"tests": {"x": [1, 2]}})
            transaction.drop_opinions()
            assert transaction.tellings.find("default", ["a", "b"]) == {"a": Told("a", True, "then")}
            assert transaction.tellings.find("other", ["a"]) == {}
            assert transaction.tellings.window("default") == {"tests": {"x": [1, 2]}}
            assert transaction.tellings.window("other") is None
