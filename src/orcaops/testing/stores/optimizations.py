"""What every store must hold of changes on probation."""
# ruff: noqa: D102  the name of a check says what it checks

import threading

from orcaops.model.errors import ErrorCode
from orcaops.model.optimization import Optimization
from orcaops.model.override import OptimizedField
from orcaops.recording.store import Store
from orcaops.testing.stores.builders import START, refused


class OptimizationsConformance:
    """Inherit, and give a fixture ``store``: an empty one."""

    def test_changes_on_probation_are_counted_by_one_at_a_time(self, store: Store) -> None:
        change = Optimization(
            id="o1", key="k", field=OptimizedField.MEMORY, own=9, before=9, after=7, proposed_at=START,
            changed_at=START,
        )  # fmt: skip
        with store.write() as transaction:
            transaction.optimizations.put_many([change, change.changed(id="o2", key="l", after=None)])

        def count() -> None:
            for _ in range(8):
                with store.write() as transaction:
                    (found,) = transaction.optimizations.of_key("default", "k")
                    transaction.optimizations.put_many([found.changed(assigned=found.assigned + 1)])

        threads = [threading.Thread(target=count) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        with store.read() as transaction:
            assert transaction.optimizations.get("default", "o1") == change.changed(assigned=32)
            listed = transaction.optimizations.page("default", state="proposed", limit=1)
            assert (listed.total, [each.id for each in listed.items]) == (2, ["o2"])
            rest = transaction.optimizations.page("default", state="proposed", cursor=listed.next_cursor)
            assert [each.id for each in rest.items] == ["o1"]
            for text, found in (("", 2), ("k", 1), ("K", 0), ("*", 2), ("_", 0)):
                assert transaction.optimizations.page("default", text=text).total == found, text
        with refused(ErrorCode.NOT_FOUND), store.read() as transaction:
            transaction.optimizations.get("other", "o1")
