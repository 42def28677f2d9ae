"""Optimizations: kept whole, listed by when they moved, locked by who changes them, never relearned."""

import threading
from datetime import timedelta

import pytest

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.optimization import HistoryEntry, Optimization, State
from orcaops.model.override import OptimizedField
from orcaops.recording.store import Store
from orcaops.testing.stores import START, all_pages


def change(number: int, **more: object) -> Optimization:
    at = START + timedelta(minutes=number // 2)
    known: dict[str, object] = {
        "id": f"o{number}",
        "key": "k",
        "field": OptimizedField.MEMORY,
        "own": 100,
        "before": 100,
        "after": 70,
        "proposed_at": START,
        "changed_at": at,
        "history": (HistoryEntry(at=at, by="a", event="propose", state=State.PROPOSED, reason="r"),),
    }
    return Optimization.model_validate(known | more)


def test_one_is_read_back_as_it_was(store: Store) -> None:
    ones = [
        change(1),
        change(2, field=OptimizedField.TIMEOUT, own=None, before=None, after=2.5, key="with \x00 in it"),
        change(3, field=OptimizedField.PULL_POLICY, own="always", after="missing", workspace="other"),
    ]
    with store.write() as transaction:
        transaction.optimizations.put_many(ones)
    with store.read() as transaction:
        assert [transaction.optimizations.get(each.workspace, each.id) for each in ones] == ones
        assert transaction.optimizations.of_key("default", "k") == [ones[0]]
        assert transaction.optimizations.of_key("default", "with \x00 in it") == [ones[1]]
        with pytest.raises(OrcaError) as refused:
            transaction.optimizations.get("default", "o3")
    assert refused.value.code is ErrorCode.NOT_FOUND


def test_they_are_listed_by_when_they_moved(store: Store) -> None:
    many = [change(n, state=State.KEPT if n % 3 == 0 else State.CANARY) for n in range(20)]
    with store.write() as transaction:
        transaction.optimizations.put_many(many)
        transaction.optimizations.put_many([many[4].changed(changed_at=START + timedelta(days=1))])
        page = transaction.optimizations.page
        listed = all_pages(lambda cursor: page("default", limit=7, cursor=cursor))
        assert [each.id for each in listed][:3] == ["o4", "o19", "o18"]
        assert sorted(each.id for each in listed) == sorted(each.id for each in many)
        assert {each.state for each in page("default", state="kept").items} == {State.KEPT}
        assert page("default", key="nobody").items == ()
        assert page("default", limit=3).total == 20


def test_two_who_count_at_once_both_count(store: Store) -> None:
    with store.write() as transaction:
        transaction.optimizations.put_many([change(1)])

    def count() -> None:
        for _ in range(10):
            with store.write() as transaction:
                (found,) = transaction.optimizations.of_key("default", "k")
                transaction.optimizations.put_many([found.changed(assigned=found.assigned + 1)])

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with store.read() as transaction:
        assert transaction.optimizations.get("default", "o1").assigned == 40


def test_relearning_leaves_them_alone(store: Store) -> None:
    with store.write() as transaction:
        transaction.optimizations.put_many([change(1)])
        transaction.drop_opinions()
        assert transaction.optimizations.get("default", "o1") == change(1)
