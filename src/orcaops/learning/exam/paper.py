"""What one learner answered in an exam, and its rivals on the same runs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from orcaops.learning.loop import Loop
from orcaops.learning.memories import MemoryBook
from orcaops.learning.replay import PastRun
from orcaops.learning.rivals.rival import State
from orcaops.model.anomaly import Anomaly
from orcaops.model.prediction import Prediction
from orcaops.model.sample import Sample

Figures = dict[str, float | int | None]


@dataclass(frozen=True, slots=True)
class Sitting:
    """A run that has finished, with what had been answered, before anybody learns from it."""

    run: PastRun
    answers: Mapping[str, Prediction | None]
    loop: Loop
    book: MemoryBook


@dataclass(slots=True)
class Paper:
    """What one learner answered. Each kind of learner is asked in a way of its own."""

    learner: Any
    series: dict[tuple[str, str], dict[str, State]] = field(default_factory=dict, kw_only=True)

    def submitted(self, run: PastRun) -> None:
        """Let the rivals answer."""

    def finished(self, sitting: Sitting) -> None:
        """Score the answers, before anybody learns."""

    def absorbed(self, run: PastRun, alarms: Sequence[Anomaly]) -> None:
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


def sample_of(run: PastRun, metric: str) -> Sample | None:
    """The sample of a metric, if the run has one that is no bound."""
    for sample in run.samples:
        if sample.metric == metric and not sample.censored:
            return sample
    return None
