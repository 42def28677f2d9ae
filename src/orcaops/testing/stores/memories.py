"""What every store must hold of the memories of learners."""
# ruff: noqa: D102  the name of a check says what it checks

from orcaops.recording.store import MemoryKey, Store
from orcaops.testing.stores.builders import ODD


class MemoriesConformance:
    """Inherit, and give a fixture ``store``: an empty one."""

    def test_memories(self, store: Store) -> None:
        keys = [
            MemoryKey("default", learner, 1, "duration_s", level, scope)
            for learner in ("spike", "drift")
            for level in ("key", "all")
            for scope in ("a", "b", *ODD)
        ]
        with store.write() as transaction:
            transaction.memories.put_many({key: repr(key).encode() for key in keys})
            transaction.memories.put_many({keys[0]: b"again"})
            transaction.memories.put_many({})
        with store.read() as transaction:
            absent = MemoryKey("default", "spike", 2, "duration_s", "key", "a")
            found = transaction.memories.get_many([*keys, absent])
            assert found == {**{key: repr(key).encode() for key in keys}, keys[0]: b"again"}
            assert dict(transaction.memories.each()) == found
            assert transaction.memories.get_many([]) == {}
        with store.write() as transaction:
            transaction.memories.forget("default", "key", "a")
            left = transaction.memories.get_many(keys)
            assert set(keys) - set(left) == {key for key in keys if (key.level, key.scope) == ("key", "a")}

    def test_memories_of_the_tests_below_a_key(self, store: Store) -> None:
        def key(scope: str, learner: str = "tests", version: int = 1) -> MemoryKey:
            return MemoryKey("default", learner, version, "", "key", scope)

        jobs = ("job", "job|", "job|test", "jobs", *ODD)
        below = [key(f"{job}|test:t{n}") for job in jobs for n in range(3)]
        others = [key(job) for job in jobs] + [key("job|test:t0", "other"), key("job|test:t0", version=2)]
        with store.write() as transaction:
            transaction.memories.put_many({each: repr(each).encode() for each in [*below, *others]})
        with store.read() as transaction:
            for job in jobs:
                own = [each for each in below if each.scope.startswith(f"{job}|test:")]
                first = transaction.memories.below("default", "tests", 1, f"{job}|test:", limit=2)
                assert first == [(each, repr(each).encode()) for each in own[:2]]
                rest = transaction.memories.below(
                    "default", "tests", 1, f"{job}|test:", after=own[1].scope, limit=2
                )
                assert [each for each, _ in rest] == own[2:]
            assert transaction.memories.below("default", "tests", 1, "nobody|test:") == []
        with store.write() as transaction:
            transaction.memories.forget("default", "key", "job")
            left = set(transaction.memories.get_many([*below, *others]))
        assert {each.scope for each in {*below, *others} - left} == {
            "job",
            *(f"job|test:t{n}" for n in range(3)),
        }

    def test_many_memories(self, store: Store) -> None:
        many = {MemoryKey("default", "x", 1, "m", "key", f"s{n}"): b"%d" % n for n in range(2500)}
        with store.write() as transaction:
            transaction.memories.put_many(many)
        with store.read() as transaction:
            assert transaction.memories.get_many(many) == many
            assert dict(transaction.memories.each()) == many
