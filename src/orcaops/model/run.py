"""Run: one execution as asked, as it ran, and what it cost."""

import math
from enum import StrEnum
from typing import Any, Literal

from pydantic import Field, NonNegativeInt

from orcaops.model.identity import Id
from orcaops.model.installing import Installation
from orcaops.model.job import DEFAULT_WORKSPACE, JobSpec, Workspace
from orcaops.model.override import Assignment, Override
from orcaops.model.prediction import Forecasts, Remaining
from orcaops.model.quantities import Finite, UtcTime
from orcaops.model.test_case import TestTotals
from orcaops.model.word import Word


class Status(StrEnum):
    """Where a run is in its life; the last five are final."""

    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    CANCELLED = "cancelled"
    LOST = "lost"

    @property
    def final(self) -> bool:
        """Whether nothing more will happen to the run."""
        return self not in (Status.QUEUED, Status.RUNNING)


class Cause(StrEnum):
    """Why a run ended: one of a closed list."""

    SUCCESS = "success"
    COMMAND_FAILED = "command_failed"
    OOM_KILLED = "oom_killed"
    TIMEOUT_TOTAL = "timeout_total"
    TIMEOUT_IDLE = "timeout_idle"
    CANCELLED = "cancelled"
    IMAGE_UNAVAILABLE = "image_unavailable"
    ENGINE_LOST = "engine_lost"
    INFRASTRUCTURE = "infrastructure"
    POLICY_DENIED = "policy_denied"


class PhaseName(StrEnum):
    """The parts of a run's time, in the order in which they come."""

    QUEUE = "queue"
    PULL = "pull"
    CREATE = "create"
    START = "start"
    RUN = "run"
    COLLECT = "collect"
    CLEAN_UP = "clean_up"


class Phase(Word):
    """One part of a run's time."""

    started_at: UtcTime
    duration_s: Finite


class Step(Word):
    """One command of a run, with its own time and outcome."""

    command: tuple[str, ...]
    started_at: UtcTime
    duration_s: Finite
    exit_code: int | None = None
    signal: int | None = None


class Usage(Word):
    """What a run consumed. Whatever could not be measured is null, never zero.

    ``memory_peak_bytes`` is the kernel's high-water mark with page cache; ``memory_resident_bytes``
    is what the processes themselves held, obtained as ``memory_resident_basis`` says: ``exact``
    by the kernel's own mark, ``sampled`` by looking every few milliseconds (a lower bound).
    ``cpu_peak_cores`` are the most processors used over half a second, where it was watched for so long.
    ``exact`` says whether CPU and peak come from kernel counters over the whole run; ``basis``
    names the source (``cgroup_v1``, ``cgroup_v2``, ``rusage``, ``engine_stats``, ``imported``).
    """

    cpu_seconds: Finite | None = None
    cpu_user_seconds: Finite | None = None
    cpu_system_seconds: Finite | None = None
    cpu_peak_cores: Finite | None = None
    memory_peak_bytes: NonNegativeInt | None = None
    memory_resident_bytes: NonNegativeInt | None = None
    memory_resident_basis: Literal["exact", "sampled"] | None = None
    memory_samples: NonNegativeInt | None = None
    network_received_bytes: NonNegativeInt | None = None
    network_sent_bytes: NonNegativeInt | None = None
    disk_read_bytes: NonNegativeInt | None = None
    disk_written_bytes: NonNegativeInt | None = None
    throttled_seconds: Finite | None = None
    oom_kills: NonNegativeInt | None = None
    exact: bool = False
    basis: str | None = None


class Artifact(Word):
    """A file that a run left and that was copied out; ``path`` is relative, inside the job."""

    path: str
    size_bytes: NonNegativeInt
    sha256: str


class LogSummary(Word):
    """What a run printed, counted; ``cut_bytes`` were dropped from the middle beyond the limit.

    ``masked`` secrets stood in it: at least so many, where a later process went on with an earlier one's log.
    ``longest_silence_s`` is the longest time between two outputs; ``last_output_at`` is when the last came.
    """

    stdout_bytes: NonNegativeInt = 0
    stderr_bytes: NonNegativeInt = 0
    lines: NonNegativeInt = 0
    cut_bytes: NonNegativeInt = 0
    stored_bytes: NonNegativeInt = 0
    levels: dict[str, NonNegativeInt] = Field(default_factory=dict)
    first_error: str | None = None
    masked: NonNegativeInt = 0
    longest_silence_s: Finite | None = None
    last_output_at: UtcTime | None = None


class Context(Word):
    """Circumstances of a run that are not part of its key: suspects when behaviour changes."""

    commit: str | None = None
    branch: str | None = None
    host: str | None = None
    host_class: str | None = None
    triggered_by: str | None = None
    env_names: tuple[str, ...] = ()
    attributes: dict[str, str] = Field(default_factory=dict)


class Run(Word):
    """The record of one job: what is kept of it for ever.

    ``requested`` is the job as asked, ``effective`` as it really ran, secrets masked in both.
    ``started_at``, ``finished_at`` and ``duration_s`` cover the time inside the container, from exec to
    exit; what came before and after is in ``phases``. (While it runs, ``started_at`` is when it was
    handed to its executor.) ``number`` is its place in the learning order once it has been learned from;
    ``prediction_seen`` the last number that the prediction made before it had seen. ``remaining`` is
    worked out when a running job is looked at, and never kept. ``source`` is ``local`` for what ran here
    and the format's name for what was imported. ``teaches`` is false for reruns that only confirm.
    ``attached`` says that its submitter waits for it, so that nobody runs it after they are gone;
    ``masked`` that secrets were taken out of its specification; ``adopted`` that the OrcaOps which ran it has
    died and another brings it to its end. ``warm`` says whether it ran in a
    container that had stood ready; null where none is held for such jobs. ``sandbox`` names the sandbox
    in which it ran. ``overrides`` are what optimizations changed between ``requested`` and ``effective``,
    ``trial`` the comparison of two limits that the run took part in. Of a job that was tried more than
    once, ``attempt`` counts, and ``retry_of`` names the record of the attempt before.
    ``image_digest`` is what a registry calls the image, or the engine's own ``image_id`` where none knows
    it; ``image_pinned`` is the reference by digest that names it anywhere, null where it was never pushed.
    ``image_size_bytes`` and ``user`` are the image's unpacked size and whose rights the commands had, as the
    engine says; ``installations`` what installers printed about their work.
    """

    job_id: Id
    key: str
    status: Status
    cause: Cause | None = None
    message: str | None = None
    exit_code: int | None = None
    signal: int | None = None
    submitted_at: UtcTime
    started_at: UtcTime | None = None
    finished_at: UtcTime | None = None
    duration_s: Finite | None = None
    phases: dict[PhaseName, Phase] = Field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    name: str | None = None
    image: str | None = None
    image_digest: str | None = None
    image_id: str | None = None
    image_pinned: str | None = None
    image_size_bytes: NonNegativeInt | None = None
    user: str | None = None
    command: str = ""
    executor: str | None = None
    requested: JobSpec | None = None
    effective: JobSpec | None = None
    usage: Usage = Usage()
    prediction: Forecasts | None = None
    prediction_seen: NonNegativeInt | None = None
    remaining: Remaining | None = None
    anomalies: tuple[str, ...] = ()
    labels: dict[str, str] = Field(default_factory=dict)
    context: Context = Context()
    workspace: Workspace = DEFAULT_WORKSPACE
    intent: str | None = None
    parent_job_id: Id | None = None
    attempt: int = 1
    retry_of: Id | None = None
    overrides: tuple[Override, ...] = ()
    trial: Assignment | None = None
    artifacts: tuple[Artifact, ...] = ()
    tests: TestTotals | None = None
    log: LogSummary | None = None
    installations: tuple[Installation, ...] = ()
    number: NonNegativeInt | None = None
    source: str = "local"
    teaches: bool = True
    attached: bool = False
    masked: bool = False
    adopted: bool = False
    owner: str | None = None
    engine_ref: str | None = None
    warm: bool | None = None
    sandbox: Id | None = None

    @property
    def longest_silence_s(self) -> float | None:
        """Seconds that passed at most without output: between two, or from the last to the end of the run.

        None where that is not known, as of a run that printed nothing.
        """
        if self.log is None:
            return None
        silences = [self.log.longest_silence_s]
        if self.log.last_output_at is not None and self.finished_at is not None:
            silences.append((self.finished_at - self.log.last_output_at).total_seconds())
        return max((each for each in silences if each is not None and 0 <= each < math.inf), default=None)

    def changed(self, **changes: Any) -> "Run":
        """The same run with some fields replaced (they are not validated again)."""
        return self.model_copy(update=changes)
