"""Gauges: what an operator watches of a server: how much there is, waits, runs, and is not learned yet."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from orcaops.model.run import Status
from orcaops.recording.store import Store


@dataclass(frozen=True, slots=True)
class Reading:
    """One look. ``absorb_lag_s`` is how long the oldest run that is not learned from has been final."""

    runs: Mapping[str, int]
    active: int
    absorb_lag_s: float

    @property
    def queued(self) -> int:
        """How many runs wait."""
        return self.runs.get(Status.QUEUED, 0)


class Gauges:
    """Reads the figures, cheaply however much is stored."""

    def __init__(self, store: Store, *, active: Callable[[], int], clock: Callable[[], datetime]) -> None:
        self._store = store
        self._active = active
        self._clock = clock

    def read(self) -> Reading:
        """The figures now. Raises ``unavailable`` if the store does not answer."""
        with self._store.read() as transaction:
            counts = transaction.runs.counts()
            oldest = transaction.runs.unabsorbed(1)
        ended = [run.finished_at for run in oldest if run.finished_at is not None]
        lag = max(0.0, (self._clock() - ended[0]).total_seconds()) if ended else 0.0
        return Reading(
            runs={status.value: counts.get(status, 0) for status in Status},
            active=self._active(),
            absorb_lag_s=lag,
        )
