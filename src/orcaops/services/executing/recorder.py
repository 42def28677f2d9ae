"""StoreRecorder: writes down what becomes of a run, in the store and the log store, without secrets."""

import contextlib
import logging
import os
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from orcaops.model.errors import ErrorCode, OrcaError, unavailable
from orcaops.model.identity import check_id
from orcaops.model.installing import Installation
from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.override import Value
from orcaops.model.run import LogSummary, Run
from orcaops.recording.installations import installations_of
from orcaops.recording.logs.store import LogStore, LogWriter
from orcaops.recording.private_files import open_private
from orcaops.recording.redaction import Redactor, redact_spec, secrets_of
from orcaops.recording.sealed_specs import SealedSpecs
from orcaops.recording.store import Store
from orcaops.recording.test_reports.telltale import may_hold_tests
from orcaops.services.knowing.evidence import EvidenceTaker, keep

if TYPE_CHECKING:
    from orcaops.recording.test_reports.collecting import Collected
from orcaops.services.trying.attempts import Retried
from orcaops.services.trying.trials import Trials

log = logging.getLogger(__name__)

_AGAIN_S = 1.0  # between attempts to write a final record that the store did not take

OutputListener = Callable[[Stream, bytes], None]
"""Gets a run's output as it comes, as the job wrote it."""


class StoreRecorder:
    """The supervisor's recorder. Thread-safe.

    A specification with secrets lives in memory only: in this process, and for a job that must
    outlive it in a memory-backed file until the job has started.
    """

    def __init__(
        self,
        store: Store,
        logs: LogStore,
        sealed: SealedSpecs,
        evidence: EvidenceTaker | None = None,
        trials: Trials | None = None,
        *,
        artifacts: Path,
        index_limit_bytes: int,
    ) -> None:
        self._store = store
        self._logs = logs
        self._sealed = sealed
        self._evidence = evidence
        self._trials = trials
        self._again: dict[tuple[str, str], Retried] = {}
        self._remarks: dict[tuple[str, str], tuple[bytes, datetime]] = {}
        self._artifacts = artifacts
        self._index_limit_bytes = index_limit_bytes
        self._told: dict[tuple[str, str], dict[Stream, int]] = {}
        self._specs: dict[tuple[str, str], JobSpec] = {}
        self._listeners: dict[tuple[str, str], OutputListener] = {}
        self._lock = threading.Lock()
        self._until: threading.Event | None = None
        self._awaited: dict[tuple[str, str], list[threading.Event]] = {}

    def seal(self, run: Run, effective: JobSpec, *, durable: bool = True) -> None:
        """Keep what a run needs to start and what its record must not show."""
        self._specs[run.workspace, run.job_id] = effective
        if run.masked and durable:
            self._sealed.keep(run.job_id, effective)

    def unseal(self, run: Run) -> Run:
        """The run with the specification that it really runs with.

        Raises ``unavailable`` if it had secrets and they are gone with the machine's memory.
        """
        spec = self._specs.get((run.workspace, run.job_id))
        if spec is None and run.masked:
            spec = self._sealed.find(run.job_id)
            if spec is None:
                raise unavailable(
                    "the secrets of this job were kept in memory only and are gone",
                    where=run.job_id,
                    hint="Submit it again with them.",
                )
            self._specs[run.workspace, run.job_id] = spec
        return run if spec is None else run.changed(effective=spec)

    def forget(self, run: Run) -> None:
        """Drop what was kept for a run that will not start."""
        self._specs.pop((run.workspace, run.job_id), None)
        if run.masked:
            self._sealed.forget(run.job_id)

    def forget_others(self, living: Iterable[str]) -> None:
        """Drop what a process that was killed has left of jobs that are not among the living."""
        self._sealed.forget_others(living)

    def listen(self, run: Run, listener: OutputListener) -> None:
        """Let ``listener`` have the run's output as it comes."""
        self._listeners[run.workspace, run.job_id] = listener

    def pass_over(self, run: Run, told: Mapping[Stream, int]) -> None:
        """The output of an adopted run is told from its beginning: so many bytes of it have been kept."""
        self._told[run.workspace, run.job_id] = dict(told)

    def running(self, run: Run) -> None:
        """Durably note that work on the run goes on."""
        with self._store.write() as transaction:
            transaction.runs.save(self._masked(run))

    def keep_trying(self, until: threading.Event) -> None:
        """From now on a final record that the store does not take is held until it does, or ``until`` is set.

        That is for a server: on a full disk the run would else have no end, and an owner that lives.
        """
        self._until = until

    def finished(self, run: Run) -> None:
        """Durably keep the final record, and make its output findable. Raises what the store raises."""
        told = False
        while True:
            try:
                return self._finish(run)
            except OrcaError as error:
                if error.code is not ErrorCode.UNAVAILABLE or self._until is None:
                    raise
                if not told:
                    log.warning(
                        "%s has ended; its record waits until it can be written: %s", run.job_id, error
                    )
                    told = True
                if self._until.wait(_AGAIN_S):
                    raise

    def _finish(self, run: Run) -> None:
        final = self._masked(run)
        if self._goes_on(final):
            return
        text = ""
        if run.log is not None and run.log.lines:
            with contextlib.suppress(
                OrcaError, OSError
            ):  # a log that cannot be read must not cost the record
                text = self._logs.text(run.workspace, run.job_id, most_bytes=self._index_limit_bytes)
        if text:
            final = final.changed(installations=self._installations_of(run, text))
        evidence = self._evidence.of(final, text) if self._evidence is not None else None
        tests = self._tests_of(run, text)
        if tests is not None:
            final = final.changed(tests=tests.totals)
        with self._store.write() as transaction:
            transaction.runs.save(final)
            if tests is not None and tests.cases:
                transaction.test_cases.put_many({(run.workspace, run.job_id): tests.cases})
            if text:
                transaction.runs.index_log(run.workspace, run.job_id, text)
            if evidence is not None:
                keep(transaction, evidence)
        place = (run.workspace, run.job_id)
        self._specs.pop(place, None)
        self._listeners.pop(place, None)
        if run.masked:
            self._sealed.forget(run.job_id)
        self._tell(place)

    def _installations_of(self, run: Run, text: str) -> tuple[Installation, ...]:
        with contextlib.suppress(OrcaError, OSError):
            return installations_of(
                text, self._logs.lines(run.workspace, run.job_id), run.started_at, command=run.command
            )
        return ()

    def take_again(self, run: Run) -> Retried | None:
        """The attempt with which a job goes on whose attempt has just ended; None if that was the last."""
        return self._again.pop((run.workspace, run.job_id), None)

    def change(self, run: Run, changes: Mapping[str, Value]) -> None:
        """Let a job run with other values of these fields than it was sealed with."""
        place = (run.workspace, run.job_id)
        spec = self._specs.get(place)
        if spec is not None and changes:
            self._specs[place] = spec.model_copy(update=dict(changes))

    def _goes_on(self, final: Run) -> bool:
        """Whether the job is tried again: the ended attempt is kept beside it, in one transaction."""
        if self._trials is None or not self._trials.concern(final):
            return False
        place = (final.workspace, final.job_id)
        repeatable = not final.masked or place in self._specs
        try:
            with self._store.write() as transaction:
                again = self._trials.ended(transaction, final, again=repeatable)
                if again is not None:
                    transaction.runs.add(again.attempt)
                    transaction.runs.save(again.job)
        except Exception:
            log.exception("%s: it could not be seen to whether it is tried again", final.job_id)
            return False
        if again is None:
            return False
        self.change(final, again.changes)
        self._again[place] = again
        self._remarks[place] = (
            f"orcaops: {again.reason}\n".encode(),
            final.finished_at or final.submitted_at,
        )
        return True

    def _tests_of(self, run: Run, text: str) -> "Collected | None":
        """The tests that the run's reports and its log name; whatever is wrong with them costs only them."""
        reports = [file for file in run.artifacts if file.path.lower().endswith(".xml")]
        if not reports and not may_hold_tests(text):
            return None
        from orcaops.recording.test_reports.collecting import MOST_LOG_BYTES, Report, collect

        folder = self.artifacts_of(run)
        spec = self._specs.get((run.workspace, run.job_id))
        if run.masked and spec is None:
            reports = []  # nobody knows any more what to mask in them; the log is masked already

        def log_text() -> str:
            if len(text) < self._index_limit_bytes // 2:  # it is all there
                return text
            return self._logs.text(run.workspace, run.job_id, most_bytes=MOST_LOG_BYTES)

        files = [Report(file.path, file.size_bytes, partial(_opened, folder / file.path)) for file in reports]
        try:
            return collect(files, log_text, Redactor(secrets_of(spec) if spec is not None else ()))
        except Exception:
            log.exception("%s: its tests cannot be read", run.job_id)
            return None

    def open_log(self, run: Run) -> "Sink | Mute":
        """Begin the run's log, or go on with that of an adopted run."""
        place = (run.workspace, run.job_id)
        spec = self._specs.get(place)
        secrets = secrets_of(spec) if spec is not None else ()
        writer = self._logs.open(run.workspace, run.job_id, secrets=secrets)
        sink = Sink(writer, self._listeners.get(place), self._told.pop(place, None))
        if spec is None and run.masked:
            return Mute(sink)
        if (remark := self._remarks.pop(place, None)) is not None:
            # Between the output of two attempts: why there is another. A full disk must not cost its output.
            with contextlib.suppress(OrcaError, OSError):
                sink.write(Stream.STDERR, *remark)
        return sink

    def artifacts_of(self, run: Run) -> Path:
        """Where a run's artifacts lie, if it left any."""
        return self._artifacts / check_id(run.workspace, "workspace") / check_id(run.job_id)

    def artifact_dir(self, run: Run) -> Path:
        """A folder of the run's own, private to its user."""
        folder = self.artifacts_of(run)
        for each in (self._artifacts, folder.parent, folder):  # parents that mkdir makes are open to all
            each.mkdir(mode=0o700, exist_ok=True)
        return folder

    @contextlib.contextmanager
    def awaited(self, workspace: str, job_id: str) -> Iterator[threading.Event]:
        """An event that is set when this process has written the run's final record."""
        ended = threading.Event()
        place = (workspace, job_id)
        with self._lock:
            self._awaited.setdefault(place, []).append(ended)
        try:
            yield ended
        finally:
            with self._lock:
                self._awaited[place].remove(ended)
                if not self._awaited[place]:
                    del self._awaited[place]

    def _masked(self, run: Run) -> Run:
        spec = self._specs.get((run.workspace, run.job_id))
        if not run.masked or spec is None:
            return run
        shown = redact_spec(spec)
        redactor = Redactor(secrets_of(spec))
        commands = shown.steps()
        return run.changed(
            effective=shown,
            steps=tuple(
                step.model_copy(update={"command": commands[place] if place < len(commands) else ()})
                for place, step in enumerate(run.steps)
            ),
            message=redactor.text(run.message) if run.message else run.message,
        )

    def _tell(self, place: tuple[str, str]) -> None:
        with self._lock:
            for ended in self._awaited.get(place, ()):
                ended.set()


def _opened(path: Path) -> BinaryIO:
    return os.fdopen(open_private(path, os.O_RDONLY), "rb")


class Sink:
    """A run's log writer, with whoever listens beside it; the first bytes may be there already."""

    def __init__(
        self, writer: LogWriter, listener: OutputListener | None, told: dict[Stream, int] | None = None
    ) -> None:
        self._writer = writer
        self._listener = listener
        self._told = told or {}

    def write(self, stream: Stream, data: bytes, at: datetime) -> None:
        """Append a piece of output."""
        if behind := self._told.get(stream, 0):
            self._told[stream] = max(0, behind - len(data))
            data = data[behind:]
            if not data:
                return
        if self._listener is not None:
            self._listener(stream, data)
        self._writer.write(stream, data, at)

    def close(self) -> LogSummary:
        """Finish the log; idempotent."""
        return self._writer.close()


class Mute:
    """The log of an adopted run whose secrets nobody knows any more: what it still writes is not kept."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def write(self, stream: Stream, data: bytes, at: datetime) -> None:  # noqa: ARG002
        """Refuse it. Raises ``unavailable``."""
        raise unavailable("the secrets that it may hold are gone with the memory, so that none can be masked")

    def close(self) -> LogSummary:
        """Finish the log; idempotent."""
        return self._sink.close()
