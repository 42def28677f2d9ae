"""Executor: the contract of everything that can run a job.

An executor turns one :class:`Run` into one :class:`Outcome`, reports what happens while it happens
to an :class:`Observer`, and stops when its :class:`Halt` says so. It decides nothing: timeouts,
policies, statuses and causes belong to the supervisor. The conformance suite in
``orcaops.testing.executors`` is the contract's other half.
"""

import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Protocol, runtime_checkable

from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.readiness import Ending
from orcaops.model.run import Artifact, PhaseName, Run, Step, Usage


@dataclass(frozen=True, slots=True, kw_only=True)
class Capabilities:
    """What an executor can enforce, as data: a limit it cannot enforce is refused beforehand.

    ``needs_image`` says that it runs nothing else. ``networks`` are the names that a job may ask for;
    null: any that the engine knows. ``adopts`` says that a run goes on when OrcaOps ends, and that
    a later process can bring it to its own end.
    """

    isolates: bool
    images: bool
    needs_image: bool = False
    memory: bool
    cpus: bool
    pids: bool
    mounts: bool
    networks: frozenset[str] | None = frozenset()
    adopts: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """What a probe found: usable or not, and a sentence that says why."""

    usable: bool
    sentence: str
    attributes: dict[str, str] = field(default_factory=dict)


class HaltReason(StrEnum):
    """Why a run is to stop before its commands are done."""

    CANCELLED = "cancelled"
    TIMEOUT_TOTAL = "timeout_total"
    TIMEOUT_IDLE = "timeout_idle"


class Halt:
    """Tells an executor, from any thread and once, to stop a run: TERM, grace, KILL, whole tree.

    An executor subscribes one callback per thing it has to stop; a callback subscribed after the
    halt is called at once.
    """

    def __init__(self, grace_s: float = 3.0) -> None:
        self.grace_s = grace_s
        self.reason: HaltReason | None = None
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._callbacks: list[Callable[[], None]] = []

    def request(self, reason: HaltReason) -> bool:
        """Ask for the stop; false if it had already been asked for (the first reason stays)."""
        with self._lock:
            if self.reason is not None:
                return False
            self.reason = reason
            callbacks = list(self._callbacks)
        self._event.set()
        for callback in callbacks:
            callback()
        return True

    @property
    def requested(self) -> bool:
        """Whether the run is to stop."""
        return self.reason is not None

    def wait(self, timeout_s: float) -> bool:
        """Wait until the stop is asked for, or for ``timeout_s``; whether it was."""
        return self._event.wait(timeout_s)

    def subscribe(self, callback: Callable[[], None]) -> None:
        """Call ``callback`` when the stop is asked for; now, if it already was. It must not block."""
        with self._lock:
            already = self.reason is not None
            if not already:
                self._callbacks.append(callback)
        if already:
            callback()


class Observer(Protocol):
    """Whoever listens to a run. All methods may be called from several threads."""

    @property
    def artifact_dir(self) -> Path:
        """An existing folder into which the executor copies what the job's patterns match."""

    def phase(self, name: PhaseName) -> None:
        """The run enters this phase now; the one before has ended."""

    def placed(self, engine_ref: str) -> None:
        """Durably note what the run is to the engine (a container id, a mark), before it starts.

        If this raises, nothing may be started: clean up and let the exception through.
        """

    def started(self, at: datetime) -> None:
        """The job's first command has been started."""

    def output(self, stream: Stream, data: bytes, at: datetime) -> None:
        """A piece of output, in the order in which it came."""

    def unheard(self) -> None:
        """Nobody can hear the job now: that nothing comes is no silence of its own."""

    def step(self, step: Step) -> None:
        """One of the job's commands has ended; report it at once: a halt that comes later is too late."""

    def ended(self, outcome: "Outcome") -> None:
        """Durably note how the job ended, before what proves it is removed; no output comes after it.

        Called where a command's result exists, once by whoever ran or adopted it. Whoever then finds the run
        without a living owner needs nothing of the engine to know its end. Does not raise.
        """


class Failure(StrEnum):
    """Why an executor could not bring a run to an end by itself."""

    IMAGE_UNAVAILABLE = "image_unavailable"
    ENGINE_LOST = "engine_lost"
    INFRASTRUCTURE = "infrastructure"


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """How a run ended, as exactly as the engine can tell.

    ``exit_code`` is what the last command returned (null if a signal ended it or it never ran),
    ``signal`` the number of the signal that ended it. ``oom_killed`` is the engine's or the
    cgroup's own evidence, never a guess from 137. ``failure`` is set where no command's result
    exists because OrcaOps or the engine failed; ``message`` then says what, and what to do. ``warm`` says
    whether the run was given a surrounding that stood ready; null where none is ever held for such runs.
    """

    exit_code: int | None = None
    signal: int | None = None
    oom_killed: bool = False
    failure: Failure | None = None
    message: str | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    steps: tuple[Step, ...] = ()
    usage: Usage = field(default_factory=Usage)
    image_digest: str | None = None
    image_id: str | None = None
    image_pinned: str | None = None
    image_size_bytes: int | None = None
    user: str | None = None
    artifacts: tuple[Artifact, ...] = ()
    warm: bool | None = None

    @property
    def tells_the_end(self) -> bool:
        """Whether a command's result exists and nothing went wrong with keeping what it left."""
        return self.failure is None and (self.exit_code is not None or self.signal is not None)


class Executor(Protocol):
    """Runs jobs somewhere."""

    name: str
    capabilities: Capabilities

    def probe(self) -> Health:
        """Whether it can run something now, in well under a second; never raises."""

    def run(self, run: Run, observer: Observer, halt: Halt) -> Outcome:
        """Run ``run.effective`` to its end and leave nothing behind; blocks.

        Whatever goes wrong on the way is an :class:`Outcome` with a ``failure``, not an exception.
        """


@runtime_checkable
class Adoptable(Protocol):
    """An executor whose runs can outlive the OrcaOps process that started them."""

    def adopt(self, run: Run, observer: Observer, halt: Halt, *, seen_until: datetime | None) -> Outcome:
        """Take over a run whose owner has died and bring it to its end; blocks.

        Output later than ``seen_until`` is reported; what came before has been stored already. A run
        of which nothing is left ends with ``Failure.ENGINE_LOST``.
        """

    def never_began(self, run: Run) -> bool:
        """Whether the command of a run whose owner has died certainly never began, so that it may begin anew.

        False where that is not known.
        """

    def reap(self, living: Iterable[str], *, dry_run: bool = False) -> list[str]:
        """Remove everything of this installation whose job id is not in ``living``.

        Returns what was (or with ``dry_run`` would be) removed, a sentence each. Touches nothing that
        does not carry this installation's labels.
        """


@runtime_checkable
class Loosening(Protocol):
    """An executor that can give a running job more than it was started with."""

    def loosen(self, run: Run, spec: JobSpec) -> None:
        """Let the job that was placed as ``run.engine_ref`` go on with the memory and the CPUs of ``spec``.

        None in ``spec`` leaves what is in force. Raises ``unavailable`` where that cannot be done (any more).
        """


@runtime_checkable
class Stocked(Protocol):
    """An executor that can tell which images it holds already."""

    def images(self) -> list[str]:
        """References that can be run without fetching anything, the smallest first; empty if none answers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A surrounding that stands ready for a job that has not been submitted yet.

    ``shape`` is equal for those that the same jobs can use; ``took_s`` is what preparing it cost, which
    is what a job saves that gets it. ``memory_bytes`` is its limit.
    """

    warm_id: str
    workspace: str
    image: str
    image_digest: str
    ready_at: datetime
    idle_s: float
    took_s: float
    memory_bytes: int | None
    shape: int


class CannotStandReady(Exception):  # noqa: N818 - it is an answer, not a fault
    """Nothing can be held ready for such jobs, now or later; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HeldImage:
    """An image that the engine holds."""

    image: str
    digest: str
    size_bytes: int


@runtime_checkable
class Warmable(Protocol):
    """An executor that can make something ready before the job that will use it is known.

    What was prepared is used once, by a job of its workspace that asks for exactly the same
    surroundings, and only while the image's name still means the same. :meth:`Executor.run` takes what
    fits by itself and starts cold without delay if nothing does.
    """

    def held_image(self, image: str) -> HeldImage | None:
        """What the engine knows of an image; None if it does not hold it. Raises ``unavailable``."""

    def fetch(self, image: str, stopped: Callable[[], bool]) -> None:
        """Pull an image; ends early once ``stopped()``. Raises ``unavailable``."""

    def drop_image(self, image: str) -> bool:
        """Remove an image; false if a container uses it, or it is not there. Raises ``unavailable``."""

    def prepare(self, spec: JobSpec) -> Prepared:
        """Make one surrounding ready for jobs like this; blocks for as long as a cold start.

        Raises :class:`CannotStandReady` where that is never possible, ``unavailable`` where it failed now.
        """

    def prepared(self) -> list[Prepared]:
        """What stands ready in this process, the oldest first."""

    def standing(self) -> list[Prepared]:
        """What stands ready in any process of this installation. Raises ``unavailable``."""

    def stood(self) -> list[tuple[Prepared, Ending]]:
        """What has ceased to stand ready since this was last asked, and why."""

    def discard(self, warm_id: str, why: Ending = "expired") -> bool:
        """Remove something that stands ready; false if a job has taken it meanwhile."""

    def close(self) -> None:
        """Remove all that stands ready."""
