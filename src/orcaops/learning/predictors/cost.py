"""What a job will cost."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from orcaops.learning.learner import Memories, Memory, Predictor, Question
from orcaops.model.abstention import Abstention
from orcaops.model.metric import MetricName
from orcaops.model.prediction import CostPrediction
from orcaops.model.prices import BYTES_PER_GB, Prices
from orcaops.model.sample import Sample

_PLACES: Mapping[str, int] = {
    MetricName.CPU: 0,
    MetricName.DURATION: 1,
    MetricName.FAILED_DURATION: 1,
    MetricName.MEMORY: 2,
}
_LARGEST = 1e200  # what claims to cost more was measured wrongly
_RELATIVES = {"key": "of this job", "tool": "of the same tool on this image", "all": "of this workspace"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Predicts what a run costs by the prices in force, from the CPU and memory of earlier runs.

    Remembers the CPU seconds, duration and peak of memory of the last ``most`` runs and prices each of
    them anew when asked: so a change of prices needs no learning. The estimate is their median; the
    interval is meant to hold ``coverage`` of the runs: it is theirs, widened where they are few.
    A job never seen stands on runs of the same tool, then on everything. Whatever was not measured
    costs nothing; a run that was stopped is left out. Abstains without a price file (``missing`` says
    where one belongs) and before the first run.

    Costs about 5 µs a run and 2 kB a key.
    """

    name: str = "cost"
    version: int = 1
    metrics: Sequence[str] = tuple(_PLACES)
    levels: Sequence[str] = ("key", "tool", "all")
    pooled: bool = True
    quantity: str = "cost"
    coverage: float = 0.9
    most: int = 50
    prices: Prices | None = None
    missing: str = "no price file"

    def fresh(self) -> Memory:
        """Nothing."""
        return {}

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Note one of the parts of a run; samples of one run have one job id."""
        if sample.censored or not math.isfinite(sample.value) or sample.value < 0:
            return
        place, value = _PLACES[sample.metric], float(f"{sample.value:.6g}")
        for level in self.levels:
            memory = memories[level]
            past: list[list[float | None]] = memory.setdefault("past", [])
            if memory.get("job") != sample.job_id or not past:
                memory["job"] = sample.job_id
                memory["n"] = memory.get("n", 0) + 1
                past.append([None, None, None])
                del past[: -self.most]
            past[-1][place] = value

    def predict(self, memories: Memories, question: Question) -> CostPrediction | Abstention:  # noqa: ARG002
        """The cost of the job's next run."""
        if self.prices is None:
            return Abstention(reason=self.missing)
        for level in self.levels:
            costs = sorted(_costs(self.prices, memories[level].get("past", ())))
            if costs:
                return self._told(costs, level, self.prices.currency)
        return Abstention(reason="no run's CPU or memory was measured yet", have=0, need=1)

    def _told(self, costs: list[float], level: str, currency: str) -> CostPrediction:
        n = len(costs)
        estimate = (costs[(n - 1) // 2] + costs[n // 2]) / 2
        # The next of n + 1 alike lies beyond the largest with 1 / (n + 1): few runs say little of the ends.
        tail = (1 - self.coverage) / 2 * (n + 1) - 1
        beyond = max(-tail, 0.0)
        place = math.floor(max(tail, 0.0))
        factor = 1 + 4 * beyond / n
        low, high = costs[place] / factor, costs[n - 1 - place] * factor
        near = sum(0.8 * estimate <= cost <= 1.2 * estimate for cost in costs)
        return CostPrediction(
            estimate=estimate,
            unit=currency,
            currency=currency,
            range_low=min(low, estimate),
            range_high=max(high, estimate),
            coverage=self.coverage,
            confidence=near / (n + 2),
            sample_count=n,
            level=level,
            reason=f"from {n} run{'s' * (n != 1)} {_RELATIVES[level]}",
            predictor=self.name,
            predictor_version=self.version,
        )


def _costs(prices: Prices, past: Sequence[Sequence[float | None]]) -> list[float]:
    found = []
    for cpu, seconds, memory in past:
        if cpu is None and (seconds is None or memory is None) and not prices.per_run:
            continue
        gb_seconds = (seconds or 0.0) * (memory or 0.0) / BYTES_PER_GB
        cost = prices.cost(cpu or 0.0, gb_seconds)
        if cost < _LARGEST:
            found.append(cost)
    return found


predictor: Predictor = Cost()
