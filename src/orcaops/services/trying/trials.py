"""Trials: changes are laid over jobs at submission, watched at every end, and taken back when they hurt.

Three moments: a job is submitted (:meth:`Trials.lay`), a run ends (:meth:`Trials.ended`, in the same
transaction as its final record, so that a killed run has its next attempt and the change its rollback, or
neither), and a run has been learned from (:meth:`Trials.follow`).
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from orcaops.improving.benefits import realised
from orcaops.improving.guard import judge, too_tight
from orcaops.improving.optimizations import HOLDBACK_RUNS, Event, allows
from orcaops.improving.overrides import Laid, lay
from orcaops.improving.works import LASTS_FROM, another_lasts
from orcaops.learning.loop import Absorbed
from orcaops.model.attempts import INFRASTRUCTURE
from orcaops.model.errors import OrcaError
from orcaops.model.job import JobSpec
from orcaops.model.optimization import Mode, Optimization, State
from orcaops.model.override import OptimizedField, Value, show_value
from orcaops.model.run import Run
from orcaops.recording.store import Store, Transaction
from orcaops.running.retry import refused
from orcaops.services.trying.attempts import Attempts, Retried
from orcaops.services.trying.moves import US, Moves
from orcaops.services.trying.proposing import PAST_RUNS, Proposing

log = logging.getLogger(__name__)

_LOOKED_AT = 500  # runs of a key that a trial may take
_SLACK = 50  # runs of a key beside those of a trial: second attempts, runs in a pause


class Trials:
    """What happens to jobs because of optimizations."""

    def __init__(
        self,
        store: Store,
        moves: Moves,
        *,
        ceilings: Mapping[OptimizedField, Value],
        raise_to: float | None,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._moves = moves
        self._proposing = Proposing(moves, clock=clock)
        self._ceilings = ceilings
        self._attempts = Attempts(moves, ceilings=ceilings, raise_to=raise_to)

    # -- a job is submitted

    def lay(
        self,
        transaction: Transaction,
        key: str,
        job_id: str,
        spec: JobSpec,
        fits: Callable[[JobSpec], object],
        *,
        work: str | None = None,
    ) -> Laid:
        """Lay over a job what is in force for its key, and assign it to an arm. Quick where there is nothing.

        ``fits`` raises where no executor can run the job as changed: it is then run as it was asked for, and
        what changed it is rolled back. ``work`` is what it runs (:mod:`orcaops.improving.works`).
        """
        if spec.sandbox is not None:
            return Laid(spec)  # its limits are those of the sandbox
        known = transaction.optimizations.of_key(spec.workspace, key)
        known = [each for each in known if not each.state.ended]
        if any(each.state.trying for each in known) and self._moves.incident(transaction, spec.workspace):
            known = [each for each in known if not each.state.trying]  # it is paused when this run has ended
        if not known:
            return Laid(spec)
        modes = {name: each.mode for name, each in self._moves.modes(transaction, spec.workspace).items()}

        def in_flight(other: str) -> bool:
            try:
                return not transaction.runs.get(spec.workspace, other).status.final
            except OrcaError:
                return False

        laid = lay(spec, known, modes, job_id=job_id, ceilings=self._ceilings, in_flight=in_flight, work=work)
        for each in laid.superseded:
            wanted, asked = (show_value(each.field, v) for v in (getattr(spec, each.field), each.own))
            noun = str(each.field).replace("_", " ")
            reason = f"the job now asks for another {noun} ({wanted} instead of {asked}): it wins"
            self._moves.move(transaction, each, Event.SUPERSEDE, by="user", reason=reason)
        if laid.overrides:
            try:
                fits(laid.spec)
            except OrcaError as error:
                for override in laid.overrides:
                    each = next(o for o in known if o.id == override.optimization_id)
                    reason = f"no executor can keep it: {error.message}"
                    self._moves.move(transaction, each, Event.STOP, by=US, reason=reason)
                return Laid(spec)
        transaction.optimizations.put_many(laid.changed)
        return laid

    def still(self, run: Run) -> Mapping[str, Value]:
        """The fields of a run that has not started which have to be its own again: their change has ended."""
        if not run.overrides:
            return {}
        with self._store.read() as transaction:
            gone = [
                override
                for override in run.overrides
                if transaction.optimizations.get(run.workspace, override.optimization_id).state
                not in (State.CANARY, State.HALF, State.KEPT)
            ]
        return {str(each.field): each.own for each in gone}

    # -- a run ends

    def concern(self, final: Run) -> bool:
        """Whether the end of a run may undo a change or be followed by another attempt. Quick."""
        return bool(final.overrides) or final.attempt > 1 or self._attempts.concern(final)

    def ended(self, transaction: Transaction, final: Run, *, again: bool) -> Retried | None:
        """What follows from an end at once: a change that hurt is undone, and the run tried again.

        ``again`` is false where the run cannot be repeated (its secrets are gone).
        """
        self._undo_if_tight(transaction, final)
        self._undo_if_refused(transaction, final)
        return self._attempts.following(transaction, final) if again else None

    def _undo_if_tight(self, transaction: Transaction, final: Run) -> None:
        found = too_tight(final)
        if found is not None:
            self._stop(transaction, final.workspace, found[0].optimization_id, found[1])

    def _undo_if_refused(self, transaction: Transaction, final: Run) -> None:
        """If an attempt without overrides started and the one with them did not, they were why."""
        if final.retry_of is None or final.started_at is None or final.cause in INFRASTRUCTURE:
            return
        try:
            before = transaction.runs.get(final.workspace, final.retry_of)
        except OrcaError:
            return
        if refused(before):
            for override in before.overrides:
                said = (before.message or "").partition(f". Attempt {before.attempt} of ")[0]
                reason = f"the engine refused it: {said or 'the run did not start'}"
                self._stop(transaction, final.workspace, override.optimization_id, reason)

    def _stop(self, transaction: Transaction, workspace: str, optimization_id: str, reason: str) -> None:
        try:
            found = transaction.optimizations.get(workspace, optimization_id)
        except OrcaError:
            return
        if allows(found, Event.STOP):
            self._moves.move(transaction, found, Event.STOP, by=US, reason=reason)

    # -- runs have been learned from

    def follow(self, transaction: Transaction, runs: Sequence[Run], absorbed: Absorbed) -> None:  # noqa: ARG002
        """A step of absorbing what is new here: trials go on or end, and what is worth trying is proposed.

        Imported and relearned runs do not come here: they start nothing and change no state.
        """
        touched: dict[tuple[str, str], list[Run]] = {}
        for run in runs:
            spec = run.requested
            if run.source == "local" and run.teaches and spec is not None and spec.sandbox is None:
                touched.setdefault((run.workspace, run.key), []).append(run)
        for (workspace, key), new in touched.items():
            self._review(transaction, workspace, key, new)

    def _review(self, transaction: Transaction, workspace: str, key: str, new: Sequence[Run]) -> None:
        known = transaction.optimizations.of_key(workspace, key)
        due = self._proposing.due(transaction, workspace, key, new)
        active = [each for each in known if not each.state.ended and each.state is not State.PROPOSED]
        if not due and not active and not any(each.quarantine_runs for each in known):
            return
        seen = [each.evidence.candidates + each.evidence.controls for each in active]
        looked = max(PAST_RUNS if due else _SLACK, min(max(seen, default=0) + len(new) + _SLACK, _LOOKED_AT))
        latest = [
            run
            for run in transaction.runs.latest_of_key(workspace, key, looked)
            if run.number is not None and run.source == "local"
        ]
        modes = {name: each.mode for name, each in self._moves.modes(transaction, workspace).items()}
        incident = self._moves.incident(transaction, workspace) if active else None
        for each in known:
            if each.quarantine_runs:
                left = max(0, each.quarantine_runs - len(new))
                transaction.optimizations.put_many([each.changed(quarantine_runs=left)])
            elif not each.state.ended and (other := another_lasts(each.work, latest)) is not None:
                self._end_for(transaction, each, other)
            elif not each.state.ended:
                self._step(transaction, each, new, latest, modes[each.field], incident)
        known = transaction.optimizations.of_key(workspace, key)
        if due and incident is None:
            self._proposing.propose(transaction, workspace, key, known, latest, modes)
            known = transaction.optimizations.of_key(workspace, key)
        for each in known:
            if each.state is State.APPROVED and modes[each.field] is not Mode.OFF:
                others = transaction.optimizations.of_key(workspace, key)
                self._moves.start_if_free(transaction, each, others, latest)

    def _end_for(self, transaction: Transaction, each: Optimization, other: str) -> None:
        """The job runs something else: what its runs have shown so far says nothing of that."""
        reason = (
            f"the last {LASTS_FROM} runs were of something else ({other}) than what this was learned of "
            f"({each.work}): what that needs has to be learned anew"
        )
        self._moves.move(transaction, each, Event.SUPERSEDE, by=US, reason=reason)

    def _step(
        self,
        transaction: Transaction,
        each: Optimization,
        new: Sequence[Run],
        latest: Sequence[Run],
        mode: Mode,
        incident: str | None,
    ) -> None:
        """Let one change go on by at most one state."""
        move = self._moves.move
        wait = f"an incident is open: {incident}" if incident else "mode is off" if mode is Mode.OFF else None
        if each.state is State.PAUSED:
            if wait is None:
                move(transaction, each, Event.RESUME, by=US, reason="what paused it is over")
            return
        if each.state is State.KEPT and not each.measuring:
            for run in new:
                if (found := too_tight(run, each.id)) is not None:
                    move(transaction, each, Event.STOP, by=US, reason=found[1])
                    return
            return
        if not each.state.trying and not each.measuring:
            return
        try:
            judgement = judge(each, list(reversed(latest)))
        except Exception:
            log.exception("%s: its evidence cannot be weighed; it waits", each.id)
            return
        if judgement.event is not None:
            move(
                transaction,
                each,
                judgement.event,
                by=US,
                reason=judgement.reason,
                evidence=judgement.evidence,
            )
            return
        if wait is not None and each.state.trying:
            move(transaction, each, Event.PAUSE, by=US, reason=wait, evidence=judgement.evidence)
            return
        each = each.changed(evidence=judgement.evidence)
        if each.measuring and _held_back(each, latest) >= HOLDBACK_RUNS:
            effect = realised(each, latest)
            reason = f"measured on {effect.runs} runs: {effect.sentence}"
            move(transaction, each, Event.MEASURED, by=US, reason=reason, realised=effect)
            return
        transaction.optimizations.put_many([each])


def _held_back(each: Optimization, latest: Sequence[Run]) -> int:
    """How many runs, with the change and without, ended since it was kept."""
    return sum(
        run.trial is not None
        and run.trial.optimization_id == each.id
        and run.trial.round == each.round
        and run.trial.stage == State.KEPT
        for run in latest
    )
