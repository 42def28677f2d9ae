"""Prediction: a quantity before it happens, as an interval with the coverage it promises."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, computed_field

from orcaops.model.abstention import Abstention
from orcaops.model.quantities import Finite
from orcaops.model.word import Word

Fraction = Annotated[float, Field(ge=0, le=1)]


class TrackRecord(Word):
    """How good the predictions of one quantity have been that were made of one job.

    ``n`` predictions have been scored, the older ones counting less. ``within_20`` is the share whose
    truth lay within 20 % of the estimate, ``inside`` the share whose truth lay in the interval (to be held
    against the coverage that was promised), ``mean_abs_log_error`` the mean of |ln(estimate / truth)|. A
    failure risk has ``brier`` in their place, the mean squared distance of the risk from what came. The best
    naive rule (``rival``) is scored by the same figure on the same runs.
    """

    n: NonNegativeInt
    within_20: Fraction | None = None
    inside: Fraction | None = None
    mean_abs_log_error: Finite | None = None
    brier: Finite | None = None
    rival: str | None = None
    rival_score: Finite | None = None


class Remaining(Word):
    """How long a run that has started still takes, in seconds, with the interval and its coverage.

    ``outlasts`` is the share of runs that take longer than this one has taken already; a run is
    ``overdue`` if that is less than one in twenty.
    """

    estimate_s: Finite
    low_s: Finite
    high_s: Finite
    coverage: Fraction
    outlasts: Fraction
    overdue: bool


class Prediction(Word):
    """One predicted number.

    ``range_low`` to ``range_high`` is meant to hold the truth in a share ``coverage`` of all
    cases; ``confidence`` is the probability that it lies within 20 % of ``estimate``.
    ``level`` says whose history was used: ``key`` for the same work, otherwise how near a relative.
    ``track_record`` says how good such predictions have been on this job before; where a naive rule has
    been better and answers in the predictor's place, ``instead_of`` is what the predictor would have said.
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
    instead_of: Finite | None = None
    track_record: TrackRecord | None = None


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
