"""The way of a change: whatever happens in whatever order, its state is one that was decided."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.improving.optimizations import Event, advance, allows, quarantine, rest_left
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.optimization import Optimization, State
from orcaops.model.override import OptimizedField

START = datetime(2026, 1, 1, tzinfo=UTC)
MIB = 1024 * 1024


def change(**more: object) -> Optimization:
    known: dict[str, object] = {
        "id": "o1",
        "key": "name:n",
        "field": OptimizedField.MEMORY,
        "own": 512 * MIB,
        "before": 512 * MIB,
        "after": 368 * MIB,
        "target": 256 * MIB,
        "proposed_at": START,
        "changed_at": START,
    }
    return Optimization.model_validate(known | more)


def walk(*events: Event, by: str = "ann") -> Optimization:
    found = change()
    for event in events:
        more = {"share": 0.2} if event is Event.START else {}
        found = advance(found, event, by=by, at=START, reason=str(event), **more)
    return found


def test_the_good_way() -> None:
    found = walk(Event.APPROVE, Event.START)
    assert (found.state, found.share, found.approved_by) == (State.CANARY, 0.2, "ann")
    found = walk(Event.APPROVE, Event.START, Event.GROW)
    assert (found.state, found.share) == (State.HALF, 0.5)
    found = walk(Event.APPROVE, Event.START, Event.GROW, Event.GROW)
    assert (found.state, found.share, found.measuring) == (State.KEPT, 0.9, True)
    assert [entry.event for entry in found.history] == ["approve", "start", "grow", "grow"]


def test_what_cannot_happen_is_a_conflict_that_says_where_it_is() -> None:
    with pytest.raises(OrcaError, match="it cannot approve") as refused:
        walk(Event.APPROVE, Event.APPROVE)
    assert refused.value.code is ErrorCode.CONFLICT
    assert refused.value.where == "o1"
    with pytest.raises(OrcaError, match="proposed"):
        walk(Event.ROLL_BACK)


def test_a_pause_goes_back_to_where_it_was() -> None:
    assert walk(Event.APPROVE, Event.START, Event.GROW, Event.PAUSE).state is State.PAUSED
    assert walk(Event.APPROVE, Event.START, Event.GROW, Event.PAUSE, Event.RESUME).state is State.HALF


def test_each_rollback_doubles_the_rest() -> None:
    found = change()
    for times in (1, 2, 3):
        for event in (Event.APPROVE, Event.START, Event.STOP):
            found = advance(found, event, by="orcaops", at=START, reason="r")
        assert (found.rollbacks, found.quarantine_runs) == (times, quarantine(times))
        assert rest_left(found) == 20
        assert rest_left(found.changed(quarantine_runs=quarantine(times) - 20)) == 0
        found = advance(found, Event.PROPOSE, by="orcaops", at=START, reason="r")
        assert found.round == times + 1


def test_a_clock_that_runs_backwards_takes_no_time_back() -> None:
    later = advance(change(), Event.APPROVE, by="a", at=START + timedelta(hours=1), reason="r")
    earlier = advance(later, Event.START, by="a", at=START - timedelta(days=9), reason="r", share=0.1)
    assert [entry.at for entry in earlier.history] == [START + timedelta(hours=1)] * 2


@given(st.lists(st.sampled_from(list(Event)), max_size=60))
def test_any_order_of_events_leads_to_a_decided_state(events: list[Event]) -> None:
    found = change()
    happened = 0
    for event in events:
        if allows(found, event):
            found = advance(found, event, by="somebody", at=START, reason=str(event))
            happened += 1
        else:
            before = found
            with pytest.raises(OrcaError):
                advance(found, event, by="somebody", at=START, reason=str(event))
            assert found == before
        assert Optimization.from_stored(found.model_dump_json()) == found, (
            "what is stored is what was decided"
        )
        assert len(found.history) == min(happened, 60)
        if happened:
            assert found.history[-1].state is found.state
        in_use = found.state.trying or found.state is State.KEPT
        assert (found.share > 0) <= (in_use or found.state is State.PAUSED), "only what is tried is laid over"
        assert (found.paused_from is not None) <= (found.state is State.PAUSED)
