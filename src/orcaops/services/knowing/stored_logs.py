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

_MOST_BYTES = MIB // 2
_AT_ONCE = 200  # unexplained failures whose logs are read again before what was found is kept
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
        """Read the logs of all unexplained failures again; returns in how many a pattern was found.

        Reads the head and the tail of each, the latest first, and keeps what it found after every
        :data:`_AT_ONCE`: memory stays flat, and asking again changes nothing. ``progress`` gets how many
        were looked at, of how many.
        """
        from orcaops.learning.failures.matcher import Matcher

        matcher = Matcher(patterns)
        with self._store.read() as transaction:
            total = transaction.diagnoses.unexplained_count(workspace) if progress is not None else 0
        found = done = 0
        below: int | None = None
        while True:
            with self._store.read() as transaction:
                failures = transaction.diagnoses.unexplained(workspace, _AT_ONCE, below)
                with_log = [one.job_id for one in failures if self._logs.exists(workspace, one.job_id)]
                kept = transaction.evidence.find(workspace, with_log)
                runs = [transaction.runs.get(workspace, job_id) for job_id in with_log if job_id in kept]
            extended = [
                more for run in runs if (more := self._extended(matcher, run, kept[run.job_id])) is not None
            ]
            if extended:
                with self._store.write() as transaction:
                    for one in extended:
                        transaction.evidence.replace(one)
            found += len(extended)
            done += len(failures)
            if progress is not None and failures:
                progress(done, max(done, total))
            if len(failures) < _AT_ONCE:
                return found
            below = failures[-1].number

    def _extended(self, matcher: Any, run: Run, kept: Evidence) -> Evidence | None:
        """The evidence with the line that a pattern is found in; None where there is none that is new."""
        found = self._first(matcher, run)
        if found is None or any(line.offset == found.offset for line in kept.lines):
            return None
        return kept.model_copy(update={"lines": (*kept.lines[: MOST_LINES - 1], found)})

    def _first(self, matcher: Any, run: Run) -> EvidenceLine | None:
        for offset, text in ends_of_log(self._logs, run):
            if matches := matcher.match_line(text, offset):
                return EvidenceLine(offset=offset, text=matches[0].text[:LONGEST_LINE])
        return None
