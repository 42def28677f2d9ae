"""Anomalies: as many as there are, in one order."""

from datetime import timedelta

from orcaops.recording.store import Store
from orcaops.testing.stores import START, all_pages, make_anomaly


def test_those_of_one_moment_are_each_shown_once(store: Store) -> None:
    with store.write() as transaction:
        transaction.anomalies.put_many([make_anomaly(f"a{n}") for n in range(1100)])
        listed = all_pages(lambda cursor: transaction.anomalies.page("default", limit=100, cursor=cursor))
        assert len(listed) == len({anomaly.id for anomaly in listed}) == 1100
        assert len(list(transaction.anomalies.each())) == 1100
        assert len(list(transaction.anomalies.since(START))) == 1100
        assert list(transaction.anomalies.since(START + timedelta(microseconds=1))) == []
        assert len(transaction.anomalies.find("default", [f"a{n}" for n in range(2000)])) == 1100


def test_evidence_is_kept(store: Store) -> None:
    rich = make_anomaly(
        "a1", evidence={"runs": ["x"], "shift": 1.5, "none": None}, unit="s", deviation_percent=9.0
    )
    with store.write() as transaction:
        transaction.anomalies.put_many([rich])
        assert transaction.anomalies.get("default", "a1") == rich
