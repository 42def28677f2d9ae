"""How long a job will take."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.learning.learner import Memories, Memory, Predictor, Question, Remaining
from orcaops.model.abstention import Abstention
from orcaops.model.metric import MetricName
from orcaops.model.prediction import DurationPrediction
from orcaops.model.run import Status
from orcaops.model.sample import Sample
from orcaops.stats import panel

_SHORTEST_S = 0.001
_OVERDUE = 0.05  # a run is overdue that fewer of the runs outlast
_RELATIVES = {
    "command": "the same command on other images",
    "tool": "the same tool on this image",
    "image": "other commands on this image",
    "all": "all jobs of this workspace",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Duration:
    """Predicts the seconds from the first command's start to the last one's end.

    A panel of ten experts on the logarithm (:mod:`orcaops.stats.panel`), or the naive rule that has done
    better on this job; ``reason`` names which. The interval is meant to hold ``coverage`` of the runs,
    the confidence is the probability of being within 20 %. A job
    never seen before is judged by its relatives: the same command, then the same tool, the same
    image, everything; ``level`` names them. Runs that a timeout or a person stopped count as what
    they are, a lower bound. Silent until one run of anything has succeeded.

    Costs about 150 µs a run and 6 kB a key.

    >>> from datetime import UTC, datetime
    >>> asked = Question(workspace="default", key="name:x", at=datetime(2026, 1, 1, tzinfo=UTC))
    >>> predictor.predict({level: predictor.fresh() for level in predictor.levels}, asked).need
    1
    """

    name: str = "duration"
    version: int = 2
    metrics: Sequence[str] = (MetricName.DURATION,)
    levels: Sequence[str] = ("key", "command", "tool", "image", "all")
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
        at = sample.at.timestamp()
        asked_at = sample.submitted_at.timestamp() if sample.submitted_at else None
        series, pool = memories["key"], memories["all"]
        if not series:
            series.update(panel.fresh_series())
        if "errors" not in pool:
            pool.update(panel.fresh_pool())
        if sample.censored:
            if series["n"]:
                panel.learn_bound(series, pool, y, at=at)
            return
        if not series["n"]:
            stood = self._relative(memories, asked_at)
            if stood is not None:
                panel.learn_cold(pool, y - stood[1])
        panel.learn(series, pool, y, at=at, asked_at=asked_at)
        for level in self.levels[1:]:
            group = memories[level]
            if "past" not in group:
                group.update(panel.fresh_level())
            panel.learn_level(group, y, at=at)

    def predict(self, memories: Memories, question: Question) -> DurationPrediction | Abstention:  # noqa: ARG002
        """The duration of the job's next run, from its own history or its nearest relatives'."""
        series, pool = memories["key"], memories["all"]
        if series.get("n"):
            told, level, n = panel.interval(series, pool, self.coverage), "key", series["n"]
            reason = f"from {n} run{'s' * (n != 1)} of this job, by {panel.method(series, pool)}"
        else:
            stood = self._relative(memories, None)
            if stood is None:
                return Abstention(reason="no run has succeeded yet", have=0, need=1)
            level, centre, n = stood
            told = panel.cold_interval(pool, centre, self.coverage)
            reason = f"this job has not succeeded yet; from {n} run{'s' * (n != 1)} of {_RELATIVES[level]}"
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
        series, pool = memories["key"], memories["all"]
        elapsed_s = max(elapsed_s, 0.0)
        bound = math.log(max(elapsed_s, _SHORTEST_S))
        if series.get("n"):
            told = panel.beyond(series, pool, bound, self.coverage)
        else:
            stood = self._relative(memories, None)
            if stood is None:
                return Abstention(reason="no run has succeeded yet", have=0, need=1)
            told = panel.cold_beyond(pool, stood[1], bound, self.coverage)
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

    def _relative(self, memories: Memories, asked_at: float | None) -> tuple[str, float, int] | None:
        for level in self.levels[1:]:
            group = memories[level]
            if group.get("n"):
                centre = panel.level_estimate(group, asked_at)
                if centre is not None:
                    return level, centre, group["n"]
        return None


predictor: Predictor = Duration()
