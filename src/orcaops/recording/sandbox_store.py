"""What a store keeps of sandboxes, and of containers that stood ready."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Protocol

from orcaops.model.query import Page
from orcaops.model.readiness import Stood
from orcaops.model.sandbox import Sandbox


class SandboxRepository(Protocol):
    """The sandboxes there are, and those there were."""

    def put(self, sandbox: Sandbox) -> None:
        """Keep a sandbox, or what has become of it."""

    def get(self, workspace: str, sandbox_id: str) -> Sandbox:
        """One sandbox. Raises ``not_found``."""

    def page(
        self,
        workspace: str,
        *,
        gone: bool = False,
        text: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Sandbox]:
        """Sandboxes, the newest first; with ``gone`` also those of which nothing is left.

        ``text`` is a part of the id, the name or the image. Raises ``not_found`` for a cursor of another
        list.
        """

    def living(self) -> list[Sandbox]:
        """All of which something may be left, of every workspace."""

    def living_to_add(self, workspace: str) -> list[Sandbox]:
        """Those of one workspace: whoever asks meanwhile, to add one, waits until this transaction ends."""


class StoodReadyRepository(Protocol):
    """Facts: what became of each container that stood ready."""

    def add_many(self, facts: Sequence[Stood]) -> None:
        """Keep them; those that are known already stay as they are."""

    def since(self, at: datetime) -> Iterable[Stood]:
        """What ended at that time or later, in this order, of every workspace."""

    def forget_before(self, at: datetime) -> int:
        """Drop what ended earlier; returns how many."""
