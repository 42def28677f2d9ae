"""Answers are forgotten after a day."""

from datetime import UTC, datetime, timedelta

from orcaops.recording.store import Store


def test_an_old_key_may_be_used_again(store: Store) -> None:
    now = datetime.now(UTC)
    with store.write() as transaction:
        transaction.requests.remember("default", "k", "first", b"1", now - timedelta(hours=25))
        assert transaction.requests.recall("default", "k") is None
        transaction.requests.remember("default", "k", "second", b"2", now)
        assert transaction.requests.recall("default", "k") == ("second", b"2")
