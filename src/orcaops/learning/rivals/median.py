"""The median of the last nine values."""

from dataclasses import dataclass

from orcaops.learning.rivals.rival import Guess, Rival, State
from orcaops.stats.robust import middle


@dataclass(frozen=True, slots=True)
class Median:
    """The median of the last nine runs."""

    name: str = "median"

    def learn(self, state: State, value: float) -> None:
        """Keep nine values."""
        state["nine"] = [*state.get("nine", []), value][-9:]

    def guess(self, state: State) -> Guess | None:
        """Their median."""
        return Guess(middle(sorted(state["nine"]))) if state else None


rival: Rival = Median()
