"""Failures: why a run failed."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from orcaops.recording.log_store import LogStore
from orcaops.recording.store import Store
from orcaops.services.test_results import with_failing_tests

if TYPE_CHECKING:
    from orcaops.model.debug import DebugAnalysis
    from orcaops.services.knowledge import Knowledge
    from orcaops.services.known_failures import KnowledgeBases


class Failures:
    """Explains failed runs. Reads only; what reads logs is imported when it is first needed."""

    def __init__(
        self, store: Store, logs: LogStore, bases: "KnowledgeBases", knowledge: "Callable[[], Knowledge]"
    ) -> None:
        self._store = store
        self._logs = logs
        self._bases = bases
        self._knowledge = knowledge

    def debug(self, workspace: str, job_id: str) -> "DebugAnalysis":
        """Why a run failed, in one bounded answer with quotations from its log. Raises ``not_found``.

        The log is read in bounded memory and compared with up to two passing runs of the same key; where it
        is gone, what was kept of it stands for it, without quotations. A run that did not fail is told so.
        """
        from orcaops.services.diagnosis import Diagnosis

        base = self._bases.of(workspace)[0]
        diagnosis = Diagnosis(self._store, self._logs, base, self._bases.shipped, self._knowledge())
        return with_failing_tests(diagnosis.of(workspace, job_id), self._store, workspace)
