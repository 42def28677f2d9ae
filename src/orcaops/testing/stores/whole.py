"""What every store must hold as a whole: transactions, opinions that can be dropped, its own check."""
# ruff: noqa: D102  the name of a check says what it checks

import pytest

from orcaops.model.baseline import Baseline
from orcaops.model.decision import Decision
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.recording.sql import open_store
from orcaops.recording.store import MemoryKey, Store
from orcaops.testing.stores.builders import START, make_anomaly, make_run, refused


class WholeConformance:
    """Inherit, and give a fixture ``store``: an empty one, at the fixture ``url``."""

    def test_what_raises_writes_nothing(self, store: Store) -> None:
        with refused(ErrorCode.CONFLICT), store.write() as transaction:
            transaction.runs.add(make_run(1))
            transaction.runs.add(make_run(1))
        with store.read() as transaction:
            assert transaction.runs.page("default").items == ()

    def test_a_reader_cannot_write_and_sees_one_state(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add(make_run(1))
        with store.read() as reader:
            assert len(reader.runs.page("default").items) == 1
            with store.write() as transaction:
                transaction.runs.add(make_run(2))
            assert len(reader.runs.page("default").items) == 1
        with pytest.raises(OrcaError), store.read() as reader:
            reader.runs.add(make_run(3))
        with store.read() as reader:
            assert len(reader.runs.page("default").items) == 2

    def test_opinions_are_dropped_and_the_rest_stays(self, store: Store) -> None:
        key = MemoryKey("default", "x", 1, "m", "key", "s")
        with store.write() as transaction:
            transaction.runs.add(make_run(1))
            transaction.memories.put_many({key: b"{}"})
            transaction.baselines.put_many([Baseline(key="k", sample_count=1, last_updated=START)])
            transaction.anomalies.put_many([make_anomaly("a1")])
            transaction.decisions.append(
                Decision(id="d1", subject="anomaly", subject_id="a1", verb="ack", by="me", at=START)
            )
            transaction.set_watermark(5)
        with store.write() as transaction:
            transaction.drop_opinions()
            assert transaction.watermark() == 0
            assert list(transaction.memories.each()) == []
            assert list(transaction.baselines.each()) == []
            assert list(transaction.anomalies.each()) == []
            assert transaction.anomalies.of_run("default", "job-0001") == []
            assert len(list(transaction.decisions.each())) == 1
            assert len(transaction.runs.page("default").items) == 1

    def test_an_installation_keeps_its_id(self, store: Store, url: str) -> None:
        again = open_store(url)
        assert again.installation() == store.installation() != ""
        again.close()

    def test_a_check_finds_nothing_wrong(self, store: Store) -> None:
        with store.write() as transaction:
            transaction.runs.add(make_run(1))
        found = store.check()
        assert found["problems"] == []
        assert found["version"] == found["latest_version"]
        assert found["counts"]["runs"] == 1
        assert found["bytes"] > 0
