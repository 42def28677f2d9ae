"""Predictions: what is expected of a job before it starts."""

from collections.abc import Callable
from datetime import datetime

from orcaops.learning.learner import Question
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.model.job import JobSpec
from orcaops.model.key import key_of
from orcaops.model.prediction import Forecasts
from orcaops.recording.measure import scopes_of
from orcaops.recording.store import Store, Transaction
from orcaops.services.absorb import load_memories


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
        )
