"""What a rival is: a rule of a few lines for the next value of one series."""

from typing import Any, NamedTuple, Protocol

State = dict[str, Any]


class Guess(NamedTuple):
    """The next value; with an interval and a confidence where the rule states them."""

    estimate: float
    low: float | None = None
    high: float | None = None
    confidence: float | None = None


class Rival(Protocol):
    """A naive rule."""

    @property
    def name(self) -> str:
        """What it is called in the exam."""

    def learn(self, state: State, value: float) -> None:
        """Fold in one value; an empty state is a fresh one."""

    def guess(self, state: State) -> Guess | None:
        """The next value; None before the first."""
