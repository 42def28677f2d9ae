"""The specification's own rules: what is to be beaten."""

import math
from dataclasses import dataclass

from orcaops.learning.rivals.rival import Guess, Rival, State
from orcaops.stats.robust import percentile

_LONGEST = 200


@dataclass(frozen=True, slots=True)
class Spec:
    """EMA .1, from 0.8 × the median to the 95th percentile, confidence n/100 up to .95."""

    name: str = "spec"

    def learn(self, state: State, value: float) -> None:
        """Move the average and keep up to 200 values."""
        state["mean"] = state["mean"] + 0.1 * (value - state["mean"]) if state else value
        values = state.setdefault("values", [])
        values.append(value)
        if len(values) > _LONGEST:
            del values[0]
        state["n"] = state.get("n", 0) + 1

    def guess(self, state: State) -> Guess | None:
        """The specification's ``DurationPredictor``."""
        if not state:
            return None
        ordered = sorted(state["values"])
        low, high = 0.8 * percentile(ordered, 50), percentile(ordered, 95)
        return Guess(state["mean"], low, high, min(state["n"] / 100, 0.95))


@dataclass(frozen=True, slots=True)
class SpecRisk:
    """One minus the success rate where that is below .95, else .05."""

    name: str = "spec"

    def learn(self, state: State, value: float) -> None:
        """Count."""
        state["n"] = state.get("n", 0) + 1
        state["failed"] = state.get("failed", 0) + (value >= 0.5)

    def guess(self, state: State) -> Guess | None:
        """The specification's ``predict_failure_risk``."""
        success = 1 - state["failed"] / state["n"] if state else 1.0
        return Guess(1 - success if success < 0.95 else 0.05)


@dataclass(frozen=True, slots=True)
class SpecAnomaly:
    """Alarms where \\|z\\| > 2 against EMA .1 and the standard deviation of all values."""

    name: str = "spec"
    limit: float = 2.0

    def learn(self, state: State, value: float) -> None:
        """Move the average, and Welford's sums for the deviation."""
        if not state:
            state.update(ema=value, n=1, mean=value, squares=0.0)
            return
        state["ema"] += 0.1 * (value - state["ema"])
        state["n"] += 1
        step = value - state["mean"]
        state["mean"] += step / state["n"]
        state["squares"] += step * (value - state["mean"])

    def alarms(self, state: State, value: float) -> bool:
        """The specification's ``AnomalyDetector.detect``."""
        if not state or state["n"] < 2:
            return False
        deviation = math.sqrt(state["squares"] / (state["n"] - 1))
        return deviation > 0 and abs(value - state["ema"]) / deviation > self.limit


rival: Rival = Spec()
risk: Rival = SpecRisk()
anomaly = SpecAnomaly()
