"""History: runs from elsewhere come in, runs go out, and learners are examined on what is there."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex
from typing import Any

from orcaops.learning.exam import examine
from orcaops.learning.learner import Forecaster, Learner
from orcaops.learning.replay import PastRun
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.key import key_of
from orcaops.model.logline import Stream
from orcaops.model.query import EVERYTHING
from orcaops.model.run import LogSummary, Run
from orcaops.model.test_case import TestCase
from orcaops.recording import exporter
from orcaops.recording.installations import installations_in
from orcaops.recording.logs.store import LogStore
from orcaops.recording.measure import samples_of
from orcaops.recording.query import parse_query
from orcaops.recording.reader import BadLine, ReadOptions, read_runs
from orcaops.recording.redaction import Redactor
from orcaops.recording.store import Store
from orcaops.recording.test_reports.telltale import may_hold_tests
from orcaops.running.ownership import Ownership
from orcaops.services.absorb import Absorber
from orcaops.services.knowing.evidence import EvidenceTaker

_BATCH = 1000  # runs per transaction
_ANNOUNCED_S = 120.0  # how long nobody learns after an import was killed
_PROBLEMS_KEPT = 1000
_BY = " "  # between an import's owner and its number, in the mark that says that it is under way


@dataclass(slots=True)
class Imported:
    """What an import did: ``added`` runs were new, ``known`` were there already, ``bad`` lines were left out.

    ``problems`` names the first thousand bad lines by number, with the reason.
    """

    added: int = 0
    known: int = 0
    bad: int = 0
    problems: list[str] = field(default_factory=list)

    def note(self, line: BadLine) -> None:
        """Count a line that is left out."""
        self.bad += 1
        if len(self.problems) < _PROBLEMS_KEPT:
            self.problems.append(f"line {line.number}: {line.reason}")


class History:
    """Import, export and examination."""

    def __init__(
        self,
        store: Store,
        logs: LogStore,
        absorber: Absorber,
        learners: Callable[[], list[Learner]],
        ownership: Ownership,
        *,
        clock: Callable[[], Any],
        index_limit_bytes: int,
        evidence: EvidenceTaker | None = None,
        forecasters: Sequence[Forecaster] = (),
    ) -> None:
        self._forecasters = forecasters
        self._evidence = evidence
        self._import = ""
        self._announced_at = -math.inf
        self._logged: list[tuple[str, str]] = []
        self._store = store
        self._logs = logs
        self._absorber = absorber
        self._learners = learners
        self._ownership = ownership
        self._clock = clock
        self._index_limit_bytes = index_limit_bytes
        self._redactor = Redactor()

    def import_file(
        self,
        path: Path,
        format_name: str | None,
        *,
        workspace: str,
        progress: Callable[[int], None] = lambda _count: None,
        learning: Callable[[int], None] = lambda _count: None,
    ) -> Imported:
        """Bring the runs of a file in, then learn from them in the order of their times.

        What is there already (by id) stays as it is. Secrets are masked before anything is written. A
        file that breaks off, or an import that is killed, leaves what came before; importing it again
        completes it. ``progress`` is told how many runs are in, then ``learning`` how many were learned from.
        Raises ``not_found``, or ``invalid`` for an unknown format.
        """
        done = Imported()
        texts: dict[str, str] = {}
        tests: dict[str, Sequence[TestCase]] = {}
        options = ReadOptions(
            workspace=workspace,
            folder=path.absolute().parent,
            keep_log=lambda job_id, text: texts.update({job_id: text}),
            keep_tests=lambda job_id, cases: tests.update({job_id: cases}),
        )
        batch: list[Run] = []
        # Facts first, all of them: learning follows the times, not the order of the file.
        with self._absorber.paused(), self._announced():
            self._logged = []
            for item in _items(path, format_name, options):
                if isinstance(item, BadLine):
                    done.note(item)
                    continue
                batch.append(item)
                if len(batch) >= _BATCH:
                    self._add(batch, texts, tests, done)
                    progress(done.added + done.known)
            self._add(batch, texts, tests, done)
            progress(done.added + done.known)
            logged, self._logged = self._logged, []
            if self._evidence is not None:

                def gathered(_count: int) -> None:
                    self._announce()
                    progress(done.added + done.known)

                self._evidence.gather(logged, gathered)
        self._absorber.absorb_all(learning)
        return done

    @contextmanager
    def _announced(self) -> Iterator[None]:
        """Keep every process from learning from a part of what comes in; for a while after a kill."""
        self._announced_at = -math.inf
        with self._store.write() as transaction:
            self._import = f"{self._ownership.claim()}{_BY}{token_hex(8)}"
            now = self._clock().timestamp()
            for name, until_s in transaction.imports.marks().items():
                # What a killed import left is learned with what comes now, in the order of the times.
                if until_s <= now or not self._ownership.lives(name.partition(_BY)[0]):
                    transaction.imports.release(name)
        self._announce()
        try:
            yield
        finally:
            with self._store.write() as transaction:
                transaction.imports.release(self._import)

    def _announce(self) -> None:
        """Say, now and then, that the import goes on."""
        now = self._clock().timestamp()
        if now - self._announced_at >= _ANNOUNCED_S / 10:
            with self._store.write() as transaction:
                transaction.imports.hold(self._import, now + _ANNOUNCED_S)
            self._announced_at = now

    def export(self, workspace: str, format_name: str, *, q: str = "") -> Iterator[bytes]:
        """The runs that match, oldest first, as pieces of a JSON, JSONL or CSV document."""
        query = parse_query(q, self._clock()) if q.strip() else EVERYTHING
        with self._store.read() as transaction:
            yield from exporter.export(transaction.runs.each(workspace, query), format_name)

    def examine(
        self, workspace: str, *, progress: Callable[[int], None] = lambda _count: None
    ) -> dict[str, Any]:
        """Score every learner and its naive rivals on the stored history of a workspace.

        ``progress`` is called now and then with the number of runs that have been gone through.
        """
        with self._store.read() as transaction:
            runs = self._past(transaction.runs.each(workspace))
            return examine(runs, self._learners(), self._forecasters, progress=progress)

    def examine_file(
        self, path: Path, format_name: str | None, *, progress: Callable[[int], None] = lambda _count: None
    ) -> dict[str, Any]:
        """Score every learner and its naive rivals on the runs of a file; nothing is kept.

        ``bad`` and ``problems`` of the document say which lines could not be read. Raises ``not_found``, or
        ``invalid`` for an unknown format.
        """
        done = Imported()

        def readable() -> Iterator[Run]:
            for item in _items(path, format_name, ReadOptions(folder=path.absolute().parent)):
                if isinstance(item, BadLine):
                    done.note(item)
                else:
                    yield item

        # What learners are shown of a run is far smaller than the run.
        runs = sorted(self._past(readable()), key=lambda run: run.submitted_at)
        result = examine(runs, self._learners(), self._forecasters, progress=progress)
        return result | {"bad": done.bad, "problems": done.problems}

    def _past(self, runs: Iterable[Run]) -> Iterator[PastRun]:
        number = 0
        for run in runs:
            if run.status.final and run.finished_at is not None:
                number += 1
                yield PastRun(
                    submitted_at=run.submitted_at,
                    finished_at=run.finished_at,
                    samples=tuple(samples_of(run, number)),
                )

    def _add(
        self,
        batch: list[Run],
        texts: dict[str, str],
        tests: dict[str, Sequence[TestCase]],
        done: Imported,
    ) -> None:
        runs = [self._masked(run) for run in batch]
        found = {}
        for place, run in enumerate(runs):
            text = texts.get(run.job_id)
            if text and not self._logs.exists(run.workspace, run.job_id):
                kept = self._keep_log(run, text)
                masked = kept.masked + (run.log.masked if run.log is not None else 0)
                runs[place] = run.changed(log=kept.model_copy(update={"masked": masked}))
                found[run.job_id] = self._logs.text(
                    run.workspace, run.job_id, most_bytes=self._index_limit_bytes
                )
            if text and not runs[place].installations:
                runs[place] = runs[place].changed(installations=installations_in(text, run))
            if text and runs[place].tests is None and may_hold_tests(text):
                runs[place] = self._with_tests(runs[place], text, tests)
        self._announce()
        with self._store.write() as transaction:
            added = transaction.runs.add_new(runs, found)
            transaction.test_cases.put_many(
                {(run.workspace, run.job_id): tests[run.job_id] for run in runs if tests.get(run.job_id)}
            )
        self._logged += [(run.workspace, run.job_id) for run in runs if texts.get(run.job_id)]
        done.added += added
        done.known += len(runs) - added
        batch.clear()
        texts.clear()
        tests.clear()

    def _keep_log(self, run: Run, text: str) -> LogSummary:
        writer = self._logs.open(run.workspace, run.job_id)
        writer.write(Stream.STDOUT, text.encode(), run.finished_at or run.submitted_at)
        return writer.close()

    def _with_tests(self, run: Run, text: str, tests: dict[str, Sequence[TestCase]]) -> Run:
        """The run with the tests that its log names."""
        from orcaops.recording.test_reports.collecting import collect_log

        collected = collect_log(text, self._redactor)
        if collected is None:
            return run
        tests[run.job_id] = collected.cases
        return run.changed(tests=collected.totals)

    def _masked(self, run: Run) -> Run:
        command = self._redactor.text(run.command)
        if command == run.command:
            return run
        return run.changed(
            command=command, key=key_of(image=run.image, command_line=command, name=run.name), masked=True
        )


def _items(path: Path, format_name: str | None, options: ReadOptions) -> Iterator[Run | BadLine]:
    """The runs of a file; one that is not of its format at all is a file with one bad line."""
    try:
        yield from read_runs(path, format_name, options)
    except OrcaError as error:
        if error.code is not ErrorCode.INVALID or error.where == "--format":
            raise
        yield BadLine(1, f"{error.message}. {error.hint}")
