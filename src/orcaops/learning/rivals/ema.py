"""The exponential moving average, at the specification's two learning rates."""

from dataclasses import dataclass

from orcaops.learning.rivals.rival import Guess, Rival, State


@dataclass(frozen=True, slots=True)
class Ema:
    """``alpha`` of the new value and the rest of the old."""

    name: str
    alpha: float

    def learn(self, state: State, value: float) -> None:
        """Move the average."""
        state["mean"] = state["mean"] + self.alpha * (value - state["mean"]) if state else value

    def guess(self, state: State) -> Guess | None:
        """The average."""
        return Guess(state["mean"]) if state else None


slow: Rival = Ema("ema_01", 0.1)
fast: Rival = Ema("ema_03", 0.3)
