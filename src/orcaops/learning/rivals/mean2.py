"""The mean of the last two values."""

from dataclasses import dataclass

from orcaops.learning.rivals.rival import Guess, Rival, State


@dataclass(frozen=True, slots=True)
class Mean2:
    """The last two runs averaged (Tsafrir, Etsion and Feitelson 2007, for batch schedulers)."""

    name: str = "mean2"

    def learn(self, state: State, value: float) -> None:
        """Keep two values."""
        state["two"] = [*state.get("two", []), value][-2:]

    def guess(self, state: State) -> Guess | None:
        """Their mean; the only one while there is one."""
        return Guess(sum(state["two"]) / len(state["two"])) if state else None


rival: Rival = Mean2()
