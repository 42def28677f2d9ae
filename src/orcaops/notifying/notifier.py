"""Notifier: the contract of a channel through which people are told."""

from dataclasses import dataclass
from typing import Protocol

from orcaops.model.notice import Notice


@dataclass(frozen=True, slots=True)
class Delivery:
    """What became of a notice: sent, or why not, and whether trying again can help."""

    sent: bool
    reason: str = ""
    permanent: bool = False


class Notifier(Protocol):
    """Sends notices somewhere. Nothing secret is in a notice, and nothing may be added to it."""

    @property
    def name(self) -> str:
        """What it is called in the configuration."""

    def send(self, notice: Notice) -> Delivery:
        """Send one, and say what became of it; never raises."""
