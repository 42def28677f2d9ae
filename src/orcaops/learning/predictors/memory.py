"""How much memory a job will need at its peak."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.learning import relatives
from orcaops.learning.learner import Memories, Memory, Predictor, Question
from orcaops.model.abstention import Abstention
from orcaops.model.metric import MetricName
from orcaops.model.prediction import MemoryPrediction
from orcaops.model.quantities import show_size
from orcaops.model.run import Cause
from orcaops.model.sample import Sample
from orcaops.stats.clumps import clumps
from orcaops.stats.panel.outlook import Interval
from orcaops.stats.robust import middle

_SMALLEST_BYTES = 1.0
_FEWEST = 2
_REACH, _REACH_OF_LEVELS = 3.0, 1.3
"""So many times the most that it held a job may reach, and such a part of the least; less with levels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PeakMemory:
    """Predicts the peak of memory in bytes.

    A panel of ten experts on the logarithm (:mod:`orcaops.stats.panel`), or the naive rule that has done
    better on this job; ``reason`` names which, and the levels that a job keeps to. The interval is meant to
    hold ``coverage`` of the runs, and leads no farther beyond what the job held than such jobs hardly ever
    go; the confidence is the probability of being within 20 %. A job never seen before is judged by its
    relatives: the same job in other workspaces, then the same command, the same tool, the same image,
    everything; ``level`` names them. A run that was killed for lack of memory counts as what it is, a lower
    bound. Silent until the memory of one run of anything was measured.

    Costs about 150 µs a run and 6 kB a key. How large a limit should be is another question: a limit
    needs a margin, see :mod:`orcaops.stats.sizing`.

    >>> from datetime import UTC, datetime
    >>> asked = Question(workspace="default", key="name:x", at=datetime(2026, 1, 1, tzinfo=UTC))
    >>> predictor.predict({level: predictor.fresh() for level in predictor.levels}, asked).need
    1
    """

    name: str = "memory"
    version: int = 6
    metrics: Sequence[str] = (MetricName.MEMORY,)
    levels: Sequence[str] = relatives.LEVELS
    quantity: str = "memory"
    coverage: float = 0.9

    def fresh(self) -> Memory:
        """Nothing: what a level needs is laid out when it learns for the first time."""
        return {}

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Learn from runs that were left alone, and from killed ones what they prove."""
        if not math.isfinite(sample.value) or sample.value <= 0:
            return
        y = math.log(max(sample.value, _SMALLEST_BYTES))
        at = sample.at_s
        asked_at = sample.submitted_at.timestamp() if sample.submitted_at else None
        bound = sample.censored or sample.cause is Cause.OOM_KILLED
        relatives.learn(memories, y, at=at, asked_at=asked_at, bound=bound)

    def predict(self, memories: Memories, question: Question) -> MemoryPrediction | Abstention:  # noqa: ARG002
        """The peak of the job's next run, from its own history or its nearest relatives'."""
        found = relatives.expected(memories, self.coverage)
        if found is None:
            return Abstention(reason="no run's memory was measured yet", have=0, need=1)
        told, level, n, source = found
        if level == "key":
            told = _within_reach(told, memories["key"]["recent"])
        reason = source if level == "key" else f"this job was not measured yet; {source}"
        if level == "key" and (levels := _levels(memories["key"]["recent"])):
            reason += f"; it keeps to levels of about {levels}"
        return MemoryPrediction(
            estimate=math.exp(told.estimate),
            range_low=math.exp(told.low),
            range_high=math.exp(told.high),
            coverage=self.coverage,
            confidence=told.confidence,
            sample_count=n,
            level=level,
            reason=reason,
            predictor=self.name,
            predictor_version=self.version,
        )


def _within_reach(told: Interval, recent: Sequence[float]) -> Interval:
    """The interval, no wider than what a job may reach that held ``recent``: two logarithms at least.

    A few runs of two sizes have a spread that leads far beyond either. On traces of scientific workflows the
    intervals become narrower, and as many runs lie in them (``python -m benchmarks learning``).
    """
    if len(recent) < _FEWEST:
        return told
    reach = math.log(_REACH_OF_LEVELS if len(clumps(recent)) > 1 else _REACH)
    low, high = min(recent) - reach, max(recent) + reach
    return told._replace(
        low=max(told.low, min(low, told.estimate)), high=min(told.high, max(high, told.estimate))
    )


def _levels(recent: Sequence[float]) -> str:
    """The levels that a job keeps to, in words; empty where there are none."""
    parts = clumps(recent)
    if len(parts) < 2:
        return ""
    sizes = [show_size(math.exp(middle(sorted(recent[place] for place in part)))) for part in parts]
    return f"{', '.join(sizes[:-1])} and {sizes[-1]}"


predictor: Predictor = PeakMemory()
