"""Prediction: a quantity before it happens, as an interval with the coverage it promises."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, computed_field

from orcaops.model.abstention import Abstention
from orcaops.model.quantities import Finite
from orcaops.model.word import Word

Fraction = Annotated[float, Field(ge=0, le=1)]


class Prediction(Word):
    """One predicted number.

    ``range_low`` to ``range_high`` is meant to hold the truth in a share ``coverage`` of all
    cases; ``confidence`` is the probability that it lies within 20 % of ``estimate``.
    ``level`` says whose history was used: ``key`` for the same work, otherwise how near a relative.
    """

    estimate: Finite
    unit: str
    range_low: Finite
    range_high: Finite
    coverage: Fraction = 0.9
    confidence: Fraction
    sample_count: NonNegativeInt
    level: str = "key"
    reason: str = ""
    predictor: str = ""
    predictor_version: int = 1


class DurationPrediction(Prediction):
    """How long the commands will take, in seconds."""

    unit: Literal["s"] = "s"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def estimated_seconds(self) -> float:
        """The estimate, under the name that the specification gives it."""
        return self.estimate


class MemoryPrediction(Prediction):
    """How much memory the job will need at its peak, in bytes."""

    unit: Literal["bytes"] = "bytes"

    @computed_field  # type: ignore[prop-decorator]
    @property
    def estimated_bytes(self) -> int:
        """The estimate in whole bytes."""
        return round(self.estimate)


class FailureRisk(Prediction):
    """The probability that the job fails; ``contributions`` are what moved it most."""

    unit: Literal["probability"] = "probability"
    contributions: dict[str, Finite] = Field(default_factory=dict)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def probability(self) -> float:
        """The estimate, by the name that people look for."""
        return self.estimate

    @computed_field  # type: ignore[prop-decorator]
    @property
    def risk(self) -> Literal["low", "medium", "high"]:
        """The number as a word: low below .2, high from .5 on."""
        return "low" if self.estimate < 0.2 else "medium" if self.estimate < 0.5 else "high"


class CostPrediction(Prediction):
    """What the job will cost by the price file, in its currency."""

    currency: str = ""


class Abstained(Word):
    """What stands where a prediction would, when nothing is known."""

    abstention: Abstention


class Forecasts(Word):
    """What is expected of one job before it starts: each a prediction or an abstention."""

    duration: DurationPrediction | Abstained
    memory: MemoryPrediction | Abstained
    failure_risk: FailureRisk | Abstained
    cost: CostPrediction | Abstained
