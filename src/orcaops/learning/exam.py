"""The exam: every learner over a stored history in honest order, beside the naive rules.

A prediction is made when a run was submitted, from the runs that had finished by then, and scored
when it ended. Learners and rivals are scored on the same runs: those for which something of the
same key was known. For detectors the history is taken as healthy, so that each alarm counts as a
false one; how much they would see is found counterfactually: each run is shown once more as if it
had been 1.5 and 2 times as large, and nobody learns from that.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from orcaops.learning.learner import Detector, Learner, Predictor, Question
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.learning.replay import Event, PastRun, in_honest_order
from orcaops.learning.rivals import ema, last, mean2, median, spec
from orcaops.learning.rivals.rival import Guess, Rival, State
from orcaops.model.metric import MetricName
from orcaops.model.prediction import Abstained, FailureRisk, Prediction
from orcaops.model.run import Cause, Status
from orcaops.model.sample import Sample
from orcaops.stats import scoring, sizing

_NUMBER_RIVALS: Sequence[Rival] = (last.rival, mean2.rival, ema.slow, ema.fast, median.rival, spec.rival)
_RISK_RIVALS: Sequence[Rival] = (last.rival, ema.slow, ema.fast, spec.risk)
_METRIC_OF = {
    "duration": MetricName.DURATION,
    "memory": MetricName.MEMORY,
    "failure_risk": MetricName.FAILURE,
}
_JUDGED_FROM = 5  # runs before the first that a detector of single runs is scored on
_SPEC_MARGIN = 1.5
_MOST_TRIES = 12

Figures = dict[str, float | int | None]


def examine(runs: Iterable[PastRun], learners: Sequence[Learner]) -> dict[str, Any]:
    """The document of ``orcaops exam --json``: for each learner its figures and those of the rivals.

    ``runs`` come in order of their submission. Figures that nothing is known about are null.
    """
    loop = Loop(learners)
    book = MemoryBook()
    papers: list[_Paper] = []
    for learner in learners:
        if hasattr(learner, "predict"):
            quantity = cast("Predictor", learner).quantity
            if quantity in ("duration", "memory"):
                papers.append(_NumberPaper(learner, quantity))
            elif quantity == "failure_risk":
                papers.append(_RiskPaper(learner))
        elif hasattr(learner, "judge"):
            papers.append(_AlarmPaper(cast("Detector", learner)))
    n = 0
    pending: dict[int, Mapping[str, Prediction | None]] = {}
    for event, run in in_honest_order(runs):
        if not run.samples:
            continue
        if event is Event.SUBMITTED:
            pending[id(run)] = _asked(loop, book, run)
            for paper in papers:
                paper.submitted(run)
            continue
        n += 1
        sitting = _Sitting(run, pending.pop(id(run)), loop, book)
        for paper in papers:
            paper.finished(sitting)
        alarms = loop.absorb([run.samples], book).anomalies
        for paper in papers:
            paper.absorbed(run, alarms)
        for paper in papers:
            paper.learn(run)
    return {"runs": n, "learners": [paper.figures() for paper in papers]}


def _asked(loop: Loop, book: MemoryBook, run: PastRun) -> dict[str, Prediction | None]:
    sample = run.samples[0]
    forecasts = loop.predict(
        Question(
            workspace=sample.workspace,
            key=sample.key,
            scopes=sample.scopes,
            at=run.submitted_at,
            memory_limit_bytes=sample.memory_limit_bytes,
            cpus=sample.cpus,
            timeout_s=sample.timeout_s,
            image_digest=sample.image_digest,
            commit=sample.commit,
            branch=sample.branch,
        ),
        book,
    )
    answers = {name: getattr(forecasts, name) for name in _METRIC_OF}
    return {name: None if isinstance(a, Abstained) else a for name, a in answers.items()}


@dataclass(frozen=True, slots=True)
class _Sitting:
    """A run that has finished, with what had been answered, before anybody learns from it."""

    run: PastRun
    answers: Mapping[str, Prediction | None]
    loop: Loop
    book: MemoryBook


@dataclass(slots=True)
class _Paper:
    """What one learner answered, and its rivals."""

    learner: Any
    series: dict[tuple[str, str], dict[str, State]] = field(default_factory=dict)

    def submitted(self, run: PastRun) -> None:
        """Let the rivals answer."""

    def finished(self, sitting: _Sitting) -> None:
        """Score the answers, before anybody learns."""

    def absorbed(self, run: PastRun, alarms: Sequence[Any]) -> None:
        """See what the learners said about the run."""

    def learn(self, run: PastRun) -> None:
        """Let the rivals learn."""

    def figures(self) -> dict[str, Any]:
        """What stands in the document."""
        raise NotImplementedError

    def states(self, run: PastRun) -> dict[str, State]:
        """The rivals' states of the run's key, by rival."""
        first = run.samples[0]
        return self.series.setdefault((first.workspace, first.key), {})


def _sample(run: PastRun, metric: str) -> Sample | None:
    for sample in run.samples:
        if sample.metric == metric and not sample.censored:
            return sample
    return None


@dataclass(slots=True)
class _Answers:
    """Estimates with what came; intervals and confidences where they were stated."""

    estimates: list[float] = field(default_factory=list)
    truths: list[float] = field(default_factory=list)
    lows: list[float] = field(default_factory=list)
    highs: list[float] = field(default_factory=list)
    confidences: list[float] = field(default_factory=list)

    def add(self, guess: Guess, truth: float) -> None:
        self.estimates.append(guess.estimate)
        self.truths.append(truth)
        if guess.low is not None and guess.high is not None:
            self.lows.append(guess.low)
            self.highs.append(guess.high)
        if guess.confidence is not None:
            self.confidences.append(guess.confidence)

    def figures(self) -> Figures:
        figures: Figures = {
            "within_20": scoring.within(self.estimates, self.truths),
            "median_abs_pct_error": scoring.median_abs_pct_error(self.estimates, self.truths),
            "mean_abs_log_error": scoring.mean_abs_log_error(self.estimates, self.truths),
        }
        if self.lows and len(self.lows) == len(self.truths):
            figures["coverage_90"] = scoring.coverage(self.lows, self.highs, self.truths)
            figures["winkler_90"] = scoring.winkler(self.lows, self.highs, self.truths)
        if self.confidences and len(self.confidences) == len(self.truths):
            hits = [abs(e - t) <= 0.2 * t for e, t in zip(self.estimates, self.truths, strict=True)]
            figures["ece"] = scoring.calibration_error(self.confidences, hits)
            sure = [hit for c, hit in zip(self.confidences, hits, strict=True) if c >= 0.9]
            figures["confident_n"] = len(sure)
            figures["confident_within_20"] = sum(sure) / len(sure) if sure else None
        return figures


@dataclass(slots=True)
class _NumberPaper(_Paper):
    """A predictor of a number: duration or memory."""

    quantity: str = ""
    ours: _Answers = field(default_factory=_Answers)
    cold: _Answers = field(default_factory=_Answers)
    theirs: dict[str, _Answers] = field(default_factory=dict)
    guesses: dict[int, dict[str, Guess]] = field(default_factory=dict)
    allocated: dict[str, "_Allocations"] = field(default_factory=dict)
    limits: dict[int, tuple[float | None, float | None]] = field(default_factory=dict)

    def __init__(self, learner: Learner, quantity: str) -> None:
        _Paper.__init__(self, learner)
        self.quantity = quantity
        self.ours, self.cold, self.theirs, self.guesses = _Answers(), _Answers(), {}, {}
        self.allocated = {"balanced": _Allocations(), "spec": _Allocations()}
        self.limits = {}

    def submitted(self, run: PastRun) -> None:
        states = self.states(run)
        guesses = {}
        for rival in _NUMBER_RIVALS:
            guess = rival.guess(states[rival.name]) if rival.name in states else None
            if guess is not None:
                guesses[rival.name] = guess
        self.guesses[id(run)] = guesses
        if self.quantity == "memory":
            requested = run.samples[0].memory_limit_bytes
            ours: float | None = requested
            theirs: float | None = requested
            if "peaks" in states:
                peaks, largest = states["peaks"]["latest"], states["peaks"]["largest"]
                ours = sizing.memory_limit(peaks, sizing.BALANCED, largest=largest) or requested
                theirs = largest * _SPEC_MARGIN
            self.limits[id(run)] = (ours, theirs)

    def finished(self, sitting: _Sitting) -> None:
        run = sitting.run
        guesses = self.guesses.pop(id(run))
        limits = self.limits.pop(id(run), (None, None))
        truth = self._truth(run)
        if truth is None:
            return
        answer = sitting.answers[self.quantity]
        if answer is not None and answer.predictor in ("", self.learner.name):
            guess = Guess(answer.estimate, answer.range_low, answer.range_high, answer.confidence)
            if answer.level != "key" or not guesses:
                self.cold.add(guess, truth)
            else:
                self.ours.add(guess, truth)
                for name, theirs in guesses.items():
                    self.theirs.setdefault(name, _Answers()).add(theirs, truth)
        hours = (run.finished_at - run.submitted_at).total_seconds() / 3600
        duration = _sample(run, MetricName.DURATION)
        if duration is not None:
            hours = duration.value / 3600
        if limits[0] is not None and limits[1] is not None:
            self.allocated["balanced"].add(limits[0], truth, hours)
            self.allocated["spec"].add(limits[1], truth, hours)

    def learn(self, run: PastRun) -> None:
        truth = self._truth(run)
        if truth is None:
            return
        states = self.states(run)
        for rival in _NUMBER_RIVALS:
            rival.learn(states.setdefault(rival.name, {}), truth)
        if self.quantity == "memory":
            seen = states.setdefault("peaks", {"latest": [], "largest": 0.0})
            seen["latest"] = [*seen["latest"], truth][-100:]
            seen["largest"] = max(seen["largest"], truth)

    def _truth(self, run: PastRun) -> float | None:
        sample = _sample(run, _METRIC_OF[self.quantity])
        if sample is None or sample.status is not Status.SUCCEEDED or sample.cause is Cause.OOM_KILLED:
            return None
        return sample.value if sample.value > 0 else None

    def figures(self) -> dict[str, Any]:
        rivals: dict[str, Figures] = {name: answers.figures() for name, answers in self.theirs.items()}
        figures = self.ours.figures()
        cold = self.cold.figures()
        if self.quantity == "memory":
            figures.update(self.allocated["balanced"].figures())
            if "spec" in rivals:
                rivals["spec"].update(self.allocated["spec"].figures())
        return {
            "name": self.learner.name,
            "kind": "predictor",
            "metric": self.quantity,
            "n": len(self.ours.truths),
            **figures,
            "cold_n": len(self.cold.truths),
            "cold_mean_abs_log_error": cold["mean_abs_log_error"],
            "cold_coverage_90": cold.get("coverage_90"),
            "rivals": rivals,
        }


@dataclass(slots=True)
class _Allocations:
    """Memory given and not used, in GB hours, retrying with twice as much after running out."""

    wasted_gbh: float = 0.0
    failed: int = 0
    n: int = 0

    def add(self, limit: float, peak: float, hours: float) -> None:
        self.n += 1
        self.failed += peak > limit
        for _ in range(_MOST_TRIES):
            if peak <= limit:
                break
            self.wasted_gbh += limit / 1e9 * hours
            limit *= 2
        self.wasted_gbh += max(limit - peak, 0.0) / 1e9 * hours

    def figures(self) -> Figures:
        share = self.failed / self.n if self.n else None
        return {"wasted_gbh": self.wasted_gbh if self.n else None, "first_attempt_failures": share}


@dataclass(slots=True)
class _RiskPaper(_Paper):
    """A predictor of a probability."""

    ours: list[float] = field(default_factory=list)
    theirs: dict[str, list[float]] = field(default_factory=dict)
    came: list[bool] = field(default_factory=list)
    guesses: dict[int, dict[str, float]] = field(default_factory=dict)

    def submitted(self, run: PastRun) -> None:
        states = self.states(run)
        guesses: dict[str, float] = {}
        for rival in _RISK_RIVALS:
            guess = rival.guess(states[rival.name]) if rival.name in states else None
            if guess is not None:
                guesses[rival.name] = guess.estimate
        self.guesses[id(run)] = guesses

    def finished(self, sitting: _Sitting) -> None:
        guesses = self.guesses.pop(id(sitting.run))
        sample = _sample(sitting.run, MetricName.FAILURE)
        answer = sitting.answers["failure_risk"]
        if sample is None or not isinstance(answer, FailureRisk) or not guesses:
            return
        self.ours.append(answer.estimate)
        self.came.append(sample.value >= 0.5)
        for name, guess in guesses.items():
            self.theirs.setdefault(name, []).append(guess)

    def learn(self, run: PastRun) -> None:
        sample = _sample(run, MetricName.FAILURE)
        if sample is not None:
            states = self.states(run)
            for rival in _RISK_RIVALS:
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


@dataclass(slots=True)
class _AlarmPaper(_Paper):
    """A detector: how often it alarms on this history, and what it would have seen."""

    judged: int = 0
    alarmed: int = 0
    powers: dict[str, int] = field(default_factory=lambda: {"power_150": 0, "power_200": 0})
    spec_alarmed: int = 0
    spec_powers: dict[str, int] = field(default_factory=lambda: {"power_150": 0, "power_200": 0})
    scored: set[int] = field(default_factory=set)

    @property
    def single(self) -> bool:
        """Whether it judges single values of one numeric metric, as the specification's rule does."""
        return len(self.learner.metrics) == 1 and self.learner.name.startswith("anomaly_")

    def finished(self, sitting: _Sitting) -> None:
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
            told = sitting.loop.judge_only(self.learner.name, shown, sitting.book)
            self.powers[name] += any(shown.job_id in anomaly.job_ids for anomaly in told)
            self.spec_powers[name] += spec.anomaly.alarms(state, shown.value)

    def absorbed(self, run: PastRun, alarms: Sequence[Any]) -> None:
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
        if sample is not None and self.single:
            spec.anomaly.learn(self.states(run).setdefault("spec", {}), sample.value)

    def _sample(self, run: PastRun) -> Sample | None:
        for metric in self.learner.metrics:
            sample = _sample(run, metric)
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
            "rivals": rivals,
        }
