"""Stored logs, read again: those that a new pattern must not fire on, and those that it may explain."""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from orcaops.model.diagnosis import LONGEST_LINE, MOST_LINES, Evidence, EvidenceLine
from orcaops.model.pattern import FailurePattern
from orcaops.model.quantities import MIB
from orcaops.model.query import Compare, Comparison
from orcaops.model.run import Run, Status
from orcaops.recording.logs.store import LogStore
from orcaops.recording.store import Store
from orcaops.services.knowing.evidence import ends_of_log

PASSING_LOGS = 50
"""The latest passing runs in whose logs a proposed pattern must not be found."""

MOST_FAILURES = 200
"""The latest unexplained failures whose logs are read again when a pattern is taught."""

_MOST_BYTES = MIB // 2
_LOOKED_BACK = 400  # runs among which passing ones with a log are looked for


class PassingLogs:
    """The logs of the latest passing runs, read when first asked about; at most 25 MiB of text."""

    def __init__(self, store: Store, logs: LogStore, workspace: str) -> None:
        self._store = store
        self._logs = logs
        self._workspace = workspace

    def holding(self, program: Any) -> int:
        """How many of them an RE2 program is found in."""
        return sum(program.search(text) is not None for text in self._texts)

    @cached_property
    def _texts(self) -> list[str]:
        from orcaops.learning.failures.masking import plain

        passed = Compare("status", Comparison.EQUAL, Status.SUCCEEDED.value)
        with self._store.read() as transaction:
            runs = transaction.runs.page(self._workspace, passed, limit=_LOOKED_BACK).items
        found: list[str] = []
        for run in runs:
            if run.log is not None and run.log.lines and self._logs.exists(run.workspace, run.job_id):
                text = self._logs.text(run.workspace, run.job_id, most_bytes=_MOST_BYTES)
                found.append("\n".join(map(plain, text.split("\n"))))
                if len(found) >= PASSING_LOGS:
                    break
        return found


class FailingLogs:
    """Looks for taught patterns in the logs of failures whose kept lines do not hold them.

    What is found is kept with the evidence, so that relearning, long after the log has gone, finds it too.
    """

    def __init__(self, store: Store, logs: LogStore) -> None:
        self._store = store
        self._logs = logs

    def look_for(
        self,
        workspace: str,
        patterns: Sequence[FailurePattern],
        progress: Callable[[int, int], None] | None = None,
    ) -> int:
        """Read the latest unexplained failures' logs again; returns in how many a pattern was found.

        Reads the head and the tail of each, within :data:`MOST_FAILURES`. Asking again changes nothing.
        """
        from orcaops.learning.failures.matcher import Matcher

        matcher = Matcher(patterns)
        with self._store.read() as transaction:
            failures = transaction.diagnoses.unexplained(workspace, MOST_FAILURES)
            kept = transaction.evidence.find(workspace, [each.job_id for each in failures])
            runs = {each.job_id: transaction.runs.get(workspace, each.job_id) for each in failures}
        extended: list[Evidence] = []
        for place, failure in enumerate(failures, 1):
            evidence = kept.get(failure.job_id)
            if evidence is not None and self._logs.exists(workspace, failure.job_id):
                found = self._first(matcher, runs[failure.job_id])
                if found is not None and all(line.offset != found.offset for line in evidence.lines):
                    lines = (*evidence.lines[: MOST_LINES - 1], found)
                    extended.append(evidence.model_copy(update={"lines": lines}))
            if progress is not None:
                progress(place, len(failures))
        if extended:
            with self._store.write() as transaction:
                for one in extended:
                    transaction.evidence.replace(one)
        return len(extended)

    def _first(self, matcher: Any, run: Run) -> EvidenceLine | None:
        for offset, text in ends_of_log(self._logs, run):
            if matches := matcher.match_line(text, offset):
                return EvidenceLine(offset=offset, text=matches[0].text[:LONGEST_LINE])
        return None
