"""Evidence: what a run's log told, read once when the run ends, by whoever ended it.

A failing log is read within bounds: its beginning and its end, compared with the last passing run of the same
key. Of a passing log only what its own count calls errors is looked at. What it imports takes a tenth of a
second: it is imported when the first run fails.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

from orcaops.model.quantities import MIB
from orcaops.model.query import And, Compare, Comparison
from orcaops.model.run import Run, Status
from orcaops.recording.log_store import LogStore
from orcaops.recording.store import Store, Transaction

if TYPE_CHECKING:
    from orcaops.learning.failures.fingerprint import Fingerprint
    from orcaops.model.diagnosis import Evidence, PassingLines
    from orcaops.services.known_failures import KnowledgeBases

log = logging.getLogger(__name__)

_FAILED = frozenset({Status.FAILED, Status.TIMED_OUT, Status.LOST})
_HEAD_BYTES, _TAIL_BYTES = MIB // 8, MIB // 2
_PASSING_BYTES = MIB // 2
_TOGETHER = 50  # runs whose evidence is kept in one transaction
_EARLIER = 20  # runs of the key among which a passing one is looked for


class EvidenceTaker:
    """Reads off logs what is kept of them. Thread-safe; raises nothing: a record must never wait for it."""

    def __init__(self, store: Store, logs: LogStore, knowledge: "KnowledgeBases") -> None:
        self._store = store
        self._logs = logs
        self._knowledge = knowledge

    def of(self, run: Run, text: str = "") -> "Evidence | PassingLines | None":
        """What is to be kept of a final run's log; None where there is nothing to be kept.

        ``text`` is the log as it is indexed for searching: enough for a passing run.
        """
        if run.log is None or not run.log.lines:
            return None
        try:
            if run.status in _FAILED:
                return self._failed(run)
            if run.status is Status.SUCCEEDED and (run.log.first_error or run.log.levels.get("error")):
                return self._passed(run, text)
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
                runs = [transaction.runs.get(workspace, job_id) for workspace, job_id in part]
                known = {
                    (workspace, job_id)
                    for workspace in {each for each, _ in part}
                    for job_id in transaction.evidence.find(workspace, [each for _, each in part])
                }
            taken = [
                self.of(run, self._logs.text(run.workspace, run.job_id, most_bytes=_PASSING_BYTES))
                for run in runs
                if run.status.final and (run.workspace, run.job_id) not in known
            ]
            with self._store.write() as transaction:
                for each in taken:
                    keep(transaction, each)
            progress(min(place + _TOGETHER, len(jobs)))

    def _failed(self, run: Run) -> "Evidence":
        from orcaops.learning.failures.evidence import evidence_of

        with self._store.read() as transaction:
            knowledge, version = self._knowledge.of(run.workspace, transaction)
            same_key = Compare("key", Comparison.EQUAL, run.key)
            before = Compare("submitted_at", Comparison.BELOW, run.submitted_at)
            earlier = transaction.runs.page(run.workspace, And((same_key, before)), limit=_EARLIER).items
        return evidence_of(
            run,
            list(self._lines(run)),
            self._passing(earlier),
            shipped=self._knowledge.shipped,
            knowledge=knowledge,
            version=version,
        )

    def _passed(self, run: Run, text: str) -> "PassingLines | None":
        from orcaops.learning.failures.evidence import passing_lines
        from orcaops.model.diagnosis import PassingLines

        lines = passing_lines(text.splitlines())
        if not lines:
            return None
        return PassingLines(
            workspace=run.workspace,
            key=run.key,
            job_id=run.job_id,
            at=run.finished_at or run.submitted_at,
            lines=lines,
        )

    def _lines(self, run: Run) -> Iterator[tuple[int, str]]:
        """The beginning and the end of the log, as (offset, text)."""
        printed = (run.log.stdout_bytes + run.log.stderr_bytes) if run.log else 0
        end = -1
        for line in self._logs.lines(run.workspace, run.job_id):
            if line.offset >= _HEAD_BYTES and line.offset < printed - _TAIL_BYTES:
                break
            yield line.offset, line.text
            end = line.offset
        if printed > _HEAD_BYTES + _TAIL_BYTES:
            after = max(end, printed - _TAIL_BYTES)
            for line in self._logs.lines(run.workspace, run.job_id, after=after):
                yield line.offset, line.text

    def _passing(self, earlier: Sequence[Run]) -> "list[Fingerprint]":
        from orcaops.learning.failures.fingerprint import fingerprint

        for one in earlier:
            if one.status is Status.SUCCEEDED and self._logs.exists(one.workspace, one.job_id):
                text = self._logs.text(one.workspace, one.job_id, most_bytes=_PASSING_BYTES)
                return [fingerprint(text.splitlines())]
        return []


def keep(transaction: Transaction, evidence: "Evidence | PassingLines | None") -> None:
    """Keep what was taken, beside the record of its run."""
    from orcaops.model.diagnosis import Evidence

    if isinstance(evidence, Evidence):
        transaction.evidence.add(evidence)
    elif evidence is not None:
        transaction.evidence.add_passing(evidence)
