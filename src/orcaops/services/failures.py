"""Failures: why a run failed."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from orcaops.guarding.policy import Policy
from orcaops.recording.logs.store import LogStore
from orcaops.recording.store import Store
from orcaops.services.test_results import with_failing_tests

if TYPE_CHECKING:
    from orcaops.model.debug import DebugAnalysis, Prompt
    from orcaops.model.run import Run
    from orcaops.services.explaining.assistant import Assistant
    from orcaops.services.knowing.known_failures import KnowledgeBases
    from orcaops.services.knowledge import Knowledge


class Failures:
    """Explains failed runs. Reads only; what reads logs is imported when it is first needed."""

    def __init__(
        self,
        store: Store,
        logs: LogStore,
        bases: "KnowledgeBases",
        knowledge: "Callable[[], Knowledge]",
        policy: Policy | None = None,
        assistant: "Callable[[], Assistant] | None" = None,
    ) -> None:
        self._store = store
        self._logs = logs
        self._bases = bases
        self._knowledge = knowledge
        self._policy = policy or Policy()
        self._assistant = assistant

    def debug(self, workspace: str, job_id: str, *, ai: bool = False) -> "DebugAnalysis":
        """Why a run failed, in one bounded answer with quotations from its log. Raises ``not_found``.

        The log is read in bounded memory and compared with up to two passing runs of the same key; where it
        is gone, what was kept of it stands for it, without quotations. A run that did not fail is told so.

        With ``ai`` the language model that is configured is asked too: what it adds stands apart, checked
        against the stored log; where it fails, the answer says so. Raises ``unavailable`` where there is
        none, ``invalid`` without the extra that it needs.
        """
        assistant = self._helper() if ai else None
        run, analysis = self._explained(workspace, job_id)
        if assistant is None or not analysis.likely_causes:
            return analysis
        return assistant.assist(run, analysis)

    def prompt(self, workspace: str, job_id: str) -> "Prompt":
        """What a language model would be sent about a failed run. Nothing is sent. Raises ``not_found``."""
        from orcaops.services.explaining.assistant import Assistant

        assistant = (
            self._assistant()
            if self._assistant is not None
            else Assistant(self._logs, None, evidence_tokens=3000)
        )
        return assistant.prompt(*self._explained(workspace, job_id))

    def _helper(self) -> "Assistant":
        from orcaops.services.explaining.assistant import no_model

        if self._assistant is None or not (assistant := self._assistant()).ready:
            raise no_model()
        return assistant

    def _explained(self, workspace: str, job_id: str) -> "tuple[Run, DebugAnalysis]":
        from orcaops.services.explaining.diagnosis import Diagnosis
        from orcaops.services.explaining.proposed_remedies import with_remedies

        base = self._bases.of(workspace)[0]
        diagnosis = Diagnosis(self._store, self._logs, base, self._bases.shipped, self._knowledge())
        analysis = with_failing_tests(diagnosis.of(workspace, job_id), self._store, workspace)
        with self._store.read() as transaction:
            run = transaction.runs.get(workspace, job_id)
            taken = {
                str(each.details["action"]): str(each.details["job_id"])
                for each in transaction.decisions.about(workspace, "remedy", job_id)
                if each.verb == "follow"
            }
        return run, with_remedies(analysis, run, self._policy, taken)
