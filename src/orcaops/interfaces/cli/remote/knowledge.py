"""Knowledge of a server, under the names of :mod:`orcaops.services.knowledge`."""

from collections.abc import Callable, Iterable
from urllib.parse import quote

from orcaops.interfaces.cli.remote.connection import Connection
from orcaops.interfaces.cli.remote.paths import job_path
from orcaops.model.debug import PastFailure, PatternMatch
from orcaops.model.errors import not_found
from orcaops.model.identity import is_id
from orcaops.model.pattern import (
    FailurePattern,
    KnowledgeCoverage,
    KnowledgeDocument,
    KnowledgeImported,
    PatternProposal,
    PatternTaught,
    ProposalEdited,
)
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.model.solution import Effect, FeedbackGiven, Solution, SolutionTaught

Progress = Callable[[int, int], None]


class RemoteKnowledge:
    """See :class:`orcaops.services.knowledge.Knowledge`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def patterns(
        self, workspace: str, *, text: str = "", limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page[FailurePattern]:
        """Known failures by id."""
        return self._connection.page(
            FailurePattern, "/patterns", workspace=workspace, q=text, limit=limit, cursor=cursor
        )

    def pattern(self, workspace: str, pattern_id: str) -> FailurePattern:
        """One known failure."""
        return self._connection.word(FailurePattern, "GET", _path("pattern", pattern_id), workspace=workspace)

    def solutions(self, workspace: str, pattern_id: str) -> tuple[Solution, ...]:
        """The solutions of a known failure."""
        path = f"{_path('pattern', pattern_id)}/solutions"
        return self._connection.every(Solution, path, workspace)

    def match(self, workspace: str, chunks: Iterable[bytes]) -> tuple[PatternMatch, ...]:
        """The known failures in a text that lies here, by what is shipped here and taught there."""
        from orcaops.learning.failures.knowledge import KnowledgeBase
        from orcaops.services.knowing.quoting import matches_in

        return matches_in(KnowledgeBase.shipped().merged(self.export(workspace).patterns), chunks)

    def teach(
        self,
        workspace: str,
        taught: PatternTaught,
        *,
        by: str,  # noqa: ARG002 - the server knows
        progress: Progress | None = None,  # noqa: ARG002 - it comes in one answer
    ) -> FailurePattern:
        """Teach a pattern."""
        body = taught.model_dump(mode="json")
        return self._connection.word(FailurePattern, "POST", "/patterns", body=body, workspace=workspace)

    def forget(self, workspace: str, pattern_id: str, *, by: str, reason: str | None = None) -> None:  # noqa: ARG002
        """Let go of a pattern that was taught."""
        self._connection.ask("DELETE", _path("pattern", pattern_id), workspace=workspace)

    def teach_solution(self, workspace: str, given: SolutionTaught, *, by: str) -> Solution:  # noqa: ARG002
        """Keep advice for a pattern or a signature."""
        body = given.model_dump(mode="json", exclude_none=True)
        return self._connection.word(Solution, "POST", "/solutions", body=body, workspace=workspace)

    def feedback(
        self,
        workspace: str,
        solution_id: str,
        *,
        helped: bool,
        by: str,  # noqa: ARG002
        job_id: str | None = None,
        note: str | None = None,
    ) -> Effect:
        """Note that a solution helped, or did not."""
        body = FeedbackGiven(helped=helped, job_id=job_id, note=note).model_dump(mode="json")
        path = f"{_path('solution', solution_id)}/feedback"
        return self._connection.word(Effect, "POST", path, body=body, workspace=workspace)

    def coverage(self, workspace: str, progress: Progress | None = None) -> KnowledgeCoverage:  # noqa: ARG002
        """What share of the failures is explained."""
        return self._connection.word(KnowledgeCoverage, "GET", "/knowledge/coverage", workspace=workspace)

    def proposals(self, workspace: str) -> tuple[PatternProposal, ...]:
        """Failures that recur and that nothing explains."""
        return self._connection.every(PatternProposal, "/knowledge/proposals", workspace)

    def accept(
        self,
        workspace: str,
        proposal_id: str,
        *,
        by: str,  # noqa: ARG002
        progress: Progress | None = None,  # noqa: ARG002
    ) -> FailurePattern:
        """Make a proposal a pattern."""
        path = f"{_path('proposal', proposal_id)}/accept"
        return self._connection.word(FailurePattern, "POST", path, workspace=workspace)

    def dismiss(self, workspace: str, proposal_id: str, *, by: str, reason: str) -> PatternProposal:  # noqa: ARG002
        """Say no to a proposal."""
        path = f"{_path('proposal', proposal_id)}/dismiss"
        return self._connection.word(
            PatternProposal, "POST", path, body={"reason": reason}, workspace=workspace
        )

    def edit(self, workspace: str, proposal_id: str, edits: ProposalEdited, *, by: str) -> PatternProposal:  # noqa: ARG002
        """Change a proposal before it is accepted."""
        path = f"{_path('proposal', proposal_id)}/edit"
        body = edits.model_dump(mode="json", exclude_none=True)
        return self._connection.word(PatternProposal, "POST", path, body=body, workspace=workspace)

    def similar(self, workspace: str, job_id: str, *, limit: int = 4) -> tuple[PastFailure, ...]:
        """Earlier failures like that of a job."""
        return self._connection.page(
            PastFailure, f"{job_path(job_id)}/similar", workspace=workspace, limit=limit
        ).items[:limit]

    def export(self, workspace: str) -> KnowledgeDocument:
        """What was taught there."""
        return self._connection.word(KnowledgeDocument, "GET", "/knowledge", workspace=workspace)

    def import_(
        self,
        workspace: str,
        document: KnowledgeDocument,
        *,
        by: str,  # noqa: ARG002
        progress: Progress | None = None,  # noqa: ARG002
    ) -> KnowledgeImported:
        """Teach what was taught elsewhere."""
        body = document.model_dump(mode="json")
        return self._connection.word(KnowledgeImported, "POST", "/knowledge", body=body, workspace=workspace)


_FOLDERS = {"pattern": "/patterns", "solution": "/solutions", "proposal": "/knowledge/proposals"}


def _path(noun: str, known_by: str) -> str:
    """The path of one thing. Raises ``not_found`` for what cannot be the id of any, as the services do."""
    if not is_id(known_by):
        raise not_found(
            f"there is no {noun} {known_by!r}", where=noun, hint="`orcaops kb` lists what there is."
        )
    return f"{_FOLDERS[noun]}/{quote(known_by, safe='')}"
