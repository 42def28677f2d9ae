"""What is known of failures in each workspace: what is shipped, and what was taught there."""

import threading
from typing import TYPE_CHECKING

from orcaops.recording.store import Store, Transaction

if TYPE_CHECKING:
    from orcaops.learning.failures.knowledge import KnowledgeBase
    from orcaops.model.pattern import FailurePattern


class KnowledgeBases:
    """Gives the knowledge base of a workspace, made anew only when something was taught. Thread-safe.

    What reads logs is imported when a knowledge base is first asked for: most commands never need one.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._made: dict[str, tuple[str, KnowledgeBase]] = {}
        self._taught: dict[str, tuple[str, KnowledgeBase]] = {}

    @property
    def shipped(self) -> "KnowledgeBase":
        """What comes with OrcaOps."""
        from orcaops.learning.failures.knowledge import KnowledgeBase

        return KnowledgeBase.shipped()

    def of(self, workspace: str, transaction: Transaction | None = None) -> "tuple[KnowledgeBase, str]":
        """The knowledge base of a workspace and its version, a text that changes when it does."""
        if transaction is None:
            with self._store.read() as reading:
                return self.of(workspace, reading)
        from orcaops.learning.failures.knowledge import shipped_version

        taught = transaction.teachings.version(workspace)
        version = f"{shipped_version()}-{taught}" if taught else shipped_version()
        with self._lock:
            made = self._made.get(workspace)
            if made is None or made[0] != version:
                patterns = _patterns(workspace, transaction)
                made = version, self.shipped.merged(patterns) if patterns else self.shipped
                self._made[workspace] = made
        return made[1], made[0]

    def taught(self, workspace: str, transaction: Transaction | None = None) -> "KnowledgeBase | None":
        """What was taught in a workspace, without what is shipped; None where nothing was, which is cheap."""
        if transaction is None:
            with self._store.read() as reading:
                return self.taught(workspace, reading)
        version = transaction.teachings.version(workspace)
        if not version:
            return None
        from orcaops.learning.failures.knowledge import KnowledgeBase

        with self._lock:
            made = self._taught.get(workspace)
            if made is None or made[0] != version:
                made = self._taught[workspace] = version, KnowledgeBase(_patterns(workspace, transaction))
        return made[1] if made[1].patterns else None


def _patterns(workspace: str, transaction: Transaction) -> "tuple[FailurePattern, ...]":
    """The patterns that were taught in a workspace."""
    from orcaops.model.pattern import FailurePattern

    taught = transaction.teachings.of(workspace, "pattern")
    return tuple(FailurePattern.from_stored(dict(each.record)) for each in taught)
