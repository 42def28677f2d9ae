"""Recovery: after the death of a process, every run it answered for gets an honest end.

Runs whose owner has died are taken over: one that had not started goes back into the queue (or is
lost, if its submitter was waiting for it and died too), one that was running is adopted where its
container still lives, and lost where nothing is left of it.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from orcaops.model.errors import OrcaError
from orcaops.model.run import Cause, Run, Status
from orcaops.recording.store import Store
from orcaops.running.conclusion import from_note
from orcaops.running.executor import Adoptable, Executor
from orcaops.running.ownership import Ownership
from orcaops.services.executing.dispatcher import Dispatcher

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Recovered:
    """What was found of dead owners."""

    requeued: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    adopted: tuple[str, ...] = ()
    """Runs that go on and are being brought to their end by threads of this process."""

    def __bool__(self) -> bool:
        return bool(self.requeued or self.lost or self.adopted)


class Recovery:
    """Takes over from the dead, and removes what they left in the engines."""

    def __init__(
        self,
        store: Store,
        executors: Mapping[str, Executor],
        ownership: Ownership,
        dispatcher: Dispatcher,
        clock: Callable[[], datetime],
    ) -> None:
        self._store = store
        self._executors = executors
        self._ownership = ownership
        self._dispatcher = dispatcher
        self._clock = clock
        self._adopting: list[threading.Thread] = []

    def orphans(self) -> list[Run]:
        """The runs whose owner has died."""
        with self._store.read() as transaction:
            dead = {
                owner
                for owner in transaction.runs.owners()
                if owner is not None and not self._ownership.lives(owner)
            }
            return [run for run in transaction.runs.open_runs() if run.owner in dead] if dead else []

    def take_over(self) -> None:
        """What a server does every few seconds: others that share its home or its queue may die beside it."""
        if recovered := self.recover():
            log.info("took over from dead processes: %s", recovered)
        with self._store.read() as transaction:
            unowned = None in transaction.runs.owners()
        if unowned:
            self._dispatcher.claim_unowned()

    def ending(self) -> list[Run]:
        """The runs of the dead that get their end at once, from whoever takes them over or has done so.

        They neither wait for their turn once more, nor go on by themselves in their engine.
        """
        orphans = self.orphans()  # asked first: one that is taken over meanwhile is seen twice, and not never
        with self._store.read() as transaction:
            taken_over = [run for run in transaction.runs.open_runs(Status.RUNNING) if run.adopted]
        return [run for run in (*orphans, *taken_over) if self._ends_now(run)]

    def recover(self) -> Recovered:
        """Give every orphan an end, or take it on; those that are adopted end in the background."""
        requeued, lost, adopted = [], [], []
        for orphan in self.orphans():
            # Where its engine does not answer, whoever adopts it waits for that and asks once more.
            run = self._take_over(orphan, begun=not self._never_began(orphan, patient=False))
            if run is None:
                continue
            if run.status is Status.QUEUED:
                requeued.append(run.job_id)
            elif run.status.final:
                self._dispatcher.forget(run)
                lost.append(run.job_id)
            else:
                adopted.append(run.job_id)
                thread = threading.Thread(
                    target=self._adopt, args=(run,), name=f"adopt-{run.job_id}", daemon=True
                )
                thread.start()
                self._adopting = [each for each in self._adopting if each.is_alive()] + [thread]
        self._ownership.sweep()
        return Recovered(tuple(requeued), tuple(lost), tuple(adopted))

    def wait(self) -> None:
        """Wait until all adopted runs have ended."""
        for thread in self._adopting:
            thread.join()
        self._adopting.clear()

    def reap(self, *, dry_run: bool = False) -> list[str]:
        """Remove what dead runs left in the engines; a sentence for each thing."""
        removed: list[str] = []
        for executor in self._executors.values():
            if isinstance(executor, Adoptable) and executor.probe().usable:
                try:
                    removed += executor.reap(_Living(self._store), dry_run=dry_run)
                except OrcaError as error:
                    log.warning("cannot look for what is left in %s: %s", executor.name, error)
        if not dry_run:
            self._dispatcher.forget_others(_Living(self._store))
            for sentence in removed:
                log.info("removed %s", sentence)
        return removed

    def _ends_now(self, orphan: Run) -> bool:
        if not _has_begun(orphan):
            return orphan.attached
        executor = self._executors.get(orphan.executor or "")
        return executor is None or not executor.capabilities.adopts or from_note(orphan) is not None

    def _never_began(self, orphan: Run, *, patient: bool) -> bool:
        """Whether something stands ready for a run in its engine and was never started.

        Who is not ``patient`` does not wait for an engine that does not answer.
        """
        if orphan.engine_ref is None or orphan.attached:
            return False
        found = [each for each in self._executors.values() if each.name == orphan.executor]
        return any(
            (patient or each.probe().usable) and each.never_began(orphan)
            for each in found
            if isinstance(each, Adoptable)
        )

    def _take_over(self, orphan: Run, *, begun: bool) -> Run | None:
        """Decide about one orphan in one transaction; None if somebody else was quicker."""
        with self._store.write() as transaction:
            run = transaction.runs.get_to_change(orphan.workspace, orphan.job_id)
            if run.owner != orphan.owner or run.status.final:
                return None
            if not (begun and _has_begun(run)):
                run = self._lost(run) if run.attached else _queued_again(run)
            else:
                run = run.changed(owner=self._ownership.claim(), adopted=True)
            transaction.runs.save(run)
            return run

    def _lost(self, run: Run) -> Run:
        return run.changed(
            status=Status.LOST,
            cause=Cause.ENGINE_LOST,
            finished_at=max(self._clock(), run.submitted_at),
            message="OrcaOps was ended before this job started, and nobody waits for it any more.",
        )

    def _adopt(self, run: Run) -> None:
        try:
            if self._never_began(run, patient=True):
                self._queue_again(run)
            else:
                self._dispatcher.adopt(run)
        except Exception:
            log.exception("run %s could not be brought to its end", run.job_id)

    def _queue_again(self, run: Run) -> None:
        with self._store.write() as transaction:
            transaction.runs.save(_queued_again(transaction.runs.get_to_change(run.workspace, run.job_id)))
        if self._dispatcher.started:
            self._dispatcher.claim_unowned()


def _has_begun(run: Run) -> bool:
    return run.status is not Status.QUEUED and run.engine_ref is not None


def _queued_again(run: Run) -> Run:
    return run.changed(status=Status.QUEUED, owner=None, adopted=False, engine_ref=None, started_at=None)


class _Living:
    """The ids of runs that are not final and what engines call them, looked up when asked for and not before.

    An engine is listed first and asked about afterwards, so that a container which appears in
    between is never taken for a dead one's.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    def __iter__(self) -> Iterator[str]:
        with self._store.read() as transaction:
            runs = transaction.runs.open_runs()
        return iter([name for run in runs for name in (run.job_id, run.engine_ref) if name is not None])
