"""Dispatcher: brings accepted jobs to their end, a bounded number at a time.

The queue is the store: a job is accepted when its record is committed, and whoever owns a record
answers for it. Threads of this process work off what it owns; what nobody owns is claimed.
"""

import contextlib
import logging
import queue
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime

from orcaops.guarding.policy import Policy, check
from orcaops.model.attempts import without_overrides
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.override import Value
from orcaops.model.quantities import MIB
from orcaops.model.run import Cause, Run, Status
from orcaops.recording.logs.store import LogStore
from orcaops.recording.store import Store
from orcaops.running.executor import Halt, HaltReason
from orcaops.running.ownership import Ownership
from orcaops.running.supervisor import Supervisor
from orcaops.services.executing.recorder import StoreRecorder
from orcaops.services.trying.attempts import Retried

log = logging.getLogger(__name__)

_LOOK_S = 0.02  # how soon the end of the last run is noticed when stopping
_TOLD_APART_BYTES = 32 * MIB  # half of what an engine keeps of the output of a container
_WATCH_S = 0.25  # how soon a cancellation asked for in another process is noticed


class Dispatcher:
    """Runs jobs in this process.

    ``adopting`` names the executors whose runs outlive this process. ``finished`` is called with every
    final run, from the thread that ran it. ``still`` names the fields of a run that have to be its own again.
    """

    def __init__(
        self,
        store: Store,
        logs: LogStore,
        recorder: StoreRecorder,
        supervisor: Supervisor,
        ownership: Ownership,
        *,
        policy: Policy,
        adopting: frozenset[str],
        concurrency: int,
        finished: Callable[[Run], None],
        clock: Callable[[], datetime],
        still: Callable[[Run], Mapping[str, Value]] | None = None,
    ) -> None:
        self._store = store
        self._logs = logs
        self._recorder = recorder
        self._supervisor = supervisor
        self._ownership = ownership
        self._policy = policy
        self._adopting = adopting
        self._concurrency = concurrency
        self._finished = finished
        self._clock = clock
        self._still = still
        self._queue: queue.SimpleQueue[Run | None] = queue.SimpleQueue()
        self._decided = -1
        self._offered: set[tuple[str, str]] = set()  # until they have ended
        self._taken: set[tuple[str, str]] = set()  # those of them that a thread is at
        self._halts: dict[tuple[str, str], Halt] = {}
        self._laid: dict[tuple[str, str], Run] = {}
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._watcher: threading.Thread | None = None

    @property
    def started(self) -> bool:
        """Whether this process works off a queue."""
        return bool(self._threads)

    def start(self) -> None:
        """Begin to work off what is offered, and what nobody owns."""
        self._ownership.claim()
        self._recorder.keep_trying(self._stopping)
        for number in range(self._concurrency):
            thread = threading.Thread(target=self._work, name=f"runner-{number}", daemon=True)
            thread.start()
            self._threads.append(thread)
        self.claim_unowned()

    def claim_unowned(self) -> int:
        """Take over all queued runs that have no owner; returns how many."""
        count = 0
        while True:
            with self._store.write() as transaction:
                run = transaction.runs.claim(None, self._ownership.claim())
            if run is None:
                return count
            self.offer(run)
            count += 1

    def offer(self, run: Run) -> None:
        """Put a run that this process owns into the queue."""
        with self._lock:
            self._offered.add((run.workspace, run.job_id))
        self._queue.put(run)

    def execute(self, run: Run) -> Run:
        """Bring a run that this process owns to its end, here and now; returns its final record."""
        try:
            self._admit(run)
            run, ready = self._ready(run)
        except OrcaError as error:
            return self.refuse(run, error)
        return self._with_halt(run, lambda halt: self._supervisor.execute(ready, halt))

    def refuse(self, run: Run, error: OrcaError) -> Run:
        """End a run that this process owns before anything of it has started; returns its final record."""
        denied = error.code is ErrorCode.FORBIDDEN
        final = run.changed(
            status=Status.FAILED,
            cause=Cause.POLICY_DENIED if denied else Cause.INFRASTRUCTURE,
            message=f"{str(error).rstrip('.')}. {error.hint or ''}".strip(),
            finished_at=max(self._clock(), run.submitted_at),
        )
        self._recorder.finished(final)
        self._finished(final)
        return final

    def adopt(self, run: Run) -> Run:
        """Bring the run of a dead owner, now ours, to its end."""
        with contextlib.suppress(OrcaError):  # its secrets are gone: nothing that it still writes is kept
            run = self._recorder.unseal(run)
        # Told apart by their bytes, pieces are neither lost nor doubled; by their times they may be. A log
        # that several attempts share, or of which the engine may have dropped the beginning, has only times.
        told = self._logs.told(run.workspace, run.job_id) if run.attempt == 1 else None
        if told is not None and sum(told.values()) < _TOLD_APART_BYTES:
            self._recorder.pass_over(run, told)
            return self._with_halt(run, lambda halt: self._supervisor.adopt(run, halt, None))
        seen_until = self._logs.last_at(run.workspace, run.job_id)
        return self._with_halt(run, lambda halt: self._supervisor.adopt(run, halt, seen_until))

    def forget(self, run: Run) -> None:
        """Drop what was kept for a run that will never start."""
        self._recorder.forget(run)

    def forget_others(self, living: Iterable[str]) -> None:
        """Drop what was kept for runs that are not among the living."""
        self._recorder.forget_others(living)

    def cancel(self, workspace: str, job_id: str) -> bool:
        """Halt a run of this process; false if it is not running here."""
        with self._lock:
            halt = self._halts.get((workspace, job_id))
        return halt is not None and (halt.request(HaltReason.CANCELLED) or True)

    def active(self) -> int:
        """How many runs are running here now."""
        with self._lock:
            return len(self._halts)

    def idle(self) -> bool:
        """Whether all that was offered has ended, and nothing else runs here."""
        with self._lock:
            return not self._offered and not self._halts

    def stop(self, *, timeout_s: float = 10.0) -> None:
        """Take no more work, and end what could not be adopted by a later process.

        Containers are left running: the next start adopts them. Returns when everything else has ended, or
        after ``timeout_s``. Also for one that was never started: then it only no longer watches.
        """
        with self._lock:  # no thread takes a run from here on
            self._stopping.set()
        for _ in self._threads:
            self._queue.put(None)
        deadline = time.monotonic() + timeout_s
        adoptable: dict[tuple[str, str], bool] = {}
        while True:
            with self._lock:
                halts, about_to_begin = dict(self._halts), self._taken.difference(self._halts)
            for place in halts.keys() - adoptable:
                adoptable[place] = self._adoptable(*place)
            ending = [halt for place, halt in halts.items() if not adoptable[place]]
            for halt in ending:
                halt.request(HaltReason.CANCELLED)
            if not (ending or about_to_begin) or time.monotonic() >= deadline:
                break
            time.sleep(_LOOK_S)
        if self._watcher is not None:
            self._watcher.join(timeout_s)

    def _adoptable(self, workspace: str, job_id: str) -> bool:
        with self._store.read() as transaction:
            run = transaction.runs.get(workspace, job_id)
        return run.executor in self._adopting

    def _admit(self, run: Run) -> None:
        """Once more what was checked at submission: the policy may have changed while the job waited."""
        if run.effective is not None:
            check(self._policy, run.effective)

    def _work(self) -> None:
        while (run := self._queue.get()) is not None:
            place = (run.workspace, run.job_id)
            with self._lock:
                if self._stopping.is_set():
                    return
                self._taken.add(place)
            try:
                self.execute(run)
            except OrcaError as error:
                if error.code is not ErrorCode.CONFLICT:  # cancelled while it waited: nothing to do
                    log.error("run %s could not be brought to its end: %s", run.job_id, error)
            except Exception:
                log.exception("run %s could not be brought to its end", run.job_id)
            finally:
                with self._lock:
                    self._taken.discard(place)
                    self._offered.discard(place)

    def _with_halt(self, run: Run, bring_to_end: Callable[[Halt], Run]) -> Run:
        halt = self._supervisor.halt()
        place = (run.workspace, run.job_id)
        with self._lock:
            self._halts[place] = halt
            if run.overrides:
                self._laid[place] = run
            self._decided = -1  # it may have been cancelled before it came to us
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="cancel-watcher", daemon=True)
                self._watcher.start()
        try:
            final = bring_to_end(halt)
            while (again := self._recorder.take_again(final)) is not None:
                self._laid.pop(place, None)
                final = self._try_again(again, halt)
        finally:
            with self._lock:
                del self._halts[place]
                self._laid.pop(place, None)
        self._finished(final)
        return final

    def _ready(self, run: Run) -> tuple[Run, Run]:
        """The run without changes that have ended while it waited, and with what it really runs with."""
        gone = self._still(run) if self._still is not None else {}
        if gone:
            run = without_overrides(run, gone)
        ready = self._recorder.unseal(run)
        if gone and ready.effective is not None:
            self._recorder.change(run, gone)
            ready = ready.changed(effective=ready.effective.model_copy(update=dict(gone)))
        return run, ready

    def _try_again(self, again: Retried, ended: Halt) -> Run:
        """Bring the next attempt of a job to its end."""
        job = again.job
        halt = self._supervisor.halt()  # the one before has been used up by a timeout
        with self._lock:
            self._halts[job.workspace, job.job_id] = halt
            self._decided = -1
        if ended.reason is HaltReason.CANCELLED:
            halt.request(HaltReason.CANCELLED)
        if again.delay_s:
            halt.wait(again.delay_s)
        return self._supervisor.execute(self._recorder.unseal(job), halt)

    def _watch(self) -> None:
        """Look for what was decided, here or in another process, about runs that are going on here."""
        while not self._stopping.wait(_WATCH_S):
            if not self._halts:
                continue
            try:
                if self._is_something_new():
                    for halt in self._cancelled_elsewhere():
                        halt.request(HaltReason.CANCELLED)
                    self._loosen()
            except OrcaError:
                log.warning("cannot look for decisions now", exc_info=True)
                self._decided = -1

    def _is_something_new(self) -> bool:
        """Whether anything has been decided since this was last asked."""
        with self._store.read() as transaction:
            latest = transaction.decisions.latest()
        with self._lock:
            known, self._decided = self._decided, latest
        return latest != known

    def _loosen(self) -> None:
        """Give runs their own limits back whose changes have been taken back."""
        for place, run in list(self._laid.items()):
            gone = self._still(run) if self._still is not None else {}
            if not gone:
                continue
            if self._supervisor.loosen(run, gone):
                self._laid[place] = without_overrides(run, gone)
                self._recorder.change(run, gone)
            else:
                self._decided = -1  # it is about to begin

    def _cancelled_elsewhere(self) -> list[Halt]:
        with self._store.read() as transaction:
            with self._lock:
                halts = {place: halt for place, halt in self._halts.items() if not halt.requested}
            return [
                halt
                for (workspace, job_id), halt in halts.items()
                if any(d.verb == "cancel" for d in transaction.decisions.about(workspace, "job", job_id))
            ]
