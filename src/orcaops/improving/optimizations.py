"""The way of a change: which event leads from which state to which. Pure.

=============  ==================================================================================
from           events and where they lead
=============  ==================================================================================
proposed       approve → approved; reject → rejected; supersede → superseded
approved       start → canary; reject → rejected; roll_back → rolled_back; supersede → superseded
canary         grow → half; stop, roll_back → rolled_back; pause → paused; supersede → superseded
half           grow → kept; stop, roll_back → rolled_back; pause → paused; supersede → superseded
kept           measured → kept; stop, roll_back → rolled_back; supersede → superseded
paused         resume → where it was; stop, roll_back → rolled_back; supersede → superseded
rolled_back,   propose → proposed, as a new round
rejected,
superseded
=============  ==================================================================================
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from orcaops.model.errors import conflict
from orcaops.model.optimization import HistoryEntry, Optimization, State, TrialEvidence

CANARY_RUNS = 10
"""Runs with the change until the canary may grow."""

HALF_RUNS = 20
"""Runs with the change, as half of all, until it may be kept."""

HOLDBACK_RUNS = 50
"""Runs of which a tenth goes on without a kept change, to measure what it brings."""

HOLDBACK_SHARE = 0.9
"""The share of runs that have a kept change while it is measured."""

QUARANTINE_RUNS = 20
"""Runs of the job until a change that was rolled back may be proposed again; doubled each time."""

REST_RUNS = 20
"""Runs of the job between the rollback of one change and the start of another."""

_LONGEST_QUARANTINE = 2560
_REMEMBERED = 60


class Event(StrEnum):
    """What can happen to a change."""

    PROPOSE = "propose"
    APPROVE = "approve"
    REJECT = "reject"
    START = "start"
    GROW = "grow"
    MEASURED = "measured"
    STOP = "stop"
    ROLL_BACK = "roll_back"
    PAUSE = "pause"
    RESUME = "resume"
    SUPERSEDE = "supersede"


_ENDED = {Event.PROPOSE: State.PROPOSED}
_NEXT: Mapping[State, Mapping[Event, State]] = {
    State.PROPOSED: {
        Event.APPROVE: State.APPROVED,
        Event.REJECT: State.REJECTED,
        Event.SUPERSEDE: State.SUPERSEDED,
    },
    State.APPROVED: {
        Event.START: State.CANARY,
        Event.REJECT: State.REJECTED,
        Event.ROLL_BACK: State.ROLLED_BACK,
        Event.SUPERSEDE: State.SUPERSEDED,
    },
    State.CANARY: {
        Event.GROW: State.HALF,
        Event.STOP: State.ROLLED_BACK,
        Event.ROLL_BACK: State.ROLLED_BACK,
        Event.PAUSE: State.PAUSED,
        Event.SUPERSEDE: State.SUPERSEDED,
    },
    State.HALF: {
        Event.GROW: State.KEPT,
        Event.STOP: State.ROLLED_BACK,
        Event.ROLL_BACK: State.ROLLED_BACK,
        Event.PAUSE: State.PAUSED,
        Event.SUPERSEDE: State.SUPERSEDED,
    },
    State.KEPT: {
        Event.MEASURED: State.KEPT,
        Event.STOP: State.ROLLED_BACK,
        Event.ROLL_BACK: State.ROLLED_BACK,
        Event.SUPERSEDE: State.SUPERSEDED,
    },
    State.PAUSED: {
        Event.RESUME: State.PAUSED,  # replaced by where it was
        Event.STOP: State.ROLLED_BACK,
        Event.ROLL_BACK: State.ROLLED_BACK,
        Event.SUPERSEDE: State.SUPERSEDED,
    },
    State.ROLLED_BACK: _ENDED,
    State.REJECTED: _ENDED,
    State.SUPERSEDED: _ENDED,
}

_INSTEAD = {
    Event.APPROVE: "Only a proposed change can be approved.",
    Event.REJECT: "A change that is tried or kept is taken back with `orcaops optimizations rollback`.",
    Event.ROLL_BACK: "There is nothing to take back; reject a proposal instead.",
}


def allows(optimization: Optimization, event: Event) -> bool:
    """Whether the event can happen to the change where it is."""
    return event in _NEXT[optimization.state]


def advance(
    optimization: Optimization, event: Event, *, by: str, at: datetime, reason: str, **changes: Any
) -> Optimization:
    """The change after the event, with a line in its history. Raises ``conflict`` where it cannot happen.

    ``changes`` are further fields that the event brings (evidence, what was realised, a new proposal). Times
    never run backwards, whatever the clock does.
    """
    states = _NEXT[optimization.state]
    if event not in states:
        raise conflict(
            f"the change is {optimization.state.replace('_', ' ')}: it cannot {event.replace('_', ' ')}",
            where=optimization.id,
            hint=_INSTEAD.get(event, f"Look at it with `orcaops optimizations show {optimization.id}`."),
        )
    state = states[event]
    at = max(at, optimization.changed_at)
    new: dict[str, Any] = {"state": state, "changed_at": at}
    if event is Event.PAUSE:
        new["paused_from"] = optimization.state
    elif event is Event.RESUME:
        new |= {"state": optimization.paused_from or State.CANARY, "paused_from": None}
    elif event is Event.APPROVE:
        new["approved_by"] = by
    elif event is Event.PROPOSE:
        new |= {"round": optimization.round + 1, "approved_by": None, "realised": None, "paused_from": None}
        new |= {"evidence": TrialEvidence(), "quarantine_runs": 0, "runs_before": 0, "failures_before": 0}
    elif event in (Event.STOP, Event.ROLL_BACK):
        new |= {
            "rollbacks": optimization.rollbacks + 1,
            "quarantine_runs": quarantine(optimization.rollbacks + 1),
            "paused_from": None,
        }
    new |= changes
    if event is Event.START:
        new["assigned"] = 0
    elif event is Event.GROW:
        new |= {"share": 0.5 if new["state"] is State.HALF else HOLDBACK_SHARE, "assigned": 0}
    elif event is Event.MEASURED:
        new["share"] = 1.0
    if new["state"].ended or new["state"] in (State.PROPOSED, State.APPROVED):
        new |= {"share": 0.0, "assigned": 0, "last_candidate": None}
    line = HistoryEntry(at=at, by=by, event=str(event), state=new["state"], reason=reason)
    new["history"] = (*optimization.history, line)[-_REMEMBERED:]
    return optimization.changed(**new)


def quarantine(rollbacks: int) -> int:
    """How many runs of its job a change rests that was rolled back so many times.

    >>> [quarantine(times) for times in (1, 2, 3, 99)]
    [20, 40, 80, 2560]
    """
    return min(QUARANTINE_RUNS << min(max(rollbacks - 1, 0), 16), _LONGEST_QUARANTINE)


def rest_left(optimization: Optimization) -> int:
    """How many more runs of the job another change has to wait because of this one."""
    if not optimization.quarantine_runs:
        return 0
    since = quarantine(optimization.rollbacks) - optimization.quarantine_runs
    return max(0, REST_RUNS - since)


def runs_needed(state: State) -> int:
    """How many runs with the change the stage takes before it may go on."""
    return {State.CANARY: CANARY_RUNS, State.HALF: HALF_RUNS, State.KEPT: HOLDBACK_RUNS}.get(state, 0)
