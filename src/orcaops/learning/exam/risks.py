# ruff: noqa: D102 - what the methods are for stands in paper.py
"""The paper of a predictor of a probability."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orcaops.learning.exam.paper import Figures, Paper, Sitting, sample_of
from orcaops.learning.replay import PastRun
from orcaops.learning.rivals import ema, last, mean2, median, spec
from orcaops.learning.rivals.rival import Rival
from orcaops.model.metric import MetricName
from orcaops.model.prediction import FailureRisk
from orcaops.stats import scoring

RIVALS: Sequence[Rival] = (last.rival, mean2.rival, ema.slow, ema.fast, median.rival, spec.risk)
"""All naive rules; each answers from a job's second run on."""


@dataclass(slots=True)
class RiskPaper(Paper):
    """A predictor of a probability."""

    ours: list[float] = field(default_factory=list)
    theirs: dict[str, list[float]] = field(default_factory=dict)
    came: list[bool] = field(default_factory=list)
    guesses: dict[int, dict[str, float]] = field(default_factory=dict)

    def submitted(self, run: PastRun) -> None:
        states = self.states(run)
        guesses: dict[str, float] = {}
        for rival in RIVALS:
            guess = rival.guess(states[rival.name]) if rival.name in states else None
            if guess is not None:
                guesses[rival.name] = guess.estimate
        self.guesses[id(run)] = guesses

    def finished(self, sitting: Sitting) -> None:
        guesses = self.guesses.pop(id(sitting.run))
        sample = sample_of(sitting.run, MetricName.FAILURE)
        answer = sitting.answers["failure_risk"]
        if sample is None or not isinstance(answer, FailureRisk) or not guesses:
            return
        self.ours.append(answer.estimate)
        self.came.append(sample.value >= 0.5)
        for name, guess in guesses.items():
            self.theirs.setdefault(name, []).append(guess)

    def learn(self, run: PastRun) -> None:
        sample = sample_of(run, MetricName.FAILURE)
        if sample is not None:
            states = self.states(run)
            for rival in RIVALS:
                rival.learn(states.setdefault(rival.name, {}), 1.0 if sample.value >= 0.5 else 0.0)

    def figures(self) -> dict[str, Any]:
        reference = scoring.brier(self.theirs.get("spec", []), self.came if self.theirs else [])

        def told(stated: Sequence[float]) -> Figures:
            score = scoring.brier(stated, self.came)
            skill = None if score is None or not reference else 1 - score / reference
            return {
                "brier": score,
                "brier_skill": skill,
                "auc": scoring.auc(stated, self.came),
                "ece": scoring.calibration_error(stated, self.came),
            }

        return {
            "name": self.learner.name,
            "kind": "predictor",
            "metric": "failure",
            "n": len(self.came),
            **told(self.ours),
            "rivals": {name: told(stated) for name, stated in self.theirs.items()},
        }
