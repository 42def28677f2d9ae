"""Gauges: what an operator watches of a server: how much there is, waits, runs, and is not learned yet."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from orcaops.learning.scoring import HOUSE, Totals, totals
from orcaops.model.run import Status
from orcaops.recording.store import MemoryKey, Store, Transaction

_SCORES = MemoryKey(*HOUSE)


@dataclass(frozen=True, slots=True)
class Reading:
    """One look. ``absorb_lag_s`` is how long the oldest run that is not learned from has been final.

    ``predictions`` says by quantity how good all predictions have been that were scored; ``paused`` are
    the workspaces in which an incident pauses automation; ``undelivered`` counts by
    channel what was given up.
    """

    runs: Mapping[str, int]
    active: int
    absorb_lag_s: float
    predictions: Mapping[str, Totals] = field(default_factory=dict)
    paused: Sequence[str] = ()
    undelivered: Mapping[str, int] = field(default_factory=dict)

    @property
    def queued(self) -> int:
        """How many runs wait."""
        return self.runs.get(Status.QUEUED, 0)


class Gauges:
    """Reads the figures, cheaply however much is stored."""

    def __init__(
        self,
        store: Store,
        *,
        active: Callable[[], int],
        clock: Callable[[], datetime],
        paused: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._paused = paused
        self._store = store
        self._active = active
        self._clock = clock
        self._numbered: tuple[int, Counter[str]] | None = None

    def _counts(self, transaction: Transaction) -> Counter[str]:
        """How many runs there are in each status.

        A run that has its number does not change any more: all are counted once, and from then on the new.
        """
        runs, known = transaction.runs, self._numbered
        unnumbered, last = Counter(runs.counts_unnumbered()), runs.last_number()
        if known is not None and known[0] <= last:
            numbered = known[1] + Counter(runs.counts_after(known[0]))
        else:
            numbered = Counter(runs.counts()) - unnumbered
        self._numbered = last, numbered
        return numbered + unnumbered

    def read(self) -> Reading:
        """The figures now. Raises ``unavailable`` if the store does not answer."""
        with self._store.read() as transaction:
            counts = self._counts(transaction)
            oldest = transaction.runs.unabsorbed(1)
            deliveries = transaction.deliveries.counts()
            scores = transaction.memories.get_many([_SCORES]).get(_SCORES)
        ended = [run.finished_at for run in oldest if run.finished_at is not None]
        lag = max(0.0, (self._clock() - ended[0]).total_seconds()) if ended else 0.0
        return Reading(
            runs={status.value: counts.get(status, 0) for status in Status},
            active=self._active(),
            absorb_lag_s=lag,
            predictions=totals(scores),
            paused=tuple(self._paused()),
            undelivered={channel: states.get("failed", 0) for channel, states in deliveries.items()},
        )
