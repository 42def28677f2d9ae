"""Failures of a server, under the names of :mod:`orcaops.services.failures`."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from orcaops.interfaces.cli.remote.answers import page_of
from orcaops.interfaces.cli.remote.connection import PAGE, Connection
from orcaops.interfaces.cli.remote.paths import job_path
from orcaops.model.errors import not_found
from orcaops.model.query import DEFAULT_LIMIT, Page

if TYPE_CHECKING:
    from orcaops.model.debug import DebugAnalysis, PatternMatch
    from orcaops.model.pattern import FailurePattern


class RemoteFailures:
    """See :class:`orcaops.services.failures.Failures`."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def debug(self, workspace: str, job_id: str) -> "DebugAnalysis":
        """Why a run failed."""
        from orcaops.model.debug import DebugAnalysis

        answer = self._connection.ask("GET", f"{job_path(job_id)}/debug", workspace=workspace)
        return DebugAnalysis.from_stored(answer.content)

    def patterns(
        self, *, text: str = "", limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> "Page[FailurePattern]":
        """Known failures by id."""
        from orcaops.model.pattern import FailurePattern

        answer = self._connection.ask("GET", "/patterns", q=text, limit=limit, cursor=cursor)
        return page_of(FailurePattern, answer.content)

    def pattern(self, pattern_id: str) -> "FailurePattern":
        """One known failure."""
        cursor: str | None = None
        while True:
            page = self.patterns(text=pattern_id, limit=PAGE, cursor=cursor)
            for pattern in page.items:
                if pattern.id == pattern_id:
                    return pattern
            if (cursor := page.next_cursor) is None:
                raise not_found(
                    f"there is no pattern {pattern_id!r}", where="pattern", hint="List them: orcaops kb list"
                )

    def match(self, chunks: Iterable[bytes]) -> "tuple[PatternMatch, ...]":
        """The known failures in a text that lies here, by what this program knows itself."""
        from orcaops.learning.failures.knowledge import KnowledgeBase
        from orcaops.services.diagnosis import matches_in

        return matches_in(KnowledgeBase.shipped(), chunks)
