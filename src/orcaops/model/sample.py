"""Sample: one measured number of one run, with its context; the only thing learners eat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from orcaops.model.job import DEFAULT_WORKSPACE
from orcaops.model.override import Arm
from orcaops.model.prediction import Prediction
from orcaops.model.run import Cause, Status


@dataclass(slots=True, kw_only=True)
class Sample:
    """One number.

    ``value`` is in the metric's unit. ``censored`` says that the truth is at least ``value``: the
    run was stopped by a timeout or cancelled. ``predicted`` is what had been predicted of it before the run
    started (of the CPU seconds: of the cost), from what was learned up to the number ``prediction_seen``;
    both are None for a run that nobody asked about. ``scopes`` names, per back-off level, whose memory
    the sample belongs to: ``key`` the same work, ``command`` the same masked command on any image,
    ``tool`` the same image and first words, ``image`` the same repository, ``all`` everything.
    ``number`` is the run's place in the learning order; ``at`` the moment the run ended, which is ``at_s`` in
    seconds since the epoch. ``arm`` is set while a change is tried: a candidate's numbers are judged, but
    nobody learns from them until it is kept.

    A dataclass and not a Pydantic model: samples are made by the million from records that have
    already been validated, and never cross a wire. Nobody changes one, which the checks of learners hold
    them to; Python is not asked to watch over it, because a frozen one is much slower to make.
    """

    workspace: str = DEFAULT_WORKSPACE
    job_id: str
    key: str
    metric: str
    value: float
    at: datetime
    number: int
    status: Status
    cause: Cause | None = None
    censored: bool = False
    exact: bool = True
    detail: str | None = None
    scopes: Mapping[str, str] = field(default_factory=dict)
    image_digest: str | None = None
    command: str = ""
    commit: str | None = None
    branch: str | None = None
    host: str | None = None
    host_class: str | None = None
    env_names: tuple[str, ...] = ()
    memory_limit_bytes: int | None = None
    cpus: float | None = None
    timeout_s: float | None = None
    arm: Arm | None = None
    submitted_at: datetime | None = None
    started_at: datetime | None = None
    predicted: Prediction | None = None
    prediction_seen: int | None = None
    at_s: float = field(init=False)

    def __post_init__(self) -> None:
        """Note the moment in seconds since the epoch too, as every learner wants it."""
        self.at_s = self.at.timestamp()
