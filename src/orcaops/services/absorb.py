"""Absorb: what follows when runs have finished. The only writer of opinions.

Facts have been committed before. Absorbing takes the runs that have not been learned from, in
the order of their end, gives each its number in the learning order, and then, in one transaction
with the watermark: measure, judge, learn, advise, tell. Live runs, imports and ``relearn`` take this
same path; only imported and relearned runs are told to nobody.
"""

import gc
import logging
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date
from typing import cast

from orcaops.learning.loop import Absorbed, Loop
from orcaops.learning.memories import MemoryAddress, MemoryBook
from orcaops.model.anomaly import Anomaly
from orcaops.model.decision import Decision
from orcaops.model.run import Run
from orcaops.recording.measure import samples_of
from orcaops.recording.store import MemoryKey, Store, Transaction
from orcaops.services.absorbing.stories import told_as_one
from orcaops.services.absorbing.verdicts import Verdicts

log = logging.getLogger(__name__)

_TOGETHER_S = 0.02  # what finishes in this time is absorbed in one transaction
LEARNERS = "learners"
"""The mark that says which learners have learned what there is: ``Loop.fingerprint``."""

_BATCH = 1000  # runs per transaction: large enough to share the work, small enough to let others write

_COLLECTING = (50_000, 20, 50)  # the thresholds of gc while a batch is at work

Follower = Callable[[Transaction, Sequence[Run], Absorbed], None]
"""A step after learning, in the same transaction: advising, telling."""

Diagnose = Callable[[Transaction, Sequence[Run]], Mapping[tuple[str, str], str]]
"""Says of the failed ones of these runs what they failed of: by workspace and job id, where it is known."""

Settler = Callable[[Transaction], bool]
"""Does a part of what is left to do when nothing is left to learn from; whether there is more."""


@dataclass(frozen=True, slots=True)
class Reset:
    """A person's decision to forget a baseline, at its place in the learning order."""

    number: int
    workspace: str
    key: str


class Absorber:
    """Learns from what has finished. Thread-safe; of many processes one at a time is at work."""

    def __init__(
        self,
        store: Store,
        loop: Loop,
        *,
        advising: Sequence[Follower] = (),
        telling: Sequence[Follower] = (),
        diagnose: Diagnose | None = None,
        settling: Sequence[Settler] = (),
        clock: Callable[[], float] = time.time,
    ) -> None:
        """``advising`` gives opinions and follows relearning too; ``telling`` follows what is new alone.

        ``settling`` does what advising left, when nothing is left to learn from. ``clock`` gives seconds
        since the epoch: while an import is under way nothing gets a number, or runs of one file would get
        theirs out of order.
        """
        self._store = store
        self._loop = loop
        self._advising = advising
        self._telling = telling
        self._diagnose = diagnose
        self._settling = settling
        self._clock = clock
        self._unsettled = False
        self._lock = threading.Lock()
        self._transaction: Transaction | None = None
        self._book = MemoryBook(self._load)
        self._mark = -1
        self._days: set[date] = set()
        self._decided = -1
        self._resets: Sequence[Reset] = ()
        self._verdicts = Verdicts()

    def absorb_all(self, progress: Callable[[int], None] | None = None, *, patient: bool = False) -> int:
        """Absorb batches until nothing is left, or another process is at it; returns how many runs.

        Who is ``patient`` waits for the other process before the first batch, too.
        """
        total = 0
        while True:
            done = self.absorb_batch(patient=patient or total > 0)  # who has begun goes on
            total += done
            if progress is not None:
                progress(total)
            if done == 0 and not self._unsettled:
                return total

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Absorb nothing in this process, so that an import comes in whole before it is numbered."""
        with self._lock, _seldom_collecting():
            yield

    def take_days(self) -> set[date]:
        """The days (UTC) of the anomalies that came or changed since this was asked last."""
        days, self._days = self._days, set()
        return days

    def absorb_batch(self, *, patient: bool = False) -> int:
        """Absorb up to a batch of runs in one transaction; returns how many, 0 if there was nothing.

        Also 0 if another process is at it, for which only who is ``patient`` waits.
        """
        with self._lock, _seldom_collecting():
            self._unsettled = False
            try:
                with self._store.absorbing(patient=patient) as transaction:
                    return 0 if transaction is None else self._absorb(transaction)
            except BaseException:
                self._forget()  # what was learned in memory has not been committed
                raise
            finally:
                self._transaction = None

    def _absorb(self, transaction: Transaction) -> int:
        self._transaction = transaction
        mark = transaction.watermark()
        if mark != self._mark:
            self._forget()
        if mark == 0 and transaction.mark(LEARNERS) != self._loop.fingerprint:
            transaction.set_mark(LEARNERS, self._loop.fingerprint)
        replayed = transaction.runs.numbered(mark, _BATCH)
        resets = [reset for reset in self._known_resets(transaction) if reset.number > mark]
        if replayed or resets:
            self._mark = self._replay(transaction, replayed, resets)
            transaction.set_watermark(self._mark)
            return len(replayed) or len(resets)
        runs = transaction.runs.unabsorbed(_BATCH)
        # Asked after reading: whose runs were seen here has said before that it is importing.
        if not runs or transaction.imports.under_way(self._clock()):
            for settle in self._settling:
                self._unsettled |= settle(transaction)
            return 0
        numbered = [run.changed(number=mark + place) for place, run in enumerate(runs, start=1)]
        # Before learning: whoever follows it asks for runs by their numbers.
        transaction.runs.set_numbers([(run.workspace, run.job_id, run.number or 0) for run in numbered])
        absorbed = self._learn(transaction, numbered)
        for tell in self._telling:
            tell(transaction, numbered, absorbed)
        self._mark = mark + len(numbered)
        transaction.set_watermark(self._mark)
        return len(numbered)

    def _replay(self, transaction: Transaction, runs: Sequence[Run], resets: Sequence[Reset]) -> int:
        """Learn again from runs that have their numbers, meeting resets at their place."""
        full = len(runs) == _BATCH
        last = (
            runs[-1].number or 0
            if full
            else max([run.number or 0 for run in runs] + [r.number for r in resets])
        )
        rest = list(runs)
        for reset in [reset for reset in resets if reset.number <= last]:
            before = [run for run in rest if (run.number or 0) < reset.number]
            rest = rest[len(before) :]
            self._relearn(transaction, before)
            forget_baseline(transaction, reset.workspace, reset.key)
            self._book.forget(reset.workspace, "key", reset.key)
            self._book.forget("", "elsewhere", reset.key)
            self._book.forget(reset.workspace, "job", reset.key)
            self._book.forget(reset.workspace, "step_of", reset.key)
        self._relearn(transaction, rest)
        return last

    def _relearn(self, transaction: Transaction, runs: Sequence[Run]) -> None:
        if runs:
            absorbed = self._learn(transaction, runs)
            _show_decisions(transaction, absorbed.anomalies)

    def _learn(self, transaction: Transaction, runs: Sequence[Run]) -> Absorbed:
        said = self._diagnose(transaction, runs) if self._diagnose is not None else {}
        # One run after the other: with their tests, those of a batch would not fit into memory.
        samples = (
            samples_of(
                run,
                run.number or 0,
                said.get((run.workspace, run.job_id)),
                transaction.test_cases.of_run(run.workspace, run.job_id) if run.tests is not None else None,
            )
            for run in runs
        )
        absorbed = self._verdicts.heeded(transaction, runs, self._loop.absorb(samples, self._book))
        absorbed = told_as_one(transaction, absorbed)
        transaction.baselines.put_many(self._loop.describe_baselines(self._book, absorbed.keys))
        transaction.anomalies.put_many(absorbed.anomalies)
        self._days.update(anomaly.detected_at.date() for anomaly in absorbed.anomalies)
        transaction.memories.put_many(cast("Mapping[MemoryKey, bytes]", self._book.drain()))
        for advise in self._advising:
            advise(transaction, runs, absorbed)
        return absorbed

    def _known_resets(self, transaction: Transaction) -> Sequence[Reset]:
        """All resets in the learning order; read again only when something has been decided since."""
        latest = transaction.decisions.latest()
        if latest != self._decided:
            self._resets, self._decided = _resets(transaction), latest
        return self._resets

    def _load(self, addresses: Iterable[MemoryAddress]) -> Mapping[MemoryAddress, bytes]:
        if self._transaction is None:
            raise RuntimeError("memories are loaded inside a transaction only")
        return load_memories(self._transaction, addresses)

    def _forget(self) -> None:
        self._book.clear()
        self._mark = -1


@contextmanager
def _seldom_collecting() -> Iterator[None]:
    """Let Python look for cycles of garbage seldom while a batch is at work.

    A batch makes very many objects that live on and hardly a cycle; looking through all memories again and
    again took a fifth to a quarter of the time of an import.
    """
    usual = gc.get_threshold()
    gc.set_threshold(*_COLLECTING)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def load_memories(
    transaction: Transaction, addresses: Iterable[MemoryAddress]
) -> Mapping[MemoryAddress, bytes]:
    """The stored memories at these addresses.

    Both rooms have their own word for the address: a tuple of the same fields in the same order, so
    that the one is found where the other was put.
    """
    found = transaction.memories.get_many(cast("Iterable[MemoryKey]", addresses))
    return cast("Mapping[MemoryAddress, bytes]", found)


def forget_baseline(transaction: Transaction, workspace: str, key: str) -> None:
    """Drop what is known of one key, at the level of the key itself.

    What is known of it over all workspaces goes with it: or the job would be told its own past as another's.
    """
    transaction.memories.forget(workspace, "key", key)
    transaction.memories.forget("", "elsewhere", key)
    transaction.memories.forget(workspace, "job", key)
    transaction.memories.forget(workspace, "step_of", key)
    transaction.baselines.forget(workspace, key)


def _resets(transaction: Transaction) -> list[Reset]:
    resets = [
        Reset(decision.after_number + 1, decision.workspace, decision.subject_id)
        for decision in transaction.decisions.each("baseline")
        if decision.verb == "reset"
    ]
    return sorted(resets, key=lambda reset: reset.number)


def _show_decisions(transaction: Transaction, anomalies: Iterable[Anomaly]) -> None:
    """What people once decided about an anomaly holds for it when it is found again."""
    for anomaly in anomalies:
        for decision in transaction.decisions.about(anomaly.workspace, "anomaly", anomaly.id):
            show_decision(transaction, decision)


def show_decision(transaction: Transaction, decision: Decision) -> None:
    """Show one decision about an anomaly on that anomaly."""
    anomalies, workspace, subject = transaction.anomalies, decision.workspace, decision.subject_id
    if decision.verb == "acknowledge":
        anomalies.decide(workspace, subject, acknowledged=True, note=decision.reason)
    elif decision.verb == "resolve":
        anomalies.decide(workspace, subject, acknowledged=True, resolution=decision.reason or "resolved")
    elif decision.verb == "reopen":
        anomalies.decide(workspace, subject, acknowledged=False, note=decision.reason or "", resolution="")


class AbsorbingThread:
    """Absorbs in the background of a server, soon after each :meth:`wake`.

    ``afterwards`` is called after each round, from the same thread.
    """

    def __init__(self, absorber: Absorber, afterwards: Callable[[], None], *, every_s: float = 2.0) -> None:
        self._absorber = absorber
        self._afterwards = afterwards
        self._every_s = every_s
        self._wake = threading.Event()
        self._stopping = False
        self._thread = threading.Thread(target=self._work, name="absorber", daemon=True)

    def start(self) -> None:
        """Begin; what finished before is absorbed at once."""
        self._wake.set()
        self._thread.start()

    def wake(self) -> None:
        """Something has finished."""
        self._wake.set()

    def stop(self, timeout_s: float = 30.0) -> None:
        """Absorb what there is, and end."""
        self._stopping = True
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout_s)

    def _work(self) -> None:
        while True:
            self._wake.wait(self._every_s)  # also without a wake: other processes finish runs too
            time.sleep(_TOGETHER_S)
            self._wake.clear()
            stopping = self._stopping
            try:
                self._absorber.absorb_all()
                self._afterwards()  # also when nothing came: what was not due before may be now
            except Exception:
                log.exception("absorbing failed; it is tried again")
            if stopping:
                return
