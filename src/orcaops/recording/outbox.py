"""The contract of what keeps notices until people have been told: see :mod:`orcaops.recording.store`.

A notice waits in the outbox until its window closes; what came together is then handed over as one
notice to every channel, and each handing over is a delivery of its own: claimed, tried, settled.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple, Protocol

from orcaops.model.notice import Delivery, DeliveryState, Notice
from orcaops.model.query import Page


class Told(NamedTuple):
    """Whether people were told of an anomaly, and why not, or from when on."""

    anomaly_id: str
    told: bool
    because: str


class OutboxRepository(Protocol):
    """Notices that wait to be handed over."""

    def add(self, notices: Sequence[Notice], *, due_at: datetime | None = None) -> None:
        """Put them in, due at their own time or at ``due_at``; one that is or was there stays as it is."""

    def pending(self, at: datetime) -> bool:
        """Whether any is due: a cheap look."""

    def due(self, at: datetime, limit: int) -> list[Notice]:
        """Those whose window has closed by now, longest waiting first; nobody else gets them meanwhile."""

    def waiting(self, workspace: str) -> list[Notice]:
        """All of a workspace that wait, due or not, oldest first."""

    def hold(self, workspace: str, notice_ids: Iterable[str], until: datetime) -> None:
        """Let them wait longer."""

    def handed_over(self, workspace: str, notice_ids: Iterable[str]) -> None:
        """Note that they have left the outbox."""

    def known(self, workspace: str, notice_ids: Iterable[str]) -> set[str]:
        """Which of these ids are or were in the outbox."""


class DeliveryRepository(Protocol):
    """Notices on their way through channels."""

    def add(self, notice: Notice, channels: Iterable[str], *, at: datetime) -> None:
        """One delivery for each channel, to be tried at once; one that is there stays as it is."""

    def pending(self, channels: Sequence[str], at: datetime) -> bool:
        """Whether there is anything to claim: a cheap look."""

    def claim(self, channels: Sequence[str], at: datetime, *, until: datetime) -> Delivery | None:
        """The delivery to try now, for the caller alone until then; None if nothing is due."""

    def settle(
        self,
        delivery: Delivery,
        state: DeliveryState,
        *,
        at: datetime,
        next_at: datetime | None = None,
        reason: str | None = None,
    ) -> None:
        """Note what became of an attempt."""

    def page(
        self,
        workspace: str | None = None,
        *,
        state: DeliveryState | None = None,
        text: str = "",
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[Delivery]:
        """Latest first; of every workspace if none is named. ``text`` is a part of the title or the channel.

        Raises ``not_found`` for a cursor of another list.
        """

    def counts(self) -> dict[str, dict[str, int]]:
        """How many deliveries each channel has per state; those that were sent are left out."""

    def retry(self, workspace: str, at: datetime) -> int:
        """Let everything of a workspace that was given up be tried again; returns how many."""

    def forget_settled(self, before: datetime) -> int:
        """Drop what was sent before that time; returns how many."""


class TellingRepository(Protocol):
    """What people were told of, and what the digest remembers."""

    def put_many(self, workspace: str, told: Iterable[Told], at: datetime) -> None:
        """Insert or replace, by anomaly."""

    def find(self, workspace: str, anomaly_ids: Iterable[str]) -> dict[str, Told]:
        """By anomaly, as far as something is known."""

    def window(self, workspace: str) -> dict[str, Any] | None:
        """What the digest of a workspace remembers."""

    def keep_window(self, workspace: str, window: dict[str, Any]) -> None:
        """Remember it."""
