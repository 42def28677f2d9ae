"""Failures: why a run failed, and which failures are known."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from orcaops.model.errors import not_found
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.recording.log_store import LogStore
from orcaops.recording.store import Store

if TYPE_CHECKING:
    from orcaops.learning.failures.knowledge import KnowledgeBase
    from orcaops.model.debug import DebugAnalysis, PatternMatch
    from orcaops.model.pattern import FailurePattern


class Failures:
    """Explains failed runs and looks up known failures.

    Reads only. ``knowledge`` is called when it is first needed: most commands never need it, and what reads
    logs is imported only then.
    """

    def __init__(self, store: Store, logs: LogStore, knowledge: "Callable[[], KnowledgeBase]") -> None:
        self._store = store
        self._logs = logs
        self._knowledge = knowledge

    def debug(self, workspace: str, job_id: str) -> "DebugAnalysis":
        """Why a run failed, in one bounded answer with quotations from its log. Raises ``not_found``.

        The log is read in bounded memory and compared with up to two passing runs of the same key. A run
        that did not fail is told so.
        """
        from orcaops.services.diagnosis import Diagnosis

        return Diagnosis(self._store, self._logs, self._knowledge()).of(workspace, job_id)

    def patterns(
        self, *, text: str = "", limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> "Page[FailurePattern]":
        """Known failures by id; ``text`` is a part of the id, the category or the title.

        Raises ``not_found`` for a cursor that is of no page.
        """
        from orcaops.model.pattern import FailurePattern

        part = text.casefold()
        every = sorted(self._knowledge().patterns, key=lambda pattern: pattern.id)
        if cursor is not None and all(pattern.id != cursor for pattern in every):
            raise not_found(
                "this list has no page at this cursor",
                where="cursor",
                hint="Pass next_cursor of the previous page, or leave it out to start anew.",
            )
        chosen = [
            pattern
            for pattern in every
            if part in f"{pattern.id} {pattern.category} {pattern.title}".casefold()
        ]
        rest = [pattern for pattern in chosen if cursor is None or pattern.id > cursor]
        return Page[FailurePattern](
            items=tuple(rest[:limit]),
            next_cursor=rest[limit - 1].id if len(rest) > limit else None,
            total=len(chosen),
        )

    def pattern(self, pattern_id: str) -> "FailurePattern":
        """One known failure. Raises ``not_found``."""
        return self._knowledge().get(pattern_id)

    def match(self, chunks: Iterable[bytes]) -> "tuple[PatternMatch, ...]":
        """The known failures in a text given in pieces, each where it is found first, in their order.

        The specific ones; where there is none, those that say only that something failed.
        """
        from orcaops.services.diagnosis import matches_in

        return matches_in(self._knowledge(), chunks)
