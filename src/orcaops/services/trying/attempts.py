"""Attempts: whether a job whose run has ended goes on with another one, and with which limits.

Called in the transaction of a final record, so that a killed run has its next attempt or its end, and
never neither. What to do is decided in :mod:`orcaops.running.retry`; here is what that needs to know.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from orcaops.model.attempts import attempt_id, ran_out_of
from orcaops.model.errors import OrcaError
from orcaops.model.optimization import Mode
from orcaops.model.override import OptimizedField, Value
from orcaops.model.run import Run, Status, Usage
from orcaops.recording.store import Transaction
from orcaops.running.retry import next_attempt
from orcaops.services.trying.moves import Moves

_LOOP = 20  # latest runs of a job of which none may have taken whatever it was given
_TWICE = 2.0


@dataclass(frozen=True, slots=True)
class Retried:
    """An ended attempt under an id of its own, the job as it goes on, and what changed between the two."""

    attempt: Run
    job: Run
    changes: Mapping[str, Value]
    reason: str
    delay_s: float


class Attempts:
    """What follows an attempt."""

    def __init__(
        self, moves: Moves, *, ceilings: Mapping[OptimizedField, Value], raise_to: float | None
    ) -> None:
        self._moves = moves
        self._ceilings = ceilings
        self._raise_to = raise_to

    def concern(self, final: Run) -> bool:
        """Whether a first attempt without changed limits may be followed by another. Quick."""
        if final.status is Status.SUCCEEDED or final.effective is None:
            return False
        return bool(final.effective.retries) or (self._raise_to != 1 and ran_out_of(final) is not None)

    def following(self, transaction: Transaction, final: Run) -> Retried | None:
        """The next attempt of a job that can be repeated; None if its end stands."""
        over = final.cause is None or final.status in (Status.CANCELLED, Status.SUCCEEDED)
        if over or self._cancelled(transaction, final):
            return None
        following = next_attempt(
            final,
            self._earlier(transaction, final),
            raise_to=self._may_raise_to(transaction, final),
            ceilings=self._ceilings,
        )
        if following is None or (
            not following.restored and self._moves.incident(transaction, final.workspace)
        ):
            return None  # during an incident what is broken is not loaded further, nor is anything raised
        changes = {str(name): value for name, value in following.changes.items()}
        kept_id = attempt_id(final.job_id, final.attempt)
        told = f"Attempt {final.attempt} of {final.job_id}: {following.reason}."
        if final.message:
            told = f"{final.message.rstrip('.')}. {told}"
        attempt = final.changed(job_id=kept_id, message=told, artifacts=())
        job = _beginning_anew(final, kept_id, changes, following.restored)
        return Retried(attempt, job, changes, following.reason, following.delay_s)

    def _may_raise_to(self, transaction: Transaction, final: Run) -> float:
        """How many times its own limit a job may be given when that ran out; 1: no more.

        A job of whose latest runs one was given more and took that, too, may take whatever it is given.
        """
        name = ran_out_of(final)
        if name is None or self._raise_to == 1:
            return 1.0
        mode = self._moves.modes(transaction, final.workspace)[name].mode
        if mode is Mode.OFF or (self._raise_to is None and mode is not Mode.AUTO):
            return 1.0
        latest = transaction.runs.latest_of_key(final.workspace, final.key, _LOOP)
        if any(ran_out_of(run) is name and _was_raised(run, name) for run in latest):
            return 1.0
        return self._raise_to or _TWICE

    def _earlier(self, transaction: Transaction, final: Run) -> list[Run]:
        earlier = []
        for number in range(1, final.attempt):
            try:
                earlier.append(transaction.runs.get(final.workspace, attempt_id(final.job_id, number)))
            except OrcaError:
                continue  # its retention has passed
        return earlier

    def _cancelled(self, transaction: Transaction, final: Run) -> bool:
        decisions = transaction.decisions.about(final.workspace, "job", final.job_id)
        return any(decision.verb == "cancel" for decision in decisions)


def _was_raised(run: Run, name: OptimizedField) -> bool:
    """Whether it ended by itself with more of a limit than its job asked for."""
    if run.effective is None or run.requested is None or run.attempt < 2:
        return False
    own, had = getattr(run.requested, name), getattr(run.effective, name)
    return own is not None and had is not None and had > own


def _beginning_anew(
    final: Run, ended_id: str, changes: Mapping[str, Value], restored: frozenset[OptimizedField]
) -> Run:
    """The job as it goes on: with its next attempt, nothing of which has happened yet."""
    effective = final.effective
    return final.changed(
        status=Status.RUNNING,
        cause=None,
        message=None,
        exit_code=None,
        signal=None,
        started_at=None,
        finished_at=None,
        duration_s=None,
        phases={},
        steps=(),
        usage=Usage(),
        artifacts=(),
        log=None,
        adopted=False,
        engine_ref=None,
        effective=effective.model_copy(update=changes) if effective is not None else None,
        overrides=tuple(each for each in final.overrides if each.field not in restored),
        trial=None,
        attempt=final.attempt + 1,
        retry_of=ended_id,
    )
