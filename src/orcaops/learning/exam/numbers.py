# ruff: noqa: D102 - what the methods are for stands in paper.py
"""The paper of a predictor of a number: duration or memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from orcaops.learning.exam.answers import Answers
from orcaops.learning.exam.limits import MemoryLimits, Timeouts
from orcaops.learning.exam.paper import Figures, Paper, Sitting, sample_of
from orcaops.learning.exam.reach import reach
from orcaops.learning.learner import Learner
from orcaops.learning.replay import PastRun
from orcaops.learning.rivals import ema, last, mean2, median, spec
from orcaops.learning.rivals.rival import Guess, Rival
from orcaops.model.metric import MetricName
from orcaops.model.run import Cause, Status

RIVALS: Sequence[Rival] = (last.rival, mean2.rival, ema.slow, ema.fast, median.rival, spec.rival)
"""All naive rules; each answers from a job's second run on."""

_METRIC_OF = {"duration": MetricName.DURATION, "memory": MetricName.MEMORY}


@dataclass(slots=True)
class NumberPaper(Paper):
    """A predictor of a number: duration or memory."""

    quantity: str = ""
    ours: Answers = field(default_factory=Answers)
    cold: Answers = field(default_factory=Answers)
    theirs: dict[str, Answers] = field(default_factory=dict)
    guesses: dict[int, dict[str, Guess]] = field(default_factory=dict)
    limits: MemoryLimits = field(default_factory=MemoryLimits)
    timeouts: Timeouts = field(default_factory=Timeouts)

    def __init__(self, learner: Learner, quantity: str) -> None:
        Paper.__init__(self, learner)
        self.quantity = quantity
        self.ours, self.cold, self.theirs, self.guesses = Answers(), Answers(), {}, {}
        self.limits, self.timeouts = MemoryLimits(), Timeouts()

    def submitted(self, run: PastRun) -> None:
        states = self.states(run)
        guesses = {}
        for rival in RIVALS:
            guess = rival.guess(states[rival.name]) if rival.name in states else None
            if guess is not None:
                guesses[rival.name] = guess
        self.guesses[id(run)] = guesses
        if self.quantity == "memory":
            self.limits.submitted(run)
        else:
            self.timeouts.submitted(run)

    def finished(self, sitting: Sitting) -> None:
        run = sitting.run
        guesses = self.guesses.pop(id(run))
        truth = self._truth(run)
        if self.quantity == "memory":
            self.limits.finished(run, truth, _hours(run))
        else:
            self.timeouts.finished(run, truth)
        if truth is None:
            return
        answer = sitting.answers[self.quantity]
        if answer is not None and answer.predictor in ("", self.learner.name):
            guess = Guess(answer.estimate, answer.range_low, answer.range_high, answer.confidence)
            job = run.samples[0].workspace, run.samples[0].key
            if answer.level != "key" or not guesses:
                self.cold.add(guess, truth, job)
            else:
                self.ours.add(guess, truth, job)
                for name, theirs in guesses.items():
                    self.theirs.setdefault(name, Answers()).add(theirs, truth, job)

    def learn(self, run: PastRun) -> None:
        truth = self._truth(run)
        if truth is None:
            return
        states = self.states(run)
        for rival in RIVALS:
            rival.learn(states.setdefault(rival.name, {}), truth)
        if self.quantity == "memory":
            self.limits.learn(run, truth)
        else:
            self.timeouts.learn(run, truth)

    def _truth(self, run: PastRun) -> float | None:
        sample = sample_of(run, _METRIC_OF[self.quantity])
        if sample is None or sample.status is not Status.SUCCEEDED or sample.cause is Cause.OOM_KILLED:
            return None
        return sample.value if sample.value > 0 else None

    def figures(self) -> dict[str, Any]:
        rivals: dict[str, Figures] = {name: answers.figures() for name, answers in self.theirs.items()}
        figures = self.ours.figures()
        cold = self.cold.figures()
        ours, theirs = (self.limits if self.quantity == "memory" else self.timeouts).figures()
        figures.update(ours)
        if "spec" in rivals:
            rivals["spec"].update(theirs)
        return {
            "name": self.learner.name,
            "kind": "predictor",
            "metric": self.quantity,
            "n": len(self.ours.truths),
            **figures,
            "cold_n": len(self.cold.truths),
            "cold_mean_abs_log_error": cold["mean_abs_log_error"],
            "cold_coverage_90": cold.get("coverage_90"),
            "intervals_95": self.ours.intervals(self.theirs),
            "within_20_by_job": reach(self.ours.jobs, self.ours.estimates, self.ours.truths),
            "rivals": rivals,
        }


def _hours(run: PastRun) -> float:
    """How long the memory was held."""
    duration = sample_of(run, MetricName.DURATION)
    if duration is not None:
        return duration.value / 3600
    return (run.finished_at - run.submitted_at).total_seconds() / 3600
