"""What a store keeps of changes on probation."""

from collections.abc import Sequence
from typing import Protocol

from orcaops.model.optimization import Optimization
from orcaops.model.query import Page


class OptimizationRepository(Protocol):
    """Changes on probation, each with its history. They are decisions: relearning leaves them alone."""

    def get(self, workspace: str, optimization_id: str) -> Optimization:
        """Raises ``not_found``. In a writing transaction nobody else changes it until the end of that."""

    def of_key(self, workspace: str, key: str) -> list[Optimization]:
        """All of one key by field and step, locked as by :meth:`get`. Quick where there are none."""

    def put_many(self, optimizations: Sequence[Optimization]) -> None:
        """Insert or replace."""

    def page(
        self,
        workspace: str,
        *,
        state: str | None = None,
        key: str | None = None,
        text: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Optimization]:
        """Those of a key, or with ``text`` in their key; the one that moved last first."""
