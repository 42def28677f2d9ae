"""How well the rest of a run is told while it runs, beside what was expected of it less what has passed.

Each run is asked about when a quarter, a half, all, one and a half times, twice and four times of what was
expected of it have passed, as long as it still ran.
"""

import math
import statistics
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from benchmarks import datasets
from benchmarks.row import Row
from orcaops.learning.learner import Question
from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.learning.predictors.duration import predictor
from orcaops.learning.replay import Event, PastRun, in_honest_order
from orcaops.model.metric import MetricName
from orcaops.model.prediction import DurationPrediction, Remaining
from orcaops.model.sample import Sample

_SHARES = (0.25, 0.5, 1.0, 1.5, 2.0, 4.0)
_SHORTEST_S = 1.0  # nobody asks for the rest of less, and a log error below means nothing


def rows(quick: bool) -> Iterator[Row]:
    """Coverage and error, of runs on their way and of overdue ones."""
    yield from _rows(datasets.travis(), "travis_commands")
    for name in datasets.SWF:
        yield from _rows(datasets.swf(name, 4_000 if quick else 20_000), name)
    yield from _rows(datasets.nextflow(), "sizey_traces")


@dataclass(slots=True)
class _Told:
    inside: list[bool] = field(default_factory=list)
    ours: list[float] = field(default_factory=list)
    naive: list[float] = field(default_factory=list)

    def add(self, told: Remaining, left_s: float, naive_s: float) -> None:
        self.inside.append(told.low_s <= left_s <= told.high_s)
        self.ours.append(_log_error(told.estimate_s, left_s))
        self.naive.append(_log_error(naive_s, left_s))


def _rows(runs: Iterable[PastRun], set_: str) -> Iterator[Row]:
    on_its_way, overdue = _Told(), _Told()
    loop, book = Loop([predictor]), MemoryBook()
    for event, run in in_honest_order(runs):
        if event is Event.SUBMITTED:
            continue
        for sample in run.samples:
            if sample.metric == MetricName.DURATION and not sample.censored and sample.value > _SHORTEST_S:
                for told, left_s, naive_s in _asked(loop, book, sample):
                    (overdue if told.overdue else on_its_way).add(told, left_s, naive_s)
        loop.absorb([run.samples], book)
    for kind, seen in (("on its way", on_its_way), ("overdue", overdue)):
        n = len(seen.inside)
        if not n:
            continue
        covered = statistics.fmean(seen.inside)
        yield Row(row=f"rest of a run, {kind}", figure="90 % interval covers", value=covered,
                  rival="-", rival_value=math.nan, n=n, set=set_, bar=None)  # fmt: skip
        ours, theirs = statistics.fmean(seen.ours), statistics.fmean(seen.naive)
        yield Row(row=f"rest of a run, {kind}", figure="mean abs log error", value=ours,
                  rival="expected less passed", rival_value=theirs, n=n, set=set_, bar="≤ 1.0")  # fmt: skip


def _asked(loop: Loop, book: MemoryBook, sample: Sample) -> Iterator[tuple[Remaining, float, float]]:
    """What is told at each moment, what was left in truth, and what the naive rule says."""
    at = sample.submitted_at or sample.at
    question = Question(workspace=sample.workspace, key=sample.key, scopes=sample.scopes, at=at)
    before = loop.predict(question, book).duration
    if not isinstance(before, DurationPrediction):
        return
    for share in _SHARES:
        passed = share * before.estimate
        if passed >= sample.value:
            return
        told = loop.remaining(question, passed, book)
        if isinstance(told, Remaining):
            yield told, sample.value - passed, before.estimate - passed


def _log_error(told_s: float, truth_s: float) -> float:
    """Of seconds, a second counting as nothing."""
    return abs(math.log((max(told_s, 0.0) + 1) / (truth_s + 1)))
