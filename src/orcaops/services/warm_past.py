"""What is known of how the jobs of each image came and started, for deciding what to hold ready."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from orcaops.improving import prewarming
from orcaops.model.job import JobSpec
from orcaops.model.optimization import State
from orcaops.model.override import Arm
from orcaops.model.query import Compare, Comparison
from orcaops.model.run import PhaseName, Run
from orcaops.recording.store import Store

Place = tuple[str, str]
"""Workspace and image."""

HISTORY = timedelta(days=14)
BALANCE = timedelta(days=7)
_KEPT_ARRIVALS = 1000
_KEPT_STARTS = 50
_SHAPES = 5  # the latest jobs that say what is held


@dataclass(slots=True)
class PastOfImage:
    """What is known of one image in one workspace.

    ``spec`` is a job whose container would fit most of those that come, ``shapes`` those of the latest.
    """

    gaps: prewarming.Gaps = field(default_factory=prewarming.Gaps)
    arrivals_min: list[float] = field(default_factory=list)
    last: datetime | None = None
    spec: JobSpec | None = None
    shapes: list[int] = field(default_factory=list)
    seen: int = 0
    warm_starts_s: list[float] = field(default_factory=list)
    cold_starts_s: list[float] = field(default_factory=list)
    pulls_s: list[float] = field(default_factory=list)
    missed: list[datetime] = field(default_factory=list)


class Past:
    """Arrivals and starts, read from the records once and then followed."""

    def __init__(self) -> None:
        self.images: dict[Place, PastOfImage] = defaultdict(PastOfImage)
        self.everything = prewarming.Gaps()
        self._since: datetime | None = None
        self._known: set[str] = set()
        self._open: set[tuple[str, str]] = set()

    def follow(self, store: Store, now: datetime) -> None:
        """Take in what was submitted, and what has ended, since the last time."""
        since = self._since or now - HISTORY
        with store.read() as transaction:
            new = [
                run
                for workspace in transaction.runs.workspaces()
                for run in transaction.runs.each(
                    workspace, Compare("submitted_at", Comparison.AT_LEAST, since)
                )
            ]
            ended = [transaction.runs.get(*place) for place in self._open]
        for run in sorted(new, key=lambda each: each.submitted_at):
            if run.job_id not in self._known and can_be_expected(run):
                self._arrive(run)
                if run.status.final:
                    self._learn_start(run)
                else:
                    self._open.add((run.workspace, run.job_id))
        for run in ended:
            if (run.workspace, run.job_id) in self._open and run.status.final:
                self._open.discard((run.workspace, run.job_id))
                self._learn_start(run)
        latest = max((run.submitted_at for run in new), default=since)
        self._known = {run.job_id for run in new if run.submitted_at == latest}
        self._since = latest

    def _arrive(self, run: Run) -> None:
        image, spec = self.images[run.workspace, run.image or ""], run.effective or run.requested
        assert spec is not None
        if image.spec is not None and needs_its_own(spec) != needs_its_own(image.spec):
            if needs_its_own(spec):
                return  # it is nobody that a container is held for
            self.images[run.workspace, run.image or ""] = image = PastOfImage()
        if image.last is not None:
            gap = max(0.0, (run.submitted_at - image.last).total_seconds() / 60)
            image.gaps.learn(gap)
            self.everything.learn(gap, 1.0)
        image.last = run.submitted_at if image.last is None else max(image.last, run.submitted_at)
        image.arrivals_min = [*image.arrivals_min[-_KEPT_ARRIVALS:], run.submitted_at.timestamp() / 60]
        image.seen += 1
        if image.spec is None:
            image.spec = spec
        if not _is_exception(run):
            image.shapes = [*image.shapes[-_SHAPES + 1 :], shape_of(spec)]
            if image.shapes.count(shape_of(image.spec)) <= 1:
                image.spec = spec  # jobs of two shapes in turn do not throw each other's container away

    def _learn_start(self, run: Run) -> None:
        image = self.images[run.workspace, run.image or ""]
        if run.started_at is None:
            return
        phases = run.phases
        start_s = sum(
            phases[name].duration_s for name in (PhaseName.CREATE, PhaseName.START) if name in phases
        )
        starts = image.warm_starts_s if run.warm else image.cold_starts_s
        starts.append(start_s)
        del starts[:-_KEPT_STARTS]
        if PhaseName.PULL in phases:
            image.pulls_s = [*image.pulls_s[-_KEPT_STARTS:], phases[PhaseName.PULL].duration_s]
        if run.warm is False:
            image.missed = [at for at in image.missed if run.submitted_at - at < BALANCE] + [run.submitted_at]


def can_be_expected(run: Run) -> bool:
    """Whether jobs like this one can be prepared for at all: they ran here, in an image, without secrets."""
    ours = run.source == "local" and run.image is not None and run.sandbox is None
    return ours and not run.masked and (run.effective or run.requested) is not None


def needs_its_own(spec: JobSpec) -> bool:
    """Whether a job of this kind can never use a container that stands ready."""
    return bool(spec.mounts) or spec.pull_policy == "always"


def shape_of(spec: JobSpec) -> int:
    """What a container that stands ready has to be like to fit a job."""
    several = len(spec.steps()) > 1
    return hash(
        (spec.workspace, spec.image, spec.memory, spec.cpus, spec.pids, spec.network, spec.cwd, several)
    )


def _is_exception(run: Run) -> bool:
    """Whether a trial gave it limits that the next one will hardly have: what is held is for the others."""
    trial = run.trial
    if trial is None:
        return False
    seldom = {State.CANARY: Arm.CANDIDATE, State.KEPT: Arm.CONTROL}
    return seldom.get(State(trial.stage)) is trial.arm
