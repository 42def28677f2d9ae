"""What every store must hold of sandboxes, and of the containers that stood ready."""
# ruff: noqa: D102  the name of a check says what it checks

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.readiness import Stood
from orcaops.model.sandbox import Sandbox, SandboxSpec, SandboxState
from orcaops.recording.store import Store

_START = datetime(2026, 3, 1, 12, tzinfo=UTC)


def make_sandbox(sandbox_id: str, **changes: Any) -> Sandbox:
    """A sandbox that runs."""
    fields: dict[str, Any] = {
        "id": sandbox_id,
        "image": "busybox",
        "state": SandboxState.RUNNING,
        "spec": SandboxSpec(image="busybox", memory=64 << 20, env={"A": "b"}),
        "created_at": _START,
        "used_at": _START,
        "expires_at": _START + timedelta(hours=8),
        "idle_limit_s": 1800.0,
    }
    return Sandbox(**{**fields, **changes})


def make_stood(name: str, minute: int, **changes: Any) -> Stood:
    """A container that stood ready until that minute."""
    fields: dict[str, Any] = {
        "id": name,
        "image": "busybox",
        "image_digest": "sha256:1",
        "ready_at": _START,
        "ended_at": _START + timedelta(minutes=minute),
        "ending": "claimed",
        "took_s": 0.3,
        "idle_s": 60.0 * minute,
    }
    return Stood(**{**fields, **changes})


class SandboxesConformance:
    """Inherit, and give a fixture ``store``: an empty one."""

    def test_a_sandbox_is_read_back_and_replaced(self, store: Store) -> None:
        first = make_sandbox("s1", name="näme")
        with store.write() as transaction:
            transaction.sandboxes.put(first)
            transaction.sandboxes.put(make_sandbox("s1", workspace="other"))
        with store.write() as transaction:
            assert transaction.sandboxes.get("default", "s1") == first
            transaction.sandboxes.put(first.model_copy(update={"state": SandboxState.STOPPED}))
        with store.read() as transaction:
            assert transaction.sandboxes.get("default", "s1").state is SandboxState.STOPPED
            assert transaction.sandboxes.get("other", "s1").state is SandboxState.RUNNING
        with pytest.raises(OrcaError) as refusal, store.read() as transaction:
            transaction.sandboxes.get("default", "none\x00")
        assert refusal.value.code is ErrorCode.NOT_FOUND

    def test_sandboxes_come_in_pages_newest_first(self, store: Store) -> None:
        states = [SandboxState.RUNNING, SandboxState.REMOVED, SandboxState.LOST, SandboxState.STOPPED]
        with store.write() as transaction:
            for number in range(12):
                transaction.sandboxes.put(make_sandbox(f"s{number:02}", state=states[number % 4]))
            transaction.sandboxes.put(make_sandbox("s99", workspace="other"))
        with store.read() as transaction:
            every = transaction.sandboxes.page("default", gone=True, limit=5)
            assert ([each.id for each in every.items][:2], every.total) == (["s11", "s10"], 12)
            more = transaction.sandboxes.page("default", gone=True, limit=50, cursor=every.next_cursor)
            assert ([each.id for each in more.items][-1], more.next_cursor) == ("s00", None)
            there = transaction.sandboxes.page("default")
            assert [each.id for each in there.items] == ["s11", "s08", "s07", "s04", "s03", "s00"]
            assert {each.id for each in transaction.sandboxes.living()} == {
                *(each.id for each in there.items),
                "s99",
            }
            named = transaction.sandboxes.page("default", gone=True, text="0*", limit=4)
            assert [each.id for each in named.items] == ["s10", "s09", "s08", "s07"]
            more = transaction.sandboxes.page(
                "default", gone=True, text="0*", limit=9, cursor=named.next_cursor
            )
            assert ([each.id for each in more.items][-1], more.next_cursor) == ("s00", None)
        with pytest.raises(OrcaError), store.read() as transaction:
            transaction.sandboxes.page("default", cursor=every.next_cursor)

    def test_what_stood_ready_is_kept_once(self, store: Store) -> None:
        facts = [make_stood("w1", 1), make_stood("w2", 2), make_stood("w1", 5, workspace="other")]
        with store.write() as transaction:
            transaction.stood_ready.add_many(facts)
            transaction.stood_ready.add_many([make_stood("w1", 9)])
            transaction.stood_ready.add_many([])
        with store.read() as transaction:
            found = list(transaction.stood_ready.since(_START + timedelta(minutes=2)))
            assert found == [facts[1], facts[2]]
            assert next(iter(transaction.stood_ready.since(_START))) == facts[0]
        with store.write() as transaction:
            assert transaction.stood_ready.forget_before(_START + timedelta(minutes=2)) == 1
            assert len(list(transaction.stood_ready.since(_START))) == 2
