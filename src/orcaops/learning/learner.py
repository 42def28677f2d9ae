"""The protocols that everything which learns keeps.

A learner is a frozen dataclass whose fields are its parameters. It holds no state: what it knows
is a *memory*, a JSON-safe dictionary that the loop keeps for it, one per scope. Its file ends with
``detector: Detector = Spike()`` (or ``predictor: …``), so that the type checker proves the protocol
there; it is found because it lies in its folder. The checks every learner must pass are in
``orcaops.testing.learners``.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

from orcaops.model.abstention import Abstention
from orcaops.model.anomaly import Anomaly
from orcaops.model.prediction import Prediction
from orcaops.model.sample import Sample
from orcaops.stats.seasonal import Ahead

Memory = dict[str, Any]
"""What a learner remembers of one scope: JSON-safe, bounded, and replaced, never edited in place
by anyone but ``learn``."""

Memories = Mapping[str, Memory]
"""One memory per level that the learner declares, e.g. ``{"key": …, "all": …}``."""


class Learner(Protocol):
    """Remembers numbers.

    ``name`` is unique among all learners, whatever their kind: it is part of a memory's address.
    ``metrics`` are the names of the samples it wants; ``levels`` the scopes it keeps a memory for,
    out of ``key``, ``command``, ``tool``, ``image``, ``all`` (see :class:`Sample`), and two that all
    workspaces share: ``elsewhere``, the same key in any of them, and ``house``, everything. Each
    (learner, metric, level, scope) has a memory of its own. ``version`` is raised when memories of
    an older version can no longer be read: they are then rebuilt from facts.

    A learner may further have an attribute ``pooled``: where it is true, the learner keeps one
    memory per scope for all its metrics together, instead of one for each of them.
    """

    @property
    def name(self) -> str:
        """What the learner is called everywhere."""

    @property
    def version(self) -> int:
        """The version of its memories."""

    @property
    def metrics(self) -> Sequence[str]:
        """The metrics it wants samples of."""

    @property
    def levels(self) -> Sequence[str]:
        """The levels it keeps memories for."""

    def fresh(self) -> Memory:
        """The memory of somebody who has seen nothing."""

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Fold one sample into the memories, in place: deterministic, bounded, and nothing else."""


class Detector(Learner, Protocol):
    """Says what is unusual about a sample, given memories that have not seen it."""

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        """The anomalies that this sample begins, continues or ends; empty where it knows too little.

        Pure. An episode has one id: an anomaly returned again with the same id replaces the former.
        """


class Explainer(Learner, Protocol):
    """Knows what stands behind the anomalies that others find, such as the tests of a job."""

    def explain(self, memories: Memories, anomaly: Anomaly, sample: Sample) -> Anomaly:
        """The anomaly, with more in its description and its evidence. Pure.

        ``sample`` is the one at which it was found; the memories are the explainer's own for it.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked of a predictor: a job that has not run yet."""

    workspace: str
    key: str
    scopes: Mapping[str, str] = field(default_factory=dict)
    at: datetime
    memory_limit_bytes: int | None = None
    cpus: float | None = None
    timeout_s: float | None = None
    image_digest: str | None = None
    commit: str | None = None
    branch: str | None = None
    command: str = ""
    env_names: tuple[str, ...] = ()

    @classmethod
    def about(cls, sample: Sample, at: datetime) -> "Question":
        """What would have been asked at this time about the run of a sample, before it started."""
        return cls(
            workspace=sample.workspace,
            key=sample.key,
            scopes=sample.scopes,
            at=at,
            memory_limit_bytes=sample.memory_limit_bytes,
            cpus=sample.cpus,
            timeout_s=sample.timeout_s,
            image_digest=sample.image_digest,
            commit=sample.commit,
            branch=sample.branch,
            command=sample.command,
            env_names=sample.env_names,
        )


class Predictor(Learner, Protocol):
    """Says how large a quantity of a job will be."""

    @property
    def quantity(self) -> str:
        """``duration``, ``memory``, ``failure_risk`` or ``cost``."""

    def predict(self, memories: Memories, question: Question) -> Prediction | Abstention:
        """The interval that the quantity will lie in, or what is missing to say so. Pure."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HourlySeries:
    """Numbers of hours in a row, and the hours ahead that are asked about.

    NaN is an hour of which nothing is known. ``places`` and ``ahead`` are places in the week, 0 (Monday,
    midnight) to 167, in the local time zone; a holiday has the places of a Sunday.
    """

    values: Sequence[float]
    places: Sequence[int]
    ahead: Sequence[int]

    def pairs(self) -> Iterator[tuple[int, float]]:
        """Place and value of each hour that is known."""
        return (
            (place, value)
            for place, value in zip(self.places, self.values, strict=True)
            if not math.isnan(value)
        )

    def known(self) -> list[float]:
        """The values of the hours that are known."""
        return [value for _, value in self.pairs()]


class Forecaster(Protocol):
    """Says what the hours ahead bring. Keeps no memory: it is given the hours that it learns from.

    A plug-in like the others: a frozen dataclass in a file that ends
    ``forecaster: Forecaster = Seasonal()``. Of several the one is asked first that needs the most hours,
    and the next where it abstains.
    """

    @property
    def name(self) -> str:
        """What the forecaster is called."""

    @property
    def fewest_hours(self) -> int:
        """How many hours must be known for it to answer."""

    def forecast(self, series: HourlySeries, *, share: float = 0.8) -> Ahead | Abstention:
        """For each hour ahead an interval that holds the truth in that share of cases, or what is missing."""
