"""Advisor: the contract of whoever says what could be improved."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orcaops.model.baseline import Baseline
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Run


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """Everything an advisor may look at about one key: what is normal, and the latest runs, newest first."""

    workspace: str
    key: str
    at: datetime
    baseline: Baseline
    runs: tuple[Run, ...]


class Advisor(Protocol):
    """Reads a dossier and proposes changes. Pure; asking twice gives the same ids.

    A proposal replays its change over the dossier's runs first (the counterfactual) and says in its
    evidence what would have happened to them.
    """

    @property
    def name(self) -> str:
        """What it is called in the configuration and in recommendations."""

    @property
    def needed(self) -> int:
        """How many successes of a key it takes before it says anything."""

    def concerns(self, run: Run) -> bool:
        """Whether such a run is a reason to look at its key again. Quick."""

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """The changes worth making; empty where there are none or too little is known."""
