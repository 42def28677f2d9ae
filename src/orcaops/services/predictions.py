"""Predictions: what is expected of a job before it starts."""

from collections.abc import Callable
from datetime import datetime

from orcaops.learning.learner import Question
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.model.job import JobSpec
from orcaops.model.key import key_of
from orcaops.model.prediction import Forecasts, Remaining
from orcaops.model.run import Cause, Run, Status
from orcaops.recording.measure import duration_of, memory_limit_of, memory_of, scopes_of
from orcaops.recording.store import Store, Transaction
from orcaops.services.absorb import load_memories

_NOT_ITS_OWN_DOING = frozenset(
    (Cause.IMAGE_UNAVAILABLE, Cause.ENGINE_LOST, Cause.INFRASTRUCTURE, Cause.POLICY_DENIED)
)


class Predictions:
    """Answers "how long, how much, how risky" from what has been learned so far."""

    def __init__(self, store: Store, loop: Loop, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._loop = loop
        self._clock = clock

    def predict(self, spec: JobSpec) -> Forecasts:
        """Duration, memory, failure risk and cost of a job: each a prediction or an abstention."""
        with self._store.read() as transaction:
            return self.foresee(transaction, spec)[0]

    def foresee(self, transaction: Transaction, spec: JobSpec) -> tuple[Forecasts, int]:
        """The forecasts, and the last number of the learning order that they have seen."""
        book = MemoryBook(lambda addresses: load_memories(transaction, addresses))
        return self._loop.predict(self._question(spec), book), transaction.watermark()

    def remaining(self, transaction: Transaction, run: Run) -> Remaining | None:
        """How long a running job still takes, given what has passed; None where nothing is known of it."""
        if run.status is not Status.RUNNING or run.started_at is None:
            return None
        elapsed_s = max(0.0, (self._clock() - run.started_at).total_seconds())
        book = MemoryBook(lambda addresses: load_memories(transaction, addresses))
        answer = self._loop.remaining(_as_it_was(run, run.submitted_at), elapsed_s, book)
        return answer if isinstance(answer, Remaining) else None

    def again(self, run: Run) -> Forecasts:
        """The same of the next run of the same work: of its key, for what was asked may be known in part."""
        with self._store.read() as transaction:
            book = MemoryBook(lambda addresses: load_memories(transaction, addresses))
            return self._loop.predict(_as_it_was(run, self._clock()), book)

    def _question(self, spec: JobSpec) -> Question:
        command_line = spec.command_line()
        key = key_of(image=spec.image, command_line=command_line, name=spec.name)
        return Question(
            workspace=spec.workspace,
            key=key,
            scopes=scopes_of(key, spec.image, command_line, spec.name, spec.workspace),
            at=self._clock(),
            memory_limit_bytes=spec.memory,
            cpus=spec.cpus,
            timeout_s=spec.timeout,
            commit=spec.commit,
            branch=spec.branch,
            command=command_line,
            env_names=tuple(sorted(spec.env)),
        )


def _as_it_was(run: Run, at: datetime) -> Question:
    """What is asked of a run whose key and context are known."""
    spec, context = run.effective or run.requested, run.context
    return Question(
        workspace=run.workspace,
        key=run.key,
        scopes=scopes_of(run.key, run.image, run.command, run.name, run.workspace),
        at=at,
        memory_limit_bytes=memory_limit_of(run),
        cpus=spec.cpus if spec is not None else None,
        timeout_s=spec.timeout if spec is not None else None,
        image_digest=run.image_digest,
        commit=context.commit,
        branch=context.branch,
        command=run.command,
        env_names=context.env_names,
    )


def came_true(run: Run) -> dict[str, float]:
    """What came of a final run, by the quantity that was predicted; left out where it is not known.

    Seconds and bytes are those of a run that succeeded: a run that was stopped or broke off says nothing
    of how long the work takes. ``failure_risk`` is 1.0 if it failed by its own doing, 0.0 if it succeeded.
    """
    came: dict[str, float] = {}
    if run.status is Status.SUCCEEDED:
        came["failure_risk"] = 0.0
        seconds, held = duration_of(run), memory_of(run.usage)
        if seconds is not None:
            came["duration"] = seconds
        if held is not None:
            came["memory"] = float(held)
    elif run.status in (Status.FAILED, Status.TIMED_OUT) and run.cause not in _NOT_ITS_OWN_DOING:
        came["failure_risk"] = 1.0
    return came
