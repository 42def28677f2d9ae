"""Baselines: as many as there are, in one order."""

from orcaops.model.baseline import Baseline
from orcaops.recording.store import Store
from orcaops.testing.stores import START, all_pages


def test_those_of_one_moment_are_each_shown_once(store: Store) -> None:
    many = [Baseline(key=f"k{n:04}", sample_count=n, last_updated=START) for n in range(1100)]
    with store.write() as transaction:
        transaction.baselines.put_many(many)
        listed = all_pages(lambda cursor: transaction.baselines.page("default", limit=90, cursor=cursor))
        assert listed == many[::-1]
        assert list(transaction.baselines.each()) == many
        assert transaction.baselines.page("default", text="k00*1").total == len(
            [each for each in many if each.key.startswith("k00") and "1" in each.key[3:]]
        )
