"""Applying: a recommendation that OrcaOps can carry out by itself becomes an approved optimization."""

from collections.abc import Callable
from datetime import datetime

from orcaops.improving.optimizations import Event
from orcaops.improving.proposals import asked_for, own_value
from orcaops.model.optimization import Mode, Optimization, State
from orcaops.model.override import OptimizedField
from orcaops.model.recommendation import Change, Recommendation
from orcaops.recording.store import Store, Transaction
from orcaops.services.trying.moves import Moves
from orcaops.services.trying.proposing import PAST_RUNS, Proposing

_FIELDS = frozenset(str(field) for field in OptimizedField)


class Applying:
    """Carries recommendations out. Nobody's specification is edited: the change is laid over jobs."""

    def __init__(self, store: Store, moves: Moves, *, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._moves = moves
        self._proposing = Proposing(moves, clock=clock)

    def __call__(self, recommendation: Recommendation, by: str) -> str | None:
        """Approve the change of this field of the job; a sentence, None where OrcaOps cannot do it.

        What the optimizer has proposed itself is taken as it is; else the recommended value is put up. Either
        way it is tried on a part of the runs first, and a limit is lowered by steps.
        """
        change = recommendation.change
        if change is None or change.field not in _FIELDS:
            return None
        field = OptimizedField(change.field)
        with self._store.write() as transaction:
            if self._moves.modes(transaction, recommendation.workspace)[field].mode is Mode.OFF:
                return None
            found = self._proposed(transaction, recommendation, field) or self._put_up(
                transaction, recommendation, field, change
            )
            if found is None:
                return None
            approved = self._moves.move(
                transaction,
                found,
                Event.APPROVE,
                by=by,
                reason=f"recommendation {recommendation.id} was applied",
            )
            others = transaction.optimizations.of_key(approved.workspace, approved.key)
            latest = transaction.runs.latest_of_key(approved.workspace, approved.key, PAST_RUNS)
            self._moves.start_if_free(transaction, approved, others, latest)
        return (
            f"approved as optimization {approved.id}, which tries it on a part of the runs first: "
            f"orcaops optimizations show {approved.id}"
        )

    def decline(self, recommendation: Recommendation, by: str, reason: str) -> None:
        """Take the proposal of the same change from the table: whoever dismisses the one wants neither."""
        if recommendation.change is None or recommendation.change.field not in _FIELDS:
            return
        with self._store.write() as transaction:
            found = self._proposed(transaction, recommendation, OptimizedField(recommendation.change.field))
            if found is not None:
                why = f"recommendation {recommendation.id} was dismissed: {reason}"
                self._moves.move(transaction, found, Event.REJECT, by=by, reason=why)

    def _proposed(
        self, transaction: Transaction, recommendation: Recommendation, field: OptimizedField
    ) -> Optimization | None:
        known = transaction.optimizations.of_key(recommendation.workspace, recommendation.key)
        return next((each for each in known if each.field is field and each.state is State.PROPOSED), None)

    def _put_up(
        self,
        transaction: Transaction,
        recommendation: Recommendation,
        field: OptimizedField,
        change: Change,
    ) -> Optimization | None:
        """The recommended value as a proposal; None where the job asks for another value by now."""
        workspace, key = recommendation.workspace, recommendation.key
        known = transaction.optimizations.of_key(workspace, key)
        latest = transaction.runs.latest_of_key(workspace, key, PAST_RUNS)
        if not latest:
            return None
        past = self._proposing.past(transaction, workspace, key, known, latest)
        last = (past.runs or latest)[0]
        traced = last.source != "local" and own_value(last, field) is None
        own = change.before if traced else own_value(last, field)
        if past.in_force.get(field, own) != change.before and (own or change.before):
            return None
        proposal = asked_for(past, field, own, change.after, recommendation.description)
        return self._proposing.asked_for(transaction, workspace, key, proposal, known)
