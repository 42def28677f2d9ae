"""Moves: an optimization goes to its next state, and the decision is signed, in one transaction."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from orcaops.improving import notices
from orcaops.improving.guard import failed, says_something
from orcaops.improving.optimizations import Event, advance, allows
from orcaops.improving.policy import MODE_SUBJECT, modes_of, obstacle
from orcaops.improving.works import work_of
from orcaops.model.optimization import FieldMode, Mode, Optimization, State
from orcaops.model.override import OptimizedField
from orcaops.model.run import Run
from orcaops.recording.store import Transaction
from orcaops.services.signing import Signing

US = "orcaops"
"""Who decides what nobody was asked about."""

Incident = Callable[[Transaction, str], str | None]
"""Says which incident pauses what is automatic in a workspace; None if there is none."""

_BUSY_RUNS = 20  # fewer say nothing about how often a job runs
_BEFORE = 100  # runs whose failures say what was usual


class Moves:
    """Moves optimizations; each move is kept with who decided it, when and why."""

    def __init__(
        self, *, clock: Callable[[], datetime], new_id: Callable[[], str], incident: Incident
    ) -> None:
        self._clock = clock
        self._signing = Signing(clock, new_id)
        self.incident = incident

    def move(
        self,
        transaction: Transaction,
        optimization: Optimization,
        event: Event,
        *,
        by: str,
        reason: str,
        **changes: Any,
    ) -> Optimization:
        """Let the event happen. Raises ``conflict`` where it cannot."""
        moved = advance(optimization, event, by=by, at=self._clock(), reason=reason, **changes)
        transaction.optimizations.put_many([moved])
        self.sign(transaction, moved, str(event), by, reason, before=optimization)
        if event in (Event.STOP, Event.ROLL_BACK, Event.SUPERSEDE):
            self._end_later_steps(transaction, moved)
        told = notices.taken_back(moved) if event is Event.STOP else notices.disappointment(moved)
        if told is not None and event in (Event.STOP, Event.MEASURED):
            transaction.outbox.add([told])
        return moved

    def sign(
        self,
        transaction: Transaction,
        moved: Optimization,
        verb: str,
        by: str,
        reason: str,
        *,
        before: Optimization | None = None,
    ) -> None:
        """Append the decision."""
        details: dict[str, Any] = {
            "key": moved.key,
            "field": str(moved.field),
            "from": str(before.state) if before is not None else None,
            "to": str(moved.state),
            "before": moved.before,
            "after": moved.after,
        }
        effect = moved.realised or moved.promised
        if effect is not None:
            details["effect"] = effect.model_dump(mode="json")
        self._signing.sign(
            transaction,
            moved.workspace,
            "optimization",
            moved.id,
            verb,
            by=by,
            reason=reason,
            details=details,
        )

    def modes(self, transaction: Transaction, workspace: str) -> dict[OptimizedField, FieldMode]:
        """The mode of every field."""
        decided = {
            field: transaction.decisions.about(workspace, MODE_SUBJECT, str(field))
            for field in OptimizedField
        }
        return {each.field: each for each in modes_of(workspace, decided)}

    def set_mode(
        self, transaction: Transaction, workspace: str, field: OptimizedField, mode: Mode, by: str
    ) -> None:
        """Decide the mode of one field."""
        before = self.modes(transaction, workspace)[field].mode
        details = {"before": str(before), "after": str(mode)}
        self._signing.sign(
            transaction, workspace, MODE_SUBJECT, str(field), "set_mode", by=by, details=details
        )

    def start_if_free(
        self,
        transaction: Transaction,
        approved: Optimization,
        others: Sequence[Optimization],
        runs: Sequence[Run],
    ) -> Optimization:
        """Begin the canary of an approved change, unless something stands in its way.

        ``runs`` are the latest of the key, newest first: what was usual before.
        """
        if obstacle(approved, others) is not None or self.incident(transaction, approved.workspace):
            return approved
        of_it = [run for run in runs if approved.work in (None, work_of(run))]
        past = [failed(run) for run in of_it if says_something(run) and not run.overrides][:_BEFORE]
        share = canary_share(runs)
        often = "one run in ten" if share < 0.2 else "every fifth run"
        return self.move(
            transaction,
            approved,
            Event.START,
            by=US,
            reason=f"{often} has it from now on, one at a time",
            share=share,
            runs_before=len(past),
            failures_before=sum(past),
        )

    def _end_later_steps(self, transaction: Transaction, ended: Optimization) -> None:
        """What was built on a change that is gone goes with it."""
        for each in transaction.optimizations.of_key(ended.workspace, ended.key):
            later = each.field is ended.field and each.step > ended.step
            if later and allows(each, Event.SUPERSEDE):
                moved = advance(
                    each,
                    Event.SUPERSEDE,
                    by=US,
                    at=self._clock(),
                    reason=f"step {ended.step}, on which it rests, is gone",
                )
                transaction.optimizations.put_many([moved])
                self.sign(transaction, moved, str(Event.SUPERSEDE), US, moved.history[-1].reason, before=each)


def canary_share(runs: Sequence[Run]) -> float:
    """A tenth of the runs of a busy job; every fifth of one that runs fewer than ten times a day."""
    if len(runs) < _BUSY_RUNS:
        return 0.2
    latest = runs[: min(len(runs), 50)]
    span_s = (latest[0].submitted_at - latest[-1].submitted_at).total_seconds()
    return 0.1 if span_s <= 0 or len(latest) / (span_s / 86400) >= 10 else 0.2


def in_force(optimizations: Sequence[Optimization], work: str | None) -> dict[OptimizedField, Any]:
    """The values of kept and measured changes of a work, by field: what the next step begins from."""
    here = (each for each in optimizations if each.work in (None, work))
    kept = sorted(
        (each for each in here if each.state is State.KEPT and not each.measuring),
        key=lambda each: each.step,
    )
    return {each.field: each.after for each in kept}
