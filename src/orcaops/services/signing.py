"""Signing: how every decision gets its id, its time and its place among what has been learned."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from orcaops.model.decision import Decision
from orcaops.recording.store import Transaction


class Signing:
    """Appends decisions as taken now, behind the last run that has been learned from."""

    def __init__(self, clock: Callable[[], datetime], new_id: Callable[[], str]) -> None:
        self._clock = clock
        self._new_id = new_id

    def sign(
        self,
        transaction: Transaction,
        workspace: str,
        subject: str,
        subject_id: str,
        verb: str,
        *,
        by: str,
        reason: str | None = None,
        details: Mapping[str, Any] | None = None,
    ) -> Decision:
        """Append what somebody decided about a subject; returns the decision."""
        decision = Decision(
            id=self._new_id(),
            workspace=workspace,
            subject=subject,
            subject_id=subject_id,
            verb=verb,
            by=by,
            at=self._clock(),
            reason=reason,
            details=dict(details or {}),
            after_number=transaction.watermark(),
        )
        transaction.decisions.append(decision)
        return decision
