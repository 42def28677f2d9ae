"""Advisor: the contract of whoever says what could be improved."""

from collections.abc import Sequence
from typing import Protocol, runtime_checkable

from orcaops.improving.dossier import Dossier
from orcaops.model.baseline import Baseline
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Run

__all__ = ["Advisor", "Dossier", "SandboxAdvisor"]


class Advisor(Protocol):
    """Reads a dossier and proposes changes. Pure; asking twice gives the same ids.

    A proposal says what it is expected to save with an interval. One that changes a limit replays the
    change over the dossier's runs first (:mod:`orcaops.improving.counterfactual`) and says in its evidence
    what would have happened to them.
    """

    @property
    def name(self) -> str:
        """What it is called in the configuration and in recommendations."""

    @property
    def needed(self) -> int:
        """How many runs of a key it takes before it says anything."""

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Whether a key with such a latest run is worth a dossier. Quick: it is asked for every key."""

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """The changes worth making; empty where there are none or too little is known."""


@runtime_checkable
class SandboxAdvisor(Protocol):
    """What an advisor can beside it that speaks of a workspace's sandboxes, which are no job's."""

    def advise_on_sandboxes(self, dossier: Dossier) -> Sequence[Recommendation]:
        """What to do with ``dossier.sandboxes``; of one in which no command ever ran there are no runs."""
