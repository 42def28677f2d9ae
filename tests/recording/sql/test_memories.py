"""Memories: reading those of one run costs the same however many there are."""

from collections.abc import Callable
from typing import Any

from orcaops.recording.store import MemoryKey, Store


def _memories(number: int) -> dict[MemoryKey, bytes]:
    return {
        MemoryKey("default", learner, 1, "duration_s", "key", f"k{number}"): b"{}" * 50
        for learner in ("a", "b", "c")
    }


def test_reading_looks_up_no_more_than_it_wants(store: Store) -> None:
    """SQLite counts the steps it takes: reading one scope of 3 000 takes no more than of 30."""
    steps = []
    for few, many in ((0, 30), (30, 3000)):
        with store.write() as transaction:
            transaction.memories.put_many({k: v for n in range(few, many) for k, v in _memories(n).items()})
        with store.read() as transaction:
            counted = _counted(transaction)
            assert transaction.memories.get_many(_memories(7)) == _memories(7)
            steps.append(counted())
    assert steps[1] <= steps[0] * 1.2


def _counted(transaction: Any) -> Callable[[], int]:
    """Begin to count the steps of SQLite's machine; the answer ends it."""
    connection = transaction.memories._connection.connection.driver_connection
    steps = 0

    def step() -> int:
        nonlocal steps
        steps += 1
        return 0

    connection.set_progress_handler(step, 1)

    def end() -> int:
        connection.set_progress_handler(None, 0)
        return steps

    return end
