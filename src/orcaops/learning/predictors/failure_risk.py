"""How probable it is that a job fails."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from orcaops.learning import circumstances, relatives
from orcaops.learning.learner import Memories, Memory, Predictor, Question
from orcaops.model.abstention import Abstention
from orcaops.model.metric import MetricName
from orcaops.model.prediction import FailureRisk
from orcaops.model.sample import Sample
from orcaops.stats import flakiness, logistic
from orcaops.stats.rounding import rounded

_HALF_LIVES = (5.0, 20.0, 100.0)
_DECAYS = tuple(0.5 ** (1 / life) for life in _HALF_LIVES)
_FEATURES = (
    "base rate",
    "the last run",
    "failures in a row",
    "successes in a row",
    "the last 5 runs",
    "the last 20 runs",
    "the last 100 runs",
    "broken or flaky",
    *circumstances.NAMES,
)
_BEGINNING = (0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 1.0) + (0.0,) * len(circumstances.NAMES)
_PRIOR_RUNS = 2.0
_LEVEL_RATE = 0.02
_PAST = 12
_SURE = 0.005  # never surer than this


@dataclass(frozen=True, slots=True, kw_only=True)
class FailureProbability:
    """Predicts the probability that a job fails by its own doing.

    A logistic regression that keeps learning, its weights shared by all jobs of a workspace, over
    what is known of the job: how the last run ended, streaks, failure rates over about 5, 20 and 100
    runs (their differences are the trend), and what a hidden Markov model makes of it (healthy, flaky or
    broken; :mod:`orcaops.stats.flakiness`); and over its circumstances: the hour of the week, the time since
    the last run, what changed since (image digest, command, branch, names in the environment, resources),
    and whether other jobs fail now. The two largest contributions are named. A job never seen before
    fails as its nearest relatives do. Silent until one run of anything has ended.

    Costs about 200 µs a run and 4 kB a key.

    >>> from datetime import UTC, datetime
    >>> asked = Question(workspace="default", key="name:x", at=datetime(2026, 1, 1, tzinfo=UTC))
    >>> predictor.predict({level: predictor.fresh() for level in predictor.levels}, asked).need
    1
    """

    name: str = "failure_risk"
    version: int = 2
    metrics: Sequence[str] = (MetricName.FAILURE,)
    levels: Sequence[str] = relatives.LEVELS
    quantity: str = "failure_risk"

    def fresh(self) -> Memory:
        """Nothing: what a level needs is laid out when it learns for the first time."""
        return {}

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Move the weights by what the features said before, then the features."""
        failed = sample.value >= 0.5
        key, all_ = memories["key"], memories["all"]
        if "model" not in all_:
            all_["model"] = logistic.fresh(_BEGINNING)
        change = [sample.commit, sample.image_digest]
        context = circumstances.context_of(sample)
        if key:
            stood = self._standing(memories, sample, self._changed(key, change), context)
            if stood is not None:
                logistic.learn(all_["model"], stood, failed)
        else:
            prior = self._relative(memories)
            key.update(
                n=0,
                last=False,
                streak=0,
                rates=[0.3 if prior is None else prior[1]] * len(_DECAYS),
                hidden=flakiness.fresh(flakiness.RISK),
                change=change,
                past=[],
                context=context,
            )
        flakiness.learn(key["hidden"], flakiness.RISK, failed=failed, changed=self._changed(key, change))
        key["streak"] = key["streak"] + 1 if key["n"] and key["last"] == failed else 1
        key["n"] += 1
        key["last"], key["change"] = failed, change
        key["context"] = [new or old for old, new in zip(key["context"], context, strict=True)]
        circumstances.learn_storm(all_, sample.at_s, failed)
        n = key["n"] + _PRIOR_RUNS
        key["rates"] = rounded(
            [
                rate + max(1 - decay, 1 / n) * (failed - rate)
                for rate, decay in zip(key["rates"], _DECAYS, strict=True)
            ],
            6,
        )
        features = rounded(self._features(key, changed=True), 5)
        key["past"] = [*key["past"], [sample.at_s, features]][-_PAST:]
        groups = [memories[level] for level in self.levels[1:]]
        rates = []
        for group in groups:
            group["n"] = group.get("n", 0) + 1
            share = max(1 / (group["n"] + _PRIOR_RUNS), _LEVEL_RATE)
            former = group.get("rate", 0.1)
            rates.append(former + share * (failed - former))
        for group, rate in zip(groups, rounded(rates, 6), strict=True):
            group["rate"] = rate

    def predict(self, memories: Memories, question: Question) -> FailureRisk | Abstention:
        """The probability for the job's next run, from its own history or its nearest relatives'."""
        key, all_ = memories["key"], memories["all"]
        contributions: dict[str, float] = {}
        if key:
            features = self._features(
                key, changed=self._changed(key, [question.commit, question.image_digest])
            ) + self._circumstances(memories, question.at, circumstances.context_of(question))
            p = logistic.probability(all_.get("model") or logistic.fresh(_BEGINNING), features)
            parts: dict[str, float] = {}
            for name, weight, feature in zip(_FEATURES, all_["model"]["weights"], features, strict=True):
                parts[name] = parts.get(name, 0.0) + weight * feature
            del parts["base rate"]  # of every job alike: it explains nothing of this one
            ranked = sorted(parts.items(), key=lambda part: -abs(part[1]))
            contributions = {name: round(part, 3) for name, part in ranked[:2]}
            level, n = "key", key["n"]
            reason = f"from {n} run{'s' * (n != 1)} of this job"
        else:
            stood = self._relative(memories)
            if stood is None:
                return Abstention(reason="no run has ended yet", have=0, need=1)
            level, p, n = stood
            reason = f"this job has not run yet; from {n} run{'s' * (n != 1)} of {relatives.RELATIVES[level]}"
        p = min(max(p, _SURE), 1 - _SURE)
        known = min(n, 50) if level == "key" else min(n, 5)
        deviation = math.sqrt(p * (1 - p) / (known + 4))
        return FailureRisk(
            estimate=p,
            range_low=max(p - 1.645 * deviation, 0.0),
            range_high=min(p + 1.645 * deviation, 1.0),
            confidence=math.erf(0.2 * p / (deviation * math.sqrt(2))),
            sample_count=n,
            level=level,
            reason=reason,
            predictor=self.name,
            predictor_version=self.version,
            contributions=contributions,
        )

    @staticmethod
    def _changed(key: Memory, change: list[str | None]) -> bool:
        """Whether something else may be running now: unless the same commit is known to be."""
        return change[0] is None or key["change"] != change

    def _standing(
        self, memories: Memories, sample: Sample, changed: bool, context: list[str]
    ) -> list[float] | None:
        """The features as they were when the run was submitted, so that weights fit late outcomes."""
        key, asked_at = memories["key"], sample.submitted_at or sample.at
        moment = asked_at.timestamp()
        if not changed and (sample.submitted_at is None or key["past"][-1][0] <= moment):
            stood = self._features(key, changed=False)
        elif sample.submitted_at is None:
            stood = key["past"][-1][1]
        else:
            found = next((features for at, features in reversed(key["past"]) if at <= moment), None)
            if found is None:
                return None
            stood = found
        return [*stood, *self._circumstances(memories, asked_at, context)]

    @staticmethod
    def _circumstances(memories: Memories, asked_at: datetime, context: list[str]) -> list[float]:
        key, moment = memories["key"], asked_at.timestamp()
        last_at = next((at for at, _ in reversed(key["past"]) if at <= moment), None)
        storm = circumstances.storm(memories["all"], moment)
        return circumstances.features(asked_at, last_at, key["context"], context, storm)

    @staticmethod
    def _features(key: Memory, *, changed: bool) -> list[float]:
        hidden = flakiness.failure_probability(key["hidden"], flakiness.RISK, changed=changed)
        failed, streak = key["last"], min(key["streak"], 15)
        return [
            1.0,
            float(failed),
            streak / 3 if failed else 0.0,
            0.0 if failed else streak / 5,
            *(logistic.logit(rate) for rate in key["rates"]),
            logistic.logit(hidden),
        ]

    def _relative(self, memories: Memories) -> tuple[str, float, int] | None:
        for level in self.levels[1:]:
            group = memories[level]
            if group.get("n"):
                return level, group["rate"], group["n"]
        return None


predictor: Predictor = FailureProbability()
