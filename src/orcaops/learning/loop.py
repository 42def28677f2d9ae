"""The learning loop: for each sample every learner judges first and then learns.

What comes out depends on the samples in their order alone: not on the clock, on chance, on how the
runs were cut into batches, or on what the memory book had to evict.
"""

import dataclasses
import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, cast

from orcaops.learning.baselines import describe
from orcaops.learning.learner import (
    Explainer,
    Learner,
    Memories,
    Memory,
    Question,
)
from orcaops.learning.memories import MemoryAddress, MemoryBook
from orcaops.learning.scoring import Scores, fairest, track_record
from orcaops.learning.seats import Seat, Turn, looked_up, scope_of, seat_of, turn_of
from orcaops.model.abstention import Abstention
from orcaops.model.anomaly import Anomaly
from orcaops.model.baseline import Baseline
from orcaops.model.override import Arm
from orcaops.model.prediction import (
    Abstained,
    CostPrediction,
    DurationPrediction,
    FailureRisk,
    Forecasts,
    MemoryPrediction,
    Prediction,
    Remaining,
)
from orcaops.model.sample import Sample

if TYPE_CHECKING:
    from orcaops.learning.baselines import BaselineLearner

_log = logging.getLogger(__name__)

_RUNS_AT_ONCE = 1000
_SAMPLES_AT_ONCE = 20_000  # a run has ten, or with its tests tens of thousands
_CANDIDATE = Arm.CANDIDATE  # asked for at every turn, and before Python 3.12 as slow as a call
_TURNS_AT_ONCE = 16_000  # their memories fit into the book together
_WORDS: dict[str, type[Prediction]] = {
    "duration": DurationPrediction,
    "memory": MemoryPrediction,
    "failure_risk": FailureRisk,
    "cost": CostPrediction,
}


@dataclass(frozen=True, slots=True)
class Fault:
    """What a plug-in did wrong: its last error, and how often it raised."""

    last_error: str
    count: int


@dataclass(frozen=True, slots=True)
class Absorbed:
    """What came of a batch: anomalies in order, each in its latest state, and the keys touched."""

    anomalies: tuple[Anomaly, ...] = ()
    keys: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Loop:
    """All learners at one table.

    ``health`` names the plug-ins that raised; they are isolated and the others go on. A learner
    whose name or metrics cannot even be asked for is left out at the start, and named too.
    """

    learners: Sequence[Learner]
    health: dict[str, Fault] = field(default_factory=dict)
    _seats: list[Seat] = field(init=False, default_factory=list)
    _wanting: dict[str, list[Seat]] = field(init=False, default_factory=dict)
    _explaining: list[Seat] = field(init=False, default_factory=list)

    def __post_init__(self) -> None:
        for learner in self.learners:
            try:
                seat = seat_of(learner)
            except Exception as error:  # noqa: BLE001  # a foreign plug-in may raise anything
                self._fault(str(getattr(learner, "name", type(learner).__name__)), error)
                continue
            if any(other.name == seat.name for other in self._seats):
                self._fault(seat.name, ValueError("a second learner of this name is left out"))
                continue
            self._seats.append(seat)
            if hasattr(learner, "explain"):
                self._explaining.append(seat)
            for metric in seat.metrics:
                wanting = self._wanting.setdefault(metric, [])
                # Scores first: they ask the others about the run before those have seen it.
                wanting.insert(0 if seat.scores is not None else len(wanting), seat)

    @property
    def fingerprint(self) -> int:
        """A number that changes with the learners at the table and their versions."""
        table = ",".join(sorted(f"{seat.name}={seat.version}" for seat in self._seats))
        return int.from_bytes(blake2b(table.encode(), digest_size=6).digest(), "big")

    def absorb(self, samples_by_run: Iterable[Sequence[Sample]], book: MemoryBook) -> Absorbed:
        """Let every learner judge, then learn, each sample of each run in order.

        An anomaly that is returned again with the same id replaces the former in its place.
        """
        anomalies: dict[str, Anomaly] = {}
        keys: dict[tuple[str, str], None] = {}
        for runs in _portions(samples_by_run):
            for samples in runs:
                for sample in samples:
                    if "job" not in sample.scopes:  # tests are no jobs
                        keys[sample.workspace, sample.key] = None
            for together in self._together(runs):
                with book.holding():
                    book.prefetch(
                        address
                        for turns in {id(turns): turns for _, turns in together}.values()
                        for turn in turns
                        for _, address in turn.places
                        if address is not None
                    )
                    fresh: dict[MemoryAddress, Memory] = {}
                    for sample, turns in together:
                        for turn in turns:
                            for anomaly in self._take(turn, sample, book, fresh):
                                anomalies[anomaly.id] = self._explained(anomaly, turn.seat, sample, book)
        return Absorbed(tuple(anomalies.values()), tuple(keys))

    def _explained(self, anomaly: Anomaly, found_by: Seat, sample: Sample, book: MemoryBook) -> Anomaly:
        """The anomaly with what other learners know to stand behind it."""
        for seat in self._explaining:
            if seat is found_by:
                continue
            try:
                memories = seat.memories(sample, sample.metric, book)
                anomaly = cast("Explainer", seat.learner).explain(memories, anomaly, sample)
            except Exception as error:  # noqa: BLE001  # a foreign plug-in may raise anything
                self._fault(seat.name, error)
        return anomaly

    def predict(self, question: Question, book: MemoryBook) -> Forecasts:
        """What is expected of a job before it runs: for each quantity a prediction or an abstention.

        Changes nothing. Where several predictors answer for one quantity, the first that does not
        abstain is taken.
        """
        seats = [seat for seat in self._seats if seat.predictor is not None or seat.scores is not None]
        book.prefetch(
            seat.address(question.workspace, metric, level, scope)
            for seat in seats
            for metric in seat.metrics
            for level in seat.levels
            if (scope := scope_of(question, level)) is not None
        )
        scores = self._scores_of(question, book)
        answers: dict[str, Prediction | Abstention] = {}
        for quantity in _WORDS:
            answer = self._answer(quantity, question, book, scores)
            if isinstance(answer, Prediction) and (record := track_record(scores, quantity)) is not None:
                answer = answer.model_copy(update={"track_record": record})
            answers[quantity] = answer

        def shown(quantity: str) -> Prediction | Abstained:
            answer = answers[quantity]
            return Abstained(abstention=answer) if isinstance(answer, Abstention) else answer

        return Forecasts(
            duration=cast("DurationPrediction | Abstained", shown("duration")),
            memory=cast("MemoryPrediction | Abstained", shown("memory")),
            failure_risk=cast("FailureRisk | Abstained", shown("failure_risk")),
            cost=cast("CostPrediction | Abstained", shown("cost")),
        )

    def _answer(
        self, quantity: str, question: Question, book: MemoryBook, scores: Memory | None
    ) -> Prediction | Abstention:
        """What the first predictor says that does not abstain, or the naive rule that does better here."""
        answer: Prediction | Abstention | None = None
        for seat in self._seats:
            if seat.predictor is None or seat.predictor.quantity != quantity:
                continue
            try:
                told = seat.predictor.predict(seat.memories(question, seat.metrics[0], book), question)
                if isinstance(told, _WORDS[quantity]):
                    return fairest(scores, quantity, told)
                if answer is None and isinstance(told, Abstention):
                    answer = told
            except Exception as error:  # noqa: BLE001  # a foreign plug-in may raise anything
                self._fault(seat.name, error)
                answer = answer or Abstention(reason=f"the predictor {seat.name} failed")
        return answer or Abstention(reason=_NOBODY[quantity])

    def _scores_of(self, question: Question, book: MemoryBook) -> Memory | None:
        """What is known of earlier predictions of the job; None where nobody keeps the score."""
        for seat in self._seats:
            if seat.scores is not None:
                return book.get(seat.address(question.workspace, "", "key", question.key))
        return None

    def remaining(self, question: Question, elapsed_s: float, book: MemoryBook) -> Remaining | Abstention:
        """How long a job still takes that has run for ``elapsed_s`` seconds; changes nothing.

        The first predictor of durations answers that can (it has a method ``remaining``) and does not
        abstain.
        """
        answer: Remaining | Abstention = Abstention(reason=_NOBODY["duration"])
        for seat in self._seats:
            if seat.predictor is None or seat.predictor.quantity != "duration":
                continue
            ask = getattr(seat.predictor, "remaining", None)
            if ask is None:
                continue
            try:
                answer = ask(seat.memories(question, seat.metrics[0], book), elapsed_s)
            except Exception as error:  # noqa: BLE001  # a foreign plug-in may raise anything
                self._fault(seat.name, error)
                continue
            if isinstance(answer, Remaining):
                break
        return answer

    def judge_only(self, sample: Sample, book: MemoryBook, *, name: str | None = None) -> Sequence[Anomaly]:
        """What the detectors of its metric, or the one of a name, say of a sample, as if it had happened.

        Nobody learns from it.
        """
        found: list[Anomaly] = []
        for seat in self._wanting.get(sample.metric, ()):
            if seat.detector is None or (name is not None and seat.name != name):
                continue
            try:
                found += seat.detector.judge(seat.memories(sample, sample.metric, book), sample)
            except Exception as error:  # noqa: BLE001  # a foreign plug-in may raise anything
                self._fault(seat.name, error)
        return found

    def describe_baselines(self, book: MemoryBook, keys: Iterable[tuple[str, str]]) -> list[Baseline]:
        """The baselines of (workspace, key) pairs as the baseline learner remembers them, in order.

        Keys of which nothing is remembered are left out.
        """
        seat = next((seat for seat in self._seats if seat.name == "baseline"), None)
        if seat is None:
            return []
        learner = cast("BaselineLearner", seat.learner)
        wanted = [(key, seat.address(workspace, "", "key", key)) for workspace, key in keys]
        baselines = []
        for start in range(0, len(wanted), _RUNS_AT_ONCE):
            portion = wanted[start : start + _RUNS_AT_ONCE]
            book.prefetch(address for _, address in portion)
            for key, address in portion:
                memory = book.get(address)
                if memory is not None:
                    baselines.append(describe(learner, memory, workspace=address.workspace, key=key))
        return baselines

    def _take(
        self, turn: Turn, sample: Sample, book: MemoryBook, fresh: dict[MemoryAddress, Memory]
    ) -> Sequence[Anomaly]:
        """Let one learner judge and learn a sample, while the book holds the memories.

        ``fresh`` are the memories that nobody has learned anything into yet.
        """
        seat, memories = turn.seat, turn.memories
        if memories is None:
            try:
                memories = turn.memories = looked_up(turn, book, fresh)
            except Exception as error:  # noqa: BLE001  # a foreign plug-in may raise anything
                self._fault(seat.name, error)
                return ()
        anomalies: Sequence[Anomaly] = ()
        if seat.scores is not None:
            sample = self._foreseen(seat.scores, memories, sample, book)
        if seat.detector is not None:
            try:
                anomalies = tuple(seat.detector.judge(memories, sample))
            except Exception as error:  # noqa: BLE001  # a foreign plug-in may raise anything
                self._fault(seat.name, error)
        if sample.arm is not _CANDIDATE:  # what is normal is learned without the change, until it is kept
            try:
                seat.learner.learn(memories, sample)
            except Exception as error:  # noqa: BLE001  # a foreign plug-in may raise anything
                self._fault(seat.name, error)
            # Kept even if it raised half-way: what is remembered must not depend on evictions.
            if not turn.kept:
                for level, address in turn.places:
                    if address is not None:
                        book.keep(address, memories[level])
                turn.kept = True
        if turn.homeless:
            turn.memories = None
        return anomalies

    def _foreseen(self, scores: Scores, memories: Memories, sample: Sample, book: MemoryBook) -> Sample:
        """The sample with what is predicted of it now, if nobody was asked before it ran."""
        quantity = scores.wanted(memories, sample)
        if quantity is None:
            return sample
        answer = self._answer(
            quantity, Question.about(sample, sample.submitted_at or sample.at), book, memories["key"]
        )
        return dataclasses.replace(sample, predicted=answer) if isinstance(answer, Prediction) else sample

    def _together(self, runs: Sequence[Sequence[Sample]]) -> Iterator[list[tuple[Sample, Sequence[Turn]]]]:
        """The samples in order with the turns of those who learn from them, some thousand turns at a time.

        Those who learn from samples of the same scopes have one turn for all of them.
        """
        together: list[tuple[Sample, Sequence[Turn]]] = []
        # Runs of the same job share their scopes, and so the memories.
        known: dict[tuple[str, str, str, int], Sequence[Turn]] = {}
        count = 0
        for samples in runs:
            for sample in samples:
                same = (sample.metric, sample.key, sample.workspace, id(sample.scopes))
                turns = known.get(same)
                if turns is None:
                    turns = known[same] = [
                        turn_of(seat, sample) for seat in self._wanting.get(sample.metric, ())
                    ]
                    count += len(turns)
                if not turns:
                    continue
                together.append((sample, turns))
                if count >= _TURNS_AT_ONCE:
                    yield together
                    together, known, count = [], {}, 0
        if together:
            yield together

    def _fault(self, name: str, error: Exception) -> None:
        former = self.health.get(name)
        self.health[name] = Fault(
            f"{type(error).__name__}: {error}", 1 if former is None else former.count + 1
        )
        if former is None:
            _log.warning("the learner %s raised and is passed over for this sample", name, exc_info=error)
        else:
            _log.debug("the learner %s raised again: %s", name, error)


_NOBODY = {
    "duration": "no duration predictor is installed",
    "memory": "no memory predictor is installed",
    "failure_risk": "no failure predictor is installed",
    "cost": "no price file",
}


def _portions(runs: Iterable[Sequence[Sample]]) -> Iterator[list[Sequence[Sample]]]:
    portion: list[Sequence[Sample]] = []
    samples = 0
    for run in runs:
        portion.append(run)
        samples += len(run)
        if len(portion) >= _RUNS_AT_ONCE or samples >= _SAMPLES_AT_ONCE:
            yield portion
            portion, samples = [], 0
    if portion:
        yield portion
