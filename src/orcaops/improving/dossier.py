"""Dossier: everything an advisor may look at about one key, and what follows from it at once."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from orcaops.improving.works import of_one_work
from orcaops.model.anomaly import Anomaly
from orcaops.model.baseline import Baseline
from orcaops.model.job import JobSpec
from orcaops.model.prices import Prices
from orcaops.model.run import Cause, PhaseName, Run

ENOUGH_LOOKS = 3
"""A sampled resident size is used from so many looks on."""

_DAY_S = 86400.0
_KILLED = 137  # what a shell says of SIGKILL
_AT_THE_LIMIT = 0.98
_MACHINE = re.compile(r"-(\d+)cpu-(\d+)g$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Variant:
    """The same command on another image: its key, its image and its latest runs, newest first."""

    key: str
    image: str
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleSandbox:
    """A sandbox that nobody uses: how long so far, what it holds meanwhile, and how long it was to wait.

    ``idle_limit_s`` is None where nobody said so.
    """

    sandbox_id: str
    idle_s: float
    name: str | None = None
    idle_limit_s: float | None = None
    memory_bytes: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Dossier:
    """What was known of one key when its latest run had been learned from. ``runs`` come newest first.

    ``at`` is when that run ended. ``variants`` are the same command on other images. ``previous`` are the
    runs that were submitted right before the latest ones here, by the job id of the one that followed.
    ``arrivals`` are the runs of the whole workspace in each hour of the day, over two weeks; empty where
    nothing waits. ``per_day`` is how often what is saved is saved, where that is not as often as runs come.
    ``tests`` are measured seconds of test cases, where test cases were recorded. ``needed`` is
    how many runs make a baseline. A field that nobody filled is empty: an advisor is silent about it.
    """

    workspace: str
    key: str
    at: datetime
    baseline: Baseline
    runs: tuple[Run, ...]
    per_day: float | None = None
    variants: tuple[Variant, ...] = ()
    previous: dict[str, Run] = field(default_factory=dict)
    anomalies: tuple[Anomaly, ...] = ()
    arrivals: tuple[float, ...] = ()
    concurrency: int | None = None
    tests: dict[str, float] = field(default_factory=dict)
    sandboxes: tuple[IdleSandbox, ...] = ()
    prices: Prices | None = None

    @property
    def latest(self) -> Run | None:
        """The latest run of the present work (:mod:`orcaops.improving.works`); None without runs."""
        _, runs = of_one_work(self.runs)
        return runs[0] if runs else None

    @property
    def spec(self) -> JobSpec | None:
        """The job as it ran last; None where only its traces were imported."""
        return spec_of(self.latest) if self.latest is not None else None

    @property
    def successes(self) -> tuple[Run, ...]:
        """The runs that did what they should, newest first."""
        return tuple(run for run in self.runs if run.cause is Cause.SUCCESS)

    def of_present_work(self) -> "Dossier":
        """The same of those runs only that did what the job runs at present."""
        _, runs = of_one_work(self.runs)
        return self if len(runs) == len(self.runs) else replace(self, runs=tuple(runs))

    def runs_per_day(self) -> float:
        """The present rate: over the time that the runs span, a day at least.

        Ten runs within a minute are ten a day, not thousands.
        """
        if self.per_day is not None:
            return self.per_day
        if not self.runs:
            return 0.0
        times = [run.submitted_at for run in self.runs]
        return len(times) / max((max(times) - min(times)).total_seconds() / _DAY_S, 1.0)


def spec_of(run: Run) -> JobSpec | None:
    """The job as it really ran, or as it was asked for."""
    return run.effective or run.requested


def memory_limit_of(run: Run) -> int | None:
    """The limit in force, in bytes: of the job as it ran, or as an import noted it."""
    spec = spec_of(run)
    if spec is not None:
        return spec.memory
    noted = run.context.attributes.get("memory_limit_bytes")
    return int(float(noted)) if noted is not None else None


def cpus_of(run: Run) -> float | None:
    """The limit of processors in force: of the job as it ran, or as an import noted it."""
    spec = spec_of(run)
    if spec is not None:
        return spec.cpus
    noted = run.context.attributes.get("cpus")
    return float(noted) if noted is not None else None


def machine_of(run: Run) -> tuple[float, float]:
    """Processors and bytes of memory that the run's machine has, as its host class says; infinite if unknown.

    What it does not have cannot be given: an engine refuses to start a container with more processors.
    """
    match = _MACHINE.search(run.context.host_class or "")
    if match is None:
        return math.inf, math.inf
    return float(match[1]), float(match[2]) * 1024**3


def timeout_of(run: Run) -> float | None:
    """The total timeout in force, in seconds."""
    spec = spec_of(run)
    if spec is not None:
        return spec.timeout
    noted = run.context.attributes.get("timeout_s")
    return float(noted) if noted is not None else None


def held_of(run: Run) -> int | None:
    """What the processes held at their peak, in bytes, where that was observed; else the kernel's peak.

    The kernel's peak counts page cache, which gives way under a limit: it errs on the safe side. What was
    sampled only once or twice may have missed the top, and does not count.
    """
    usage = run.usage
    seen = usage.memory_resident_basis != "sampled" or (usage.memory_samples or ENOUGH_LOOKS) >= ENOUGH_LOOKS
    resident = usage.memory_resident_bytes if seen else None
    return resident or usage.memory_peak_bytes or usage.memory_resident_bytes or None


def out_of_memory(run: Run) -> bool:
    """Whether a run was killed for want of memory: by the engine's word, or as far as an import shows it.

    An import has no counter of kills: an end by SIGKILL right at the limit is what it has.
    """
    if run.cause is Cause.OOM_KILLED or run.source == "local":
        return run.cause is Cause.OOM_KILLED
    limit, held = memory_limit_of(run), held_of(run)
    killed = run.exit_code == _KILLED or run.signal == 9
    return killed and limit is not None and held is not None and held >= _AT_THE_LIMIT * limit


def phase_s(run: Run, name: PhaseName) -> float:
    """Seconds of one phase; 0 if there was none."""
    phase = run.phases.get(name)
    return phase.duration_s if phase is not None else 0.0


def wait_s(run: Run) -> float:
    """Seconds from submission until the work on the run began."""
    if PhaseName.QUEUE in run.phases:
        return phase_s(run, PhaseName.QUEUE)
    if run.started_at is None:
        return 0.0
    return max((run.started_at - run.submitted_at).total_seconds(), 0.0)


def ids(runs: Sequence[Run], most: int = 20) -> list[str]:
    """The ids of the first runs: what evidence names."""
    return [run.job_id for run in runs[:most]]
