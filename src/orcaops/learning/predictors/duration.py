"""How long a job will take."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.learning import relatives
from orcaops.learning.learner import Memories, Memory, Predictor, Question
from orcaops.model.abstention import Abstention
from orcaops.model.metric import MetricName
from orcaops.model.prediction import DurationPrediction, Remaining
from orcaops.model.run import Status
from orcaops.model.sample import Sample
from orcaops.stats.panel import cold, panel

_SHORTEST_S = 0.001
_OVERDUE = 0.05  # a run is overdue that fewer of the runs outlast


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """Predicts the seconds from the first command's start to the last one's end.

    A panel of ten experts on the logarithm (:mod:`orcaops.stats.panel`), or the naive rule that has done
    better on this job; ``reason`` names which. The interval is meant to hold ``coverage`` of the runs,
    the confidence is the probability of being within 20 %. A job
    never seen before is judged by its relatives: the same job in other workspaces, then the same command,
    the same tool, the same image, everything; ``level`` names them. Runs that a timeout or a person
    stopped count as what they are, a lower bound. Silent until one run of anything has succeeded.

    Costs about 150 µs a run and 6 kB a key.

    >>> from datetime import UTC, datetime
    >>> asked = Question(workspace="default", key="name:x", at=datetime(2026, 1, 1, tzinfo=UTC))
    >>> predictor.predict({level: predictor.fresh() for level in predictor.levels}, asked).need
    1
    """

    name: str = "duration"
    version: int = 6
    metrics: Sequence[str] = (MetricName.DURATION,)
    levels: Sequence[str] = relatives.LEVELS
    quantity: str = "duration"
    coverage: float = 0.9

    def fresh(self) -> Memory:
        """Nothing: what a level needs is laid out when it learns for the first time."""
        return {}

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Learn from successes, and from stopped runs what they prove."""
        if not (sample.status is Status.SUCCEEDED or sample.censored) or not math.isfinite(sample.value):
            return
        y = math.log(max(sample.value, _SHORTEST_S))
        at = sample.at_s
        asked_at = sample.submitted_at.timestamp() if sample.submitted_at else None
        bound = sample.censored
        relatives.learn(memories, y, at=at, asked_at=asked_at, bound=bound)

    def predict(self, memories: Memories, question: Question) -> DurationPrediction | Abstention:  # noqa: ARG002
        """The duration of the job's next run, from its own history or its nearest relatives'."""
        found = relatives.expected(memories, self.coverage)
        if found is None:
            return Abstention(reason="no run has succeeded yet", have=0, need=1)
        told, level, n, source = found
        reason = source if level == "key" else f"this job has not succeeded yet; {source}"
        return DurationPrediction(
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

    def remaining(self, memories: Memories, elapsed_s: float) -> Remaining | Abstention:
        """How long a run of the job still takes that has run for ``elapsed_s`` seconds.

        From the durations that are possible now: those longer than what has passed.
        """
        series, pool = memories["key"], relatives.pool_of(memories)
        elapsed_s = max(elapsed_s, 0.0)
        bound = math.log(max(elapsed_s, _SHORTEST_S))
        if series.get("n"):
            told = panel.beyond(series, pool, bound, self.coverage)
        else:
            stood = relatives.nearest(memories, None)
            if stood is None:
                return Abstention(reason="no run has succeeded yet", have=0, need=1)
            told = cold.beyond(pool, stood[1], bound, self.coverage)
        estimate, low, high = (
            max(math.exp(value) - elapsed_s, 0.0) for value in (told.estimate, told.low, told.high)
        )
        return Remaining(
            estimate_s=estimate,
            low_s=low,
            high_s=high,
            coverage=self.coverage,
            outlasts=round(told.share, 4),
            overdue=told.share < _OVERDUE,
        )


predictor: Predictor = Duration()
