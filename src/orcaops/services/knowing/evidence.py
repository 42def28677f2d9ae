"""Evidence: what a run's log told, read once when the run ends, by whoever ended it.

A failing log is read within bounds: its beginning and its end, compared with the last passing run of the same
key. Of a passing log only what its own count calls errors is looked at, and what patterns match that were
taught here. What it imports takes a tenth of a second: it is imported when the first run fails, or passes
where something was taught.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from orcaops.model.quantities import MIB
from orcaops.model.query import Compare, Comparison, Or
from orcaops.model.run import Run, Status
from orcaops.recording.logs.store import LogStore
from orcaops.recording.store import Store, Transaction

if TYPE_CHECKING:
    from orcaops.learning.failures.fingerprint import Fingerprint
    from orcaops.model.diagnosis import Evidence, PassingLines
    from orcaops.services.knowing.known_failures import KnowledgeBases

log = logging.getLogger(__name__)

_FAILED = frozenset({Status.FAILED, Status.TIMED_OUT, Status.LOST})
_HEAD_BYTES, _TAIL_BYTES = MIB // 8, MIB // 2
_HEAD_LINES, _TAIL_LINES = 5_000, 20_000  # less than that where lines are of a letter or two
_PASSING_BYTES = MIB // 2
_TOGETHER = 50  # runs whose evidence is kept in one transaction
_PAGE = 200
_EARLIER = 20  # runs of the key among which a passing one is looked for


class EvidenceTaker:
    """Reads off logs what is kept of them. Thread-safe; raises nothing: a record must never wait for it."""

    def __init__(self, store: Store, logs: LogStore, knowledge: "KnowledgeBases") -> None:
        self._store = store
        self._logs = logs
        self._knowledge = knowledge

    def of(
        self, run: Run, text: str = "", transaction: Transaction | None = None
    ) -> "Evidence | PassingLines | None":
        """What is to be kept of a final run's log; None where there is nothing to be kept.

        ``text`` is the log as it is indexed for searching: enough for a passing run. Without a
        ``transaction`` one is begun where the store has to be asked.
        """
        if run.log is None or not run.log.lines:
            return None
        try:
            if run.status in _FAILED:
                if transaction is not None:
                    return self._failed(run, transaction)
                with self._store.read() as reading:
                    return self._failed(run, reading)
            if run.status is Status.SUCCEEDED:
                return self._passed(run, text, transaction)
        except Exception:
            log.exception("what the log of %s told could not be read and is not kept", run.job_id)
        return None

    def gather(
        self, jobs: Sequence[tuple[str, str]], progress: Callable[[int], None] = lambda _count: None
    ) -> None:
        """Take and keep that of runs that came in with their logs; what was kept before stays.

        ``jobs`` are workspaces and job ids; ``progress`` is called with how many are done.
        """
        for place in range(0, len(jobs), _TOGETHER):
            part = jobs[place : place + _TOGETHER]
            with self._store.read() as transaction:
                taken = []
                for workspace in dict.fromkeys(each for each, _ in part):
                    ids = [job_id for each, job_id in part if each == workspace]
                    known = transaction.evidence.find(workspace, ids)
                    new = transaction.runs.find(workspace, [job_id for job_id in ids if job_id not in known])
                    taken += [
                        self.of(run, self._text_of_passed(run, transaction), transaction)
                        for run in new
                        if run.status.final
                    ]
            with self._store.write() as transaction:
                for each in taken:
                    keep(transaction, each)
            progress(min(place + _TOGETHER, len(jobs)))

    def missing(self, progress: Callable[[int], None] = lambda _count: None) -> int:
        """Take the evidence of failed runs that have none but whose logs are still there; returns how many.

        They were recorded before evidence was kept. Asking again finds nothing more to do.
        """
        waiting: list[tuple[str, str]] = []
        with self._store.read() as transaction:
            for workspace in transaction.runs.workspaces():
                waiting += self._without(transaction, workspace)
        self.gather(waiting, progress)
        return len(waiting)

    def _without(self, transaction: Transaction, workspace: str) -> Iterator[tuple[str, str]]:
        """Failed runs of a workspace whose logs are there and that have no evidence."""
        failed = Or(tuple(Compare("status", Comparison.EQUAL, each.value) for each in sorted(_FAILED)))
        cursor: str | None = None
        while True:
            page = transaction.runs.page(workspace, failed, limit=_PAGE, cursor=cursor)
            logged = [run.job_id for run in page.items if run.log is not None and run.log.lines]
            known = transaction.evidence.find(workspace, logged)
            for job_id in logged:
                if job_id not in known and self._logs.exists(workspace, job_id):
                    yield workspace, job_id
            cursor = page.next_cursor
            if cursor is None:
                return

    def _failed(self, run: Run, transaction: Transaction) -> "Evidence":
        from orcaops.learning.failures.evidence import evidence_of

        knowledge, version = self._knowledge.of(run.workspace, transaction)
        earlier = transaction.runs.earlier_of_key(run.workspace, run.key, run.submitted_at, _EARLIER)
        return evidence_of(
            run,
            [(offset, knowledge.telling_part(text)) for offset, text in ends_of_log(self._logs, run)],
            self._passing(
                run.workspace, [job_id for job_id, status in earlier if status is Status.SUCCEEDED]
            ),
            shipped=self._knowledge.shipped,
            knowledge=knowledge,
            version=version,
        )

    def _text_of_passed(self, run: Run, transaction: Transaction) -> str:
        """The log of a passing run where that is looked at, in one piece."""
        if run.status is not Status.SUCCEEDED or run.log is None or not run.log.lines:
            return ""
        if not _counts_errors(run) and self._knowledge.taught(run.workspace, transaction) is None:
            return ""
        return self._logs.text(run.workspace, run.job_id, most_bytes=_PASSING_BYTES)

    def _passed(self, run: Run, text: str, transaction: Transaction | None) -> "PassingLines | None":
        lines: tuple[str, ...] = ()
        if _counts_errors(run):
            from orcaops.learning.failures.evidence import passing_lines

            lines = passing_lines(text.splitlines())
        taught = self._knowledge.taught(run.workspace, transaction)
        if taught is not None:
            hits = taught.matcher.scan([text.encode("utf-8", "replace")])
            lines = tuple(dict.fromkeys((*lines, *(places[0].text for places in hits.values()))))
        if not lines:
            return None
        from orcaops.model.diagnosis import LONGEST_LINE, PassingLines

        return PassingLines(
            workspace=run.workspace,
            key=run.key,
            job_id=run.job_id,
            at=run.finished_at or run.submitted_at,
            lines=tuple(line[:LONGEST_LINE] for line in lines),
        )

    def _passing(self, workspace: str, job_ids: Sequence[str]) -> "list[Fingerprint]":
        """What the first of these that has a log looks like, the latest passing run first."""
        from orcaops.learning.failures.fingerprint import fingerprint

        for job_id in job_ids:
            if self._logs.exists(workspace, job_id):
                text = self._logs.text(workspace, job_id, most_bytes=_PASSING_BYTES)
                return [fingerprint(text.splitlines())]
        return []


def _counts_errors(run: Run) -> bool:
    """Whether its log counts errors."""
    return run.log is not None and bool(run.log.first_error or run.log.levels.get("error"))


def ends_of_log(logs: LogStore, run: Run) -> Iterator[tuple[int, str]]:
    """The beginning and the end of a run's log, as (offset, text): so many bytes, and not too many lines."""
    printed = (run.log.stdout_bytes + run.log.stderr_bytes) if run.log else 0
    end = -1
    for number, line in enumerate(logs.lines(run.workspace, run.job_id)):
        if number >= _HEAD_LINES or _HEAD_BYTES <= line.offset < printed - _TAIL_BYTES:
            break
        yield line.offset, line.text
        end = line.offset
    else:
        return
    rest = logs.lines(run.workspace, run.job_id, after=max(end, printed - _TAIL_BYTES))
    for line in deque(rest, maxlen=_TAIL_LINES):
        yield line.offset, line.text


def keep(transaction: Transaction, evidence: "Evidence | PassingLines | None") -> None:
    """Keep what was taken, beside the record of its run."""
    from orcaops.model.diagnosis import Evidence

    if isinstance(evidence, Evidence):
        transaction.evidence.add(evidence)
    elif evidence is not None:
        transaction.evidence.add_passing(evidence)
