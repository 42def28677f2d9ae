"""Who sits at the table of the loop, and which memories belong to whom."""

from dataclasses import dataclass
from typing import TypeAlias, cast

from orcaops.learning.learner import Detector, Learner, Memory, Predictor, Question
from orcaops.learning.memories import MemoryAddress, MemoryBook
from orcaops.learning.scoring import Scores
from orcaops.model.sample import Sample

_OF_ALL_WORKSPACES = frozenset(("elsewhere", "house"))


@dataclass(frozen=True, slots=True)
class Seat:
    """A learner with what the loop asks of it again and again, looked up once."""

    learner: Learner
    name: str
    version: int
    metrics: tuple[str, ...]
    levels: tuple[str, ...]
    pooled: bool
    detector: Detector | None
    predictor: Predictor | None
    scores: Scores | None

    def address(self, workspace: str, metric: str, level: str, scope: str) -> MemoryAddress:
        """Where a memory lies."""
        if level in _OF_ALL_WORKSPACES:
            workspace = ""
        return MemoryAddress(workspace, self.name, self.version, "" if self.pooled else metric, level, scope)

    def memories(self, subject: Sample | Question, metric: str, book: MemoryBook) -> dict[str, Memory]:
        """One memory per level of what a sample or a question is about; a fresh one where there is none."""
        memories: dict[str, Memory] = {}
        for level in self.levels:
            scope = scope_of(subject, level)
            address = None if scope is None else self.address(subject.workspace, metric, level, scope)
            memory = None if address is None else book.get(address)
            memories[level] = self.learner.fresh() if memory is None else memory
        return memories


Places: TypeAlias = list[tuple[str, MemoryAddress | None]]
"""Per level the address of a memory, None where the sample has no scope."""


@dataclass(slots=True)
class Turn:
    """One learner's turn at samples that belong to the same memories, and what it needs for that.

    ``memories`` by level are looked up at the first sample and stay while the book holds them; ``kept``
    says that the book knows that they have changed. Where the samples have no scope for a level, its memory
    is nobody's: a turn that is so ``homeless`` looks its memories up for every sample.
    """

    seat: Seat
    places: Places
    homeless: bool
    memories: dict[str, Memory] | None = None
    kept: bool = False


def seat_of(learner: Learner) -> Seat:
    """The learner's seat. Raises whatever it raises when it is asked for its name or metrics."""
    return Seat(
        learner=learner,
        name=learner.name,
        version=learner.version,
        metrics=tuple(map(str, learner.metrics)),
        levels=tuple(learner.levels),
        pooled=bool(getattr(learner, "pooled", False)),
        detector=cast("Detector", learner) if hasattr(learner, "judge") else None,
        predictor=cast("Predictor", learner) if hasattr(learner, "predict") else None,
        scores=learner if isinstance(learner, Scores) else None,
    )


def turn_of(seat: Seat, sample: Sample) -> Turn:
    """Its turn at samples that share this one's memories."""
    places = _places(seat, sample)
    return Turn(seat, places, homeless=any(address is None for _, address in places))


def looked_up(turn: Turn, book: MemoryBook, fresh: dict[MemoryAddress, Memory]) -> dict[str, Memory]:
    """The memories of a turn by level, fresh ones where nothing was learned yet."""
    memories: dict[str, Memory] = {}
    for level, address in turn.places:
        memory = None if address is None else book.get(address)
        if memory is None and address is not None:
            memory = fresh.get(address)
        if memory is None:
            memory = turn.seat.learner.fresh()
            if address is not None:
                fresh[address] = memory
        memories[level] = memory
    return memories


def _places(seat: Seat, sample: Sample) -> Places:
    places: Places = []
    for level in seat.levels:
        scope = scope_of(sample, level)
        address = None if scope is None else seat.address(sample.workspace, sample.metric, level, scope)
        places.append((level, address))
    return places


def scope_of(subject: Sample | Question, level: str) -> str | None:
    """What a level is kept per, of a sample or question; None where it has no such thing."""
    if level == "key":
        return subject.key
    if level in ("all", "house"):
        return ""
    if level == "elsewhere":
        return subject.key
    if level in ("job", "step_of"):
        return subject.scopes.get(level, subject.key)
    return subject.scopes.get(level)
