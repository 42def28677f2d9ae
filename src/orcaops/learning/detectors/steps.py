"""The steps inside a job: which of them made it slow, and in which it failed."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.learning.learner import Explainer, Memories, Memory
from orcaops.model.anomaly import Anomaly
from orcaops.model.key import STEP_BEHIND
from orcaops.model.metric import MetricName
from orcaops.model.quantities import show_duration
from orcaops.model.sample import Sample
from orcaops.stats.robust import middle

_KEPT = 60
_NAMED = 3
_LETTERS = 120


@dataclass(frozen=True, slots=True, kw_only=True)
class Steps:
    """Learns how long each step of a job takes, and names the steps behind the job's anomalies.

    A step is behind a slow job if it took ``least_ratio`` times its median of up to 60 successes and
    ``least_s`` more; a failure is explained by the step in which it came. Says nothing of its own, is silent
    for jobs of one step, and for a step seen fewer than ``needed`` times. What is normal for a step is its
    baseline, under ``<key>|step:<command>``.

    Costs about 10 µs a run and 1 kB a key, for each of its steps.

    >>> detector.name, detector.levels
    ('steps', ('key', 'step_of'))
    """

    name: str = "steps"
    version: int = 1
    metrics: Sequence[str] = (MetricName.STEP_FAILURE, MetricName.STEP_DURATION)
    levels: Sequence[str] = ("key", "step_of")
    pooled: bool = True
    needed: int = 5
    least_ratio: float = 1.2
    least_s: float = 0.2

    def fresh(self) -> Memory:
        """Nothing seen."""
        return {}

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Remember how long the step took, and for its job whether that was unusual."""
        step, job = memories["key"], memories["step_of"]
        if job.get("job") != sample.job_id:
            job.clear()
            job.update(job=sample.job_id, slow=[], failed=None)
        label = sample.key.partition(STEP_BEHIND)[2][:_LETTERS]
        if sample.metric == MetricName.STEP_FAILURE:
            if sample.value >= 0.5:
                job["failed"] = label
            return
        if not math.isfinite(sample.value):
            return
        seconds = step.get("seconds", [])
        if len(seconds) >= self.needed:
            usual = middle(sorted(seconds))
            if sample.value >= max(self.least_ratio * usual, usual + self.least_s):
                job["slow"] = [*job["slow"], [label, round(sample.value, 3), round(usual, 3)]]
        step["seconds"] = [*seconds, round(sample.value, 4)][-_KEPT:]

    def explain(self, memories: Memories, anomaly: Anomaly, sample: Sample) -> Anomaly:
        """The anomaly of a job with the steps behind it; the same where this run's steps explain nothing."""
        job = memories["step_of"]
        if not anomaly.open or job.get("job") != sample.job_id or anomaly.key != sample.key:
            return anomaly
        if sample.metric == MetricName.DURATION:
            slow = sorted(job["slow"], key=lambda each: each[2] - each[1])[:_NAMED]
            if not slow:
                return anomaly
            named = (f"`{label}` ({show_duration(a)} instead of {show_duration(b)})" for label, a, b in slow)
            said = f"Slower in its steps: {', '.join(named)}."
            evidence: Any = [{"actual": a, "expected": b, "step": label} for label, a, b in slow]
        elif sample.metric in (MetricName.FAILURE, MetricName.ERROR) and job["failed"] is not None:
            said = f"It failed in step `{job['failed']}`."
            evidence = [{"failed": True, "step": job["failed"]}]
        else:
            return anomaly
        return anomaly.model_copy(
            update={
                "description": f"{anomaly.description} {said}",
                "evidence": {**anomaly.evidence, "steps": evidence},
            }
        )


detector: Explainer = Steps()
