"""Notifier: the contract of a channel through which people are told.

What every one must hold is checked by :mod:`orcaops.testing.notifiers`.
"""

from dataclasses import dataclass
from typing import Protocol

from orcaops.model.anomaly import Severity
from orcaops.model.notice import Notice


@dataclass(frozen=True, slots=True)
class Receipt:
    """What became of a notice: sent, or why not, and whether trying again can help.

    ``retry_after_s`` is how long the other side asked to be left alone.
    """

    sent: bool
    reason: str = ""
    permanent: bool = False
    retry_after_s: float | None = None


class Notifier(Protocol):
    """Sends notices somewhere. Nothing secret is in a notice, and nothing may be added to it.

    A notice can come twice with the same id, where a process was killed between sending and noting it:
    the id goes along, so that whoever receives can tell.
    """

    @property
    def name(self) -> str:
        """What it is called in the configuration."""

    @property
    def least(self) -> Severity:
        """Notices below this severity are not for it."""

    def send(self, notice: Notice) -> Receipt:
        """Send one, within seconds, and say what became of it; never raises, and names no secret."""

    def trouble(self) -> str | None:
        """What keeps it from ever sending anything, such as a library that is absent; sends nothing."""
