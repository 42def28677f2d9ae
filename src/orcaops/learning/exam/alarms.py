# ruff: noqa: D102 - what the methods are for stands in paper.py
"""The paper of a detector: how often it alarms on a history, and what it would have seen."""

import dataclasses
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orcaops.learning.exam.paper import Figures, Paper, Sitting, sample_of
from orcaops.learning.outliers import OutlierDetector
from orcaops.learning.replay import PastRun
from orcaops.learning.rivals import spec
from orcaops.model.anomaly import Anomaly
from orcaops.model.run import Status
from orcaops.model.sample import Sample

_JUDGED_FROM = 5  # runs before the first that a detector of single runs is scored on
_STEP = 1.25  # how much slower a job is made to see when a change is noticed
_BEFORE, _AFTER = 40, 30
_MOST_KEYS = 100


@dataclass(slots=True)
class AlarmPaper(Paper):
    """A detector: how often it alarms on this history, and what it would have seen."""

    judged: int = 0
    alarmed: int = 0
    powers: dict[str, int] = field(default_factory=lambda: {"power_150": 0, "power_200": 0})
    spec_alarmed: int = 0
    spec_powers: dict[str, int] = field(default_factory=lambda: {"power_150": 0, "power_200": 0})
    scored: set[int] = field(default_factory=set)
    recent: dict[tuple[str, str], list[Sample]] = field(default_factory=dict)

    @property
    def single(self) -> bool:
        """Whether it judges single values of one numeric metric, as the specification's rule does."""
        return isinstance(self.learner, OutlierDetector)

    def finished(self, sitting: Sitting) -> None:
        run = sitting.run
        sample = self._sample(run)
        if sample is None:
            return
        state = self.states(run).get("spec", {})
        if self.single and state.get("n", 0) < _JUDGED_FROM:
            return
        self.judged += 1
        self.scored.add(id(run))
        if not self.single:
            return
        self.spec_alarmed += spec.anomaly.alarms(state, sample.value)
        for name, factor in (("power_150", 1.5), ("power_200", 2.0)):
            shown = dataclasses.replace(sample, value=sample.value * factor, job_id=f"{sample.job_id}-shown")
            told = sitting.loop.judge_only(shown, sitting.book, name=self.learner.name)
            self.powers[name] += any(shown.job_id in anomaly.job_ids for anomaly in told)
            self.spec_powers[name] += spec.anomaly.alarms(state, shown.value)

    def absorbed(self, run: PastRun, alarms: Sequence[Anomaly]) -> None:
        if id(run) not in self.scored:
            return
        self.scored.discard(id(run))
        mine = [a for a in alarms if a.detector == self.learner.name]
        job_id = run.samples[0].job_id
        if self.single:
            self.alarmed += any(job_id in anomaly.job_ids for anomaly in mine)
        else:
            self.alarmed += any(anomaly.job_id == job_id for anomaly in mine)

    def learn(self, run: PastRun) -> None:
        sample = self._sample(run)
        if sample is not None and self.learner.name.startswith("regression"):
            self._keep(sample)
        if sample is not None and self.single:
            spec.anomaly.learn(self.states(run).setdefault("spec", {}), sample.value)

    def _keep(self, sample: Sample) -> None:
        """Hold the latest successes of the first keys, to be shown once more as slower ones at the end."""
        place = sample.workspace, sample.key
        if sample.status is Status.SUCCEEDED and (place in self.recent or len(self.recent) < _MOST_KEYS):
            kept = self.recent.setdefault(place, [])
            kept.append(sample)
            del kept[: -(_BEFORE + _AFTER)]

    def _noticed(self) -> Figures:
        """A lasting step laid over real noise: how often it is seen within 30 runs, and after how many."""
        delays: list[int] = []
        tried = 0
        for samples in self.recent.values():
            if len(samples) < _BEFORE + _AFTER:
                continue
            tried += 1
            memories = {level: self.learner.fresh() for level in self.learner.levels}
            for place, sample in enumerate(samples):
                factor = _STEP if place >= _BEFORE else 1.0
                shown = dataclasses.replace(sample, value=sample.value * factor)
                told = self.learner.judge(memories, shown)
                if place >= _BEFORE and any(a.open and a.actual > a.expected for a in told):
                    delays.append(place - _BEFORE + 1)
                    break
                self.learner.learn(memories, shown)
        if not tried:
            return {"recall": None, "delay_runs": None}
        return {"recall": len(delays) / tried, "delay_runs": statistics.median(delays) if delays else None}

    def _sample(self, run: PastRun) -> Sample | None:
        for metric in self.learner.metrics:
            sample = sample_of(run, metric)
            if sample is not None and (not self.single or sample.status is Status.SUCCEEDED):
                return sample
        return None

    def figures(self) -> dict[str, Any]:
        def told(alarmed: int, powers: Mapping[str, int]) -> Figures:
            figures: Figures = {"false_alarms_per_run": alarmed / self.judged if self.judged else None}
            if self.single and self.judged:
                figures.update({name: count / self.judged for name, count in powers.items()})
            return figures

        rivals = {"spec": told(self.spec_alarmed, self.spec_powers)} if self.single else {}
        return {
            "name": self.learner.name,
            "kind": "detector",
            "metric": str(self.learner.metrics[0]),
            "n": self.judged,
            **told(self.alarmed, self.powers),
            **(self._noticed() if self.learner.name.startswith("regression") else {}),
            "rivals": rivals,
        }
