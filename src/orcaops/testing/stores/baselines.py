"""What every store must hold of baselines."""
# ruff: noqa: D102  the name of a check says what it checks

from datetime import timedelta
from typing import Any

from orcaops.model.baseline import Baseline
from orcaops.model.errors import ErrorCode
from orcaops.recording.store import Store
from orcaops.testing.stores.builders import START, all_pages, refused


class BaselinesConformance:
    """Inherit, and give a fixture ``store``: an empty one."""

    def test_baselines(self, store: Store) -> None:
        def baseline(number: int, **changes: Any) -> Baseline:
            at = START + timedelta(minutes=number)
            return Baseline(key=f"image:x|command:{number}", sample_count=number, last_updated=at, **changes)

        with store.write() as transaction:
            transaction.baselines.put_many([baseline(n) for n in range(12)])
            transaction.baselines.put_many([baseline(3, duration_mean=1.5), baseline(1, workspace="other")])
        with store.read() as transaction:
            assert transaction.baselines.get("default", "image:x|command:3").duration_mean == 1.5
            listed = all_pages(lambda cursor: transaction.baselines.page("default", limit=5, cursor=cursor))
            assert [each.sample_count for each in listed] == list(range(11, -1, -1))
            assert transaction.baselines.page("default", limit=5).total == 12
            assert [
                b.sample_count for b in transaction.baselines.page("default", text="command:1").items
            ] == [11, 10, 1]
            assert len(transaction.baselines.page("default", text="image*:1*").items) == 3
            assert len(list(transaction.baselines.each())) == 13
            assert len(list(transaction.baselines.each("other"))) == 1
        with store.write() as transaction:
            transaction.baselines.forget("default", "image:x|command:3")
        with refused(ErrorCode.NOT_FOUND), store.read() as transaction:
            transaction.baselines.get("default", "image:x|command:3")
