"""Jobs: submit, watch, cancel, look up. The use cases around one execution."""

import json
import logging
import time
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from hashlib import blake2b
from itertools import islice
from pathlib import Path

from orcaops.model.errors import ErrorCode, OrcaError, conflict, not_found, unavailable
from orcaops.model.job import JobSpec
from orcaops.model.logline import LogLine, Stream
from orcaops.model.query import DEFAULT_LIMIT, EVERYTHING, Page, Query, is_in
from orcaops.model.run import Artifact, Cause, Run, Status
from orcaops.model.summary import Summary
from orcaops.recording.logs.store import LogStore
from orcaops.recording.query import parse_query
from orcaops.recording.store import Store, Transaction
from orcaops.running.executor import Executor
from orcaops.running.ownership import Ownership
from orcaops.services.executing.accepting import Accepting
from orcaops.services.executing.dispatcher import Dispatcher
from orcaops.services.executing.recorder import OutputListener, StoreRecorder
from orcaops.services.predictions import Predictions
from orcaops.services.signing import Signing
from orcaops.services.summaries import summarise
from orcaops.services.test_results import failing_tests

log = logging.getLogger(__name__)

_LOOK_AGAIN_S = 5.0
_LOOK_ELSEWHERE_S = 0.1
_RECENT = 20  # passing runs that a summary looks back on


class Jobs:
    """The use cases around jobs. Every method names the workspace it works in."""

    def __init__(
        self,
        store: Store,
        logs: LogStore,
        accepting: Accepting,
        recorder: StoreRecorder,
        dispatcher: Dispatcher,
        predictions: Predictions,
        executors: Mapping[str, Executor],
        ownership: Ownership,
        *,
        queue_limit: int,
        absorb: Callable[[], object],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        inside: Callable[[JobSpec], JobSpec] = lambda spec: spec,
    ) -> None:
        self._store = store
        self._logs = logs
        self._accepting = accepting
        self._recorder = recorder
        self._dispatcher = dispatcher
        self._predictions = predictions
        self._executors = executors
        self._ownership = ownership
        self._queue_limit = queue_limit
        self._absorb = absorb
        self._clock = clock
        self._signing = Signing(clock, new_id)
        self._inside = inside

    @property
    def executors(self) -> tuple[str, ...]:
        """The names of the executors there are, whether they answer now or not."""
        return tuple(sorted(self._executors))

    def submit(
        self,
        spec: JobSpec,
        *,
        idempotency_key: str | None = None,
        teaches: bool = True,
        retry_of: str | None = None,
    ) -> Run:
        """Accept a job: once this returns, it will run, even if this process dies.

        What does not teach is kept and shown, and nothing is learned from it. ``retry_of`` is the run
        that is run again.

        The same ``idempotency_key`` with the same specification gives the run that it gave before; with
        another one it raises ``conflict``. Raises ``forbidden`` by policy, ``invalid`` or ``unavailable``
        where no executor can run it as asked, ``unavailable`` when the queue is full.
        """
        fingerprint = _fingerprint(spec)
        spec = self._inside(spec)
        effective = self._accepting.admitted(spec)
        self._accepting.runnable(effective)
        with self._store.write() as transaction:
            if idempotency_key is not None:
                known = self._recalled(transaction, spec.workspace, idempotency_key, fingerprint)
                if known is not None:
                    return known
            if transaction.runs.open_count(Status.QUEUED) >= self._queue_limit:
                raise unavailable(
                    f"{self._queue_limit} jobs are waiting already",
                    hint="Try again when some have finished, or raise server.queue_limit.",
                )
            owner = self._ownership.claim() if self._dispatcher.started else None
            run, effective = self._accepting.run_of(
                transaction, spec, effective, owner=owner, attached=False, teaches=teaches
            )
            if retry_of is not None:
                run = run.changed(retry_of=retry_of)
            transaction.runs.add(run)
            if idempotency_key is not None:
                transaction.requests.remember(
                    spec.workspace, idempotency_key, fingerprint, run.job_id.encode(), run.submitted_at
                )
            # Before the commit: a job that has been accepted never lacks what it needs to run.
            self._recorder.seal(run, effective)
        if owner is not None:
            self._dispatcher.offer(run)
        return run

    def run(
        self,
        spec: JobSpec,
        *,
        on_accepted: Callable[[Run], None] | None = None,
        on_output: OutputListener | None = None,
        teaches: bool = True,
    ) -> Run:
        """Run a job here and now, in this process, and learn from it; returns its final record.

        Where nothing can be learned now (a full disk), that is logged, and left to the next run.
        ``on_accepted`` gets the record with its prediction before anything starts, ``on_output`` every
        piece of output as it comes. Raises what :meth:`submit` raises, but a job whose executor cannot run
        anything now has been asked for here and now: it is recorded as a run that the infrastructure failed.
        """
        spec = self._inside(spec)
        effective = self._accepting.admitted(spec)
        with self._store.write() as transaction:
            run, effective = self._accepting.run_of(
                transaction, spec, effective, owner=self._ownership.claim(), attached=True, teaches=teaches
            )
            transaction.runs.add(run)
        executor = self._executors.get(effective.executor or "")
        # Nobody starts it again if this process dies; but who adopts it must know what to mask in its output.
        self._recorder.seal(run, effective, durable=executor is not None and executor.capabilities.adopts)
        if on_accepted is not None:
            on_accepted(run)
        if on_output is not None:
            self._recorder.listen(run, on_output)
        final = self._executed(run, effective)
        try:
            self._absorb()
        except OrcaError as error:
            if error.code is not ErrorCode.UNAVAILABLE:
                raise
            log.error("%s is recorded; what it teaches is learned later: %s", final.job_id, error)
        return self.get(final.workspace, final.job_id)

    def _executed(self, run: Run, effective: JobSpec) -> Run:
        """Where nothing can run it now, that is its end; one to be tried again waits for its engine."""
        if not effective.retries:
            try:
                self._accepting.runnable(effective)
            except OrcaError as error:
                return self._dispatcher.refuse(run, error)
        return self._dispatcher.execute(run)

    def get(self, workspace: str, job_id: str) -> Run:
        """One run, with the ids of its anomalies and, while it runs, what remains. Raises ``not_found``."""
        with self._store.read() as transaction:
            run = transaction.runs.get(workspace, job_id)
            if run.status is Status.RUNNING:
                return run.changed(remaining=self._predictions.remaining(transaction, run))
            found = transaction.anomalies.of_run(workspace, job_id) if run.number is not None else []
        return run.changed(anomalies=tuple(anomaly.id for anomaly in found))

    def page(
        self, workspace: str, *, q: str = "", limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page[Run]:
        """Runs that match a search, latest submission first. Raises ``invalid`` for a bad query."""
        query = self._query(q)
        with self._store.read() as transaction:
            return transaction.runs.page(workspace, query, limit=limit, cursor=cursor)

    def facets(self, workspace: str, *, q: str = "") -> dict[str, dict[str, int]]:
        """How the matches spread over status, cause, executor, image and key."""
        query = self._query(q)
        with self._store.read() as transaction:
            return transaction.runs.facets(workspace, query, ("status", "cause", "executor", "image", "key"))

    def each(self, workspace: str, *, q: str = "") -> Iterator[Run]:
        """Every match, oldest first, for export."""
        query = self._query(q)
        with self._store.read() as transaction:
            yield from transaction.runs.each(workspace, query)

    def wait(self, workspace: str, job_id: str, *, timeout_s: float) -> Run:
        """The run once it is final, or as it is after ``timeout_s``. Raises ``not_found``."""
        deadline = time.monotonic() + timeout_s
        with self._recorder.awaited(workspace, job_id) as ended:
            run = self._record(workspace, job_id)
            while not run.status.final and (left := deadline - time.monotonic()) > 0:
                # What runs in this process is told at once; what another runs has to be looked for.
                here = run.owner == self._ownership.name
                ended.wait(min(_LOOK_AGAIN_S if here else _LOOK_ELSEWHERE_S, left))
                run = self._record(workspace, job_id)
        waits_to_be_learned = run.status.final and run.number is None
        return run if waits_to_be_learned else self.get(workspace, job_id)

    def cancel(self, workspace: str, job_id: str, *, by: str, wait_s: float = 15.0) -> Run:
        """Stop a job: TERM, grace, KILL of the whole tree. Returns the record once it is final.

        A final run stays as it is. Raises ``not_found``; ``unavailable`` if it has not ended after
        ``wait_s``: the decision stands, and whoever owns the run carries it out.
        """
        with self._store.write() as transaction:
            run = transaction.runs.get_to_change(workspace, job_id)
            if run.status.final:
                return run
            self._signing.sign(transaction, workspace, "job", job_id, "cancel", by=by)
            if run.status is Status.QUEUED:
                run = run.changed(
                    status=Status.CANCELLED,
                    cause=Cause.CANCELLED,
                    finished_at=self._clock(),
                    message="cancelled before it started",
                )
                transaction.runs.save(run)
                self._recorder.forget(run)
                return run
        self._dispatcher.cancel(workspace, job_id)
        run = self.wait(workspace, job_id, timeout_s=wait_s)
        if not run.status.final:
            raise unavailable(
                f"{job_id} has not ended yet; it will be cancelled by the process that runs it",
                where=job_id,
                hint=f"Look again with `orcaops jobs show {job_id}`.",
            )
        return run

    def rerun(self, workspace: str, job_id: str) -> JobSpec:
        """The specification to run a job again as it was asked for. Raises ``not_found``, ``conflict``."""
        return spec_to_rerun(self.get(workspace, job_id))

    def log_lines(
        self,
        workspace: str,
        job_id: str,
        *,
        after: int = -1,
        limit: int | None = None,
        stream: Stream | None = None,
        text: str = "",
    ) -> Iterator[LogLine]:
        """What a run has printed so far behind offset ``after``. Raises ``not_found``.

        With ``text`` only the lines that it :func:`is_in`.
        """
        self.get(workspace, job_id)
        lines = self._logs.lines(workspace, job_id, after=after, stream=stream)
        yield from islice((line for line in lines if is_in(text, line.text)), limit)

    def log_tail(self, workspace: str, job_id: str, count: int) -> list[LogLine]:
        """The last lines of a run. Raises ``not_found``."""
        self.get(workspace, job_id)
        return self._logs.tail(workspace, job_id, count)

    def follow(self, workspace: str, job_id: str, *, after: int = -1) -> Iterator[LogLine | None]:
        """All output behind offset ``after``, then what comes, until the run is final.

        Yields None about once a second while nothing comes. Raises ``not_found``.
        """
        run = self.get(workspace, job_id)
        while not self._logs.exists(workspace, job_id) and not run.status.final:
            yield None
            run = self.wait(workspace, job_id, timeout_s=0.2)
        whole = False
        while self._logs.exists(workspace, job_id):
            for line in self._logs.follow(workspace, job_id, after=after):
                if line is None and self.get(workspace, job_id).status.final:
                    # Its writer died, or has ended since the last look: what there is now is all.
                    yield from self._logs.lines(workspace, job_id, after=after)
                    return
                if line is not None:
                    after = line.offset
                yield line
            if whole:
                return
            # The log has ended. If the job is tried again, its output goes on in the same log.
            whole = self._record(workspace, job_id).status.final
            if not whole:
                whole = self.wait(workspace, job_id, timeout_s=_LOOK_ELSEWHERE_S).status.final
                yield None

    def summary(self, workspace: str, job_id: str) -> Summary:
        """A run told in a few lines. Raises ``not_found``."""
        with self._store.read() as transaction:
            run = transaction.runs.get(workspace, job_id)
            anomalies = transaction.anomalies.of_run(workspace, job_id)
            before = transaction.runs.latest_of_key(workspace, run.key, _RECENT)
            bad = run.tests is not None and run.tests.failed
            failing = failing_tests(transaction, workspace, job_id, most=3) if bad else ()
        tail = self._logs.tail(workspace, job_id, 40) if self._logs.exists(workspace, job_id) else []
        others = [other for other in before if other.job_id != job_id]
        return summarise(run, anomalies, others, tail, failing)

    def artifacts(self, workspace: str, job_id: str) -> tuple[Artifact, ...]:
        """The files that a run left. Raises ``not_found``."""
        return self.get(workspace, job_id).artifacts

    def artifact(self, workspace: str, job_id: str, path: str) -> Path:
        """Where a copied artifact lies on this machine. Raises ``not_found``."""
        run = self.get(workspace, job_id)
        if path not in {artifact.path for artifact in run.artifacts}:
            raise not_found(
                f"{job_id} left no artifact {path!r}",
                where=path,
                hint=f"`orcaops jobs artifacts {job_id}` lists them.",
            )
        place = self._recorder.artifacts_of(run) / path
        if not place.is_file():
            raise not_found(
                f"the artifact {path!r} has been removed", where=path, hint="Its retention has passed."
            )
        return place

    def _record(self, workspace: str, job_id: str) -> Run:
        """The record alone, without looking for its anomalies."""
        with self._store.read() as transaction:
            return transaction.runs.get(workspace, job_id)

    def _recalled(
        self, transaction: Transaction, workspace: str, idempotency_key: str, fingerprint: str
    ) -> Run | None:
        known = transaction.requests.recall(workspace, idempotency_key)
        if known is None:
            return None
        if known[0] != fingerprint:
            raise conflict(
                "this Idempotency-Key was used for another request",
                where="Idempotency-Key",
                hint="Use a new key for a new job.",
            )
        return transaction.runs.get(workspace, known[1].decode())

    def _query(self, q: str) -> Query:
        return parse_query(q, self._clock()) if q.strip() else EVERYTHING


def spec_to_rerun(run: Run) -> JobSpec:
    """The specification to run a job again as it was asked for. Raises ``conflict`` where it is not known."""
    if run.requested is None:
        raise conflict(
            f"{run.job_id} was imported from {run.source}: its specification is not known",
            where=run.job_id,
            hint="Submit it anew.",
        )
    if run.masked:
        raise conflict(
            f"{run.job_id} was given secrets, which are not kept",
            where=run.job_id,
            hint="Submit it anew with them.",
        )
    return run.requested.model_copy(update={"parent_job_id": run.job_id})


def _fingerprint(spec: JobSpec) -> str:
    """A digest of a request; keyed by nothing, since it is only compared within one workspace."""
    document = json.dumps(spec.model_dump(mode="json"), sort_keys=True)
    return blake2b(document.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
