"""The exam: every learner over a stored history in honest order, beside the naive rules.

A prediction is made when a run was submitted, from the runs that had finished by then, and scored
when it ended. Learners and rivals are scored on the same runs: those for which something of the
same key was known. For detectors the history is taken as healthy, so that each alarm counts as a
false one; how much they would see is found counterfactually: each run is shown once more as if it
had been 1.5 and 2 times as large, and nobody learns from that. Forecasters say each week what the hours
of the next one bring.
"""

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from orcaops.learning.exam.alarms import AlarmPaper
from orcaops.learning.exam.arrivals import Arrivals
from orcaops.learning.exam.numbers import NumberPaper
from orcaops.learning.exam.paper import Paper, Sitting
from orcaops.learning.exam.risks import RiskPaper
from orcaops.learning.learner import Forecaster, Learner, Predictor, Question
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.learning.replay import Event, PastRun, in_honest_order
from orcaops.learning.scoring import QUANTITIES
from orcaops.model.prediction import Abstained, Prediction
from orcaops.model.sample import Sample

_ANSWERED = ("duration", "memory", "failure_risk")
_TOLD_EVERY = 500


def examine(
    runs: Iterable[PastRun],
    learners: Sequence[Learner],
    forecasters: Sequence[Forecaster] = (),
    *,
    progress: Callable[[int], None] = lambda _count: None,
) -> dict[str, Any]:
    """The document of ``orcaops exam --json``: for each learner its figures and those of the rivals.

    ``runs`` come in order of their submission. Figures that nothing is known about are null. ``progress`` is
    called now and then with the number of runs that have been gone through.
    """
    loop = Loop(learners)
    book = MemoryBook()
    papers = [paper for learner in learners if (paper := _paper(learner)) is not None]
    arrivals = Arrivals()
    n = 0
    pending: dict[int, Mapping[str, Prediction | None]] = {}
    for event, run in in_honest_order(runs):
        if event is Event.SUBMITTED:
            arrivals.count(run.submitted_at)
        if not run.samples:
            continue
        if event is Event.SUBMITTED:
            pending[id(run)] = _asked(loop, book, run)
            for paper in papers:
                paper.submitted(run)
            continue
        n += 1
        answers = pending.pop(id(run))
        sitting = Sitting(run, answers, loop, book)
        for paper in papers:
            paper.finished(sitting)
        alarms = loop.absorb([[_with_answer(sample, answers) for sample in run.samples]], book).anomalies
        for paper in papers:
            paper.absorbed(run, alarms)
        for paper in papers:
            paper.learn(run)
        if n % _TOLD_EVERY == 0:
            progress(n)
    told = [paper.figures() for paper in papers]
    told += [arrivals.figures(forecaster) for forecaster in forecasters]
    return {"runs": n, "learners": told}


def _paper(learner: Learner) -> Paper | None:
    if hasattr(learner, "predict"):
        quantity = cast("Predictor", learner).quantity
        if quantity in ("duration", "memory"):
            return NumberPaper(learner, quantity)
        return RiskPaper(learner) if quantity == "failure_risk" else None
    return AlarmPaper(learner) if hasattr(learner, "judge") else None


def _asked(loop: Loop, book: MemoryBook, run: PastRun) -> dict[str, Prediction | None]:
    forecasts = loop.predict(Question.about(run.samples[0], run.submitted_at), book)
    answers = {name: getattr(forecasts, name) for name in _ANSWERED}
    return {name: None if isinstance(a, Abstained) else a for name, a in answers.items()}


def _with_answer(sample: Sample, answers: Mapping[str, Prediction | None]) -> Sample:
    """The sample with what had been answered when it was submitted, for whoever keeps the score."""
    answer = answers.get(QUANTITIES.get(sample.metric, ""))
    return sample if answer is None else dataclasses.replace(sample, predicted=answer, prediction_seen=None)
