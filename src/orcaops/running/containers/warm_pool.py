"""WarmPool: containers that stand ready for jobs which are expected.

Each belongs to one shape (image, workspace, limits, network, folder) and to one process, runs a shell
that waits, and is used once: it is taken out under a lock, becomes the job, and is removed with it.
Nothing of a job is in it before that: no environment, no secret, no mount. Its standard input is
held open by this process alone, so that it ends by itself when the process dies, however it
dies; what is left of it is removed at the next start.
"""

import logging
import secrets
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Any

from orcaops.model.job import JobSpec
from orcaops.model.readiness import Ending
from orcaops.model.run import Run, Status
from orcaops.running.cgroup import Cgroup
from orcaops.running.containers import hosts, podman
from orcaops.running.containers.fleet import Fleet
from orcaops.running.containers.launch_script import can_launch, ready_line, ready_mark
from orcaops.running.containers.request import (
    LABEL_JOB,
    LABEL_OWNER,
    LABEL_WARM,
    limits_ignored,
    warm_name,
)
from orcaops.running.engine.errors import EngineError, EngineGoneError, EngineRefusedError
from orcaops.running.engine.streams import Connection
from orcaops.running.executor import CannotStandReady, Prepared
from orcaops.running.ownership import Ownership

_log = logging.getLogger(__name__)

_READY_WITHIN_S = 10.0


@dataclass(frozen=True, slots=True)
class Shape:
    """What must be the same for a job to run in a container that was made before it."""

    workspace: str
    image: str
    memory: int | None
    cpus: float | None
    pids: int | None
    network: str
    cwd: str | None
    several: bool


def shape_of(spec: JobSpec) -> Shape:
    """The shape of the containers that such a job could run in."""
    return Shape(
        workspace=spec.workspace,
        image=spec.image or "",
        memory=spec.memory,
        cpus=spec.cpus,
        pids=spec.pids,
        network=spec.network or "none",
        cwd=spec.cwd,
        several=len(spec.steps()) > 1,
    )


@dataclass(slots=True)
class Held:
    """A container that stands ready. Whoever holds this object owns the container."""

    shape: Shape
    warm_id: str
    word: str
    container: str = ""
    image_id: str = ""
    image_digest: str = ""
    entrypoint: tuple[str, ...] = ()
    group: Cgroup | None = None
    connection: Connection | None = None
    ready_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    since: float = 0.0
    took_s: float = 0.0

    def prove(self, within_s: float) -> None:
        """Let the shell say that it listens.

        Raises ``OSError`` where it does not within that time, :class:`EngineGoneError` where it has ended.
        """
        connection = self.connection
        assert connection is not None
        wanted = ready_mark(self.word)
        seen = b""
        connection.send(ready_line(self.word))
        connection.wait_at_most(within_s)
        while wanted not in seen:
            piece = connection.receive(4096)
            if not piece:
                raise EngineGoneError("the shell that stood ready has ended")
            seen += piece
        connection.wait_at_most(None)


class WarmPool:
    """Makes, keeps, gives away and removes the containers of one process.

    ``ownership`` names the process to others, which may remove what a dead one has left; it is claimed with
    the first that is made.
    """

    def __init__(self, fleet: Fleet, ownership: Ownership | None) -> None:
        self._fleet = fleet
        self._engine = fleet.engine
        self._ownership = ownership
        self._lock = threading.Lock()
        self._held: list[Held] = []
        self._working: list[threading.Thread] = []
        self._stood: list[tuple[Prepared, Ending]] = []
        self._in_use = False
        self._closed = False

    def prepare(self, spec: JobSpec) -> Prepared:
        """Make one container that is ready for jobs of this shape; blocks for a cold start.

        The image must be on the engine already. Raises :class:`CannotStandReady` where such jobs can
        never be prepared for, :class:`EngineError` where it did not work now.
        """
        self._in_use = True
        shape = shape_of(spec)
        if spec.mounts:
            raise CannotStandReady("jobs with mounts get a container of their own")
        began = time.monotonic()
        held = Held(shape=shape, warm_id=f"warm-{secrets.token_hex(6)}", word=secrets.token_hex(8))
        try:
            self._make(held, spec)
        except BaseException:
            self._remove(held)
            raise
        held.since = time.monotonic()
        held.took_s = held.since - began
        held.ready_at = datetime.now(UTC)
        with self._lock:
            if not self._closed:
                self._held.append(held)
                return _shown(held)
        self._remove(held)
        raise CannotStandReady("the pool is closed")

    def claim(self, run: Run, spec: JobSpec) -> Held | None:
        """A container for this job, which is the caller's from now on; None if none is ready.

        Ready means: alive, of the job's exact shape, and made from the image that its reference names now.
        """
        if not self._held or not self.expects(run, spec):
            return None
        shape = shape_of(spec)
        while True:
            with self._lock:
                held = next((each for each in self._held if each.shape == shape), None)
                if held is None:
                    return None
                self._held.remove(held)
            if not _lives(held):
                self._note(held, "died")
            elif self._fits(held, spec):
                self._note(held, "claimed")
                return held
            else:
                self._note(held, "replaced")
            self.later(partial(self._remove, held))

    def expects(self, run: Run, spec: JobSpec) -> bool:
        """Whether such a job could have run in a container that stood ready; never, if none ever was made."""
        if not self._in_use:
            return False
        plain = not (run.masked or spec.mounts or spec.sandbox or spec.pull_policy == "always")
        return plain and can_launch(spec)

    def prepared(self) -> list[Prepared]:
        """What stands ready now, the oldest first; what has died meanwhile is removed."""
        with self._lock:
            dead = [held for held in self._held if not _lives(held)]
            self._held = [held for held in self._held if held not in dead]
            alive = list(self._held)
        for held in dead:
            _log.info("the ready container %s has ended by itself", held.warm_id)
            self._note(held, "died")
            self._remove(held)
        return [_shown(held) for held in alive]

    def stood(self) -> list[tuple[Prepared, Ending]]:
        """What has ceased to stand ready since this was last asked, and why."""
        with self._lock:
            stood, self._stood = self._stood, []
        return stood

    def discard(self, warm_id: str, why: Ending) -> bool:
        """Remove one that nobody has claimed; whether it was there."""
        with self._lock:
            held = next((each for each in self._held if each.warm_id == warm_id), None)
            if held is None:
                return False
            self._held.remove(held)
        self._note(held, why)
        self._remove(held)
        return True

    def owns(self, warm_id: str) -> bool:
        """Whether it stands ready in this very pool."""
        with self._lock:
            return any(held.warm_id == warm_id for held in self._held)

    def later(self, work: Callable[[], None]) -> None:
        """Do something in the background that nobody should wait for; :meth:`settle` waits."""
        thread = threading.Thread(target=work, name="orcaops-removing", daemon=True)
        with self._lock:
            self._working = [each for each in self._working if each.is_alive()]
            self._working.append(thread)
            thread.start()

    def settle(self) -> None:
        """Wait until everything that was to be removed is."""
        with self._lock:
            working = list(self._working)
        for thread in working:
            thread.join()

    def close(self) -> None:
        """Remove everything that nobody has claimed, and hold nothing any more."""
        with self._lock:
            self._closed = True
            held, self._held = self._held, []
        for each in held:
            self._note(each, "stopped")
            self._remove(each)
        self.settle()

    def _note(self, held: Held, why: Ending) -> None:
        with self._lock:
            self._stood.append((_shown(held), why))

    def _make(self, held: Held, spec: JobSpec) -> None:
        engine = self._engine
        facts = engine.image_facts(held.shape.image)
        config = facts.get("Config") or {}
        test = (config.get("Healthcheck") or {}).get("Test") or ["NONE"]
        if test[:1] != ["NONE"]:
            raise CannotStandReady("the image checks its own health, which would begin before the job")
        held.image_id = str(facts["Id"])
        held.entrypoint = tuple(config.get("Entrypoint") or ())
        held.image_digest = engine.identity(held.image_id, held.shape.image).digest
        name = warm_name(held.warm_id)
        body = self._body(held, spec, name)
        held.container, warnings = hosts.create(engine, name, body)
        if engine.image_facts(held.shape.image)["Id"] != held.image_id:
            raise EngineRefusedError("the image was replaced meanwhile", 409)
        if ignored := limits_ignored(warnings):
            raise CannotStandReady(f"the engine would not keep a limit: {' '.join(ignored)}")
        podman.open_root(engine, held.container)
        held.connection = engine.attach(held.container, stdin=True)
        try:
            engine.start(held.container)
        except EngineRefusedError as error:
            raise CannotStandReady(f"the image has no shell: {error}") from error
        self._fleet.hosts.take_back(name)  # it is mounted by now, and such a container never starts again
        self._await_ready(held)

    def _body(self, held: Held, spec: JobSpec, name: str) -> dict[str, Any]:
        bare = spec.model_copy(update={"env": {}, "labels": {}})
        nobody = _nobody(held.shape)
        body, held.group = self._fleet.request(nobody, bare, held.word, name=name, owner=held.warm_id)
        body["Labels"] = {name: value for name, value in body["Labels"].items() if name != LABEL_JOB} | {
            LABEL_WARM: held.warm_id,
            LABEL_OWNER: "" if self._ownership is None else self._ownership.claim(),
        }
        return body | {
            "Entrypoint": ["sh"],
            "Cmd": [],
            "OpenStdin": True,
            "StdinOnce": True,
            "AttachStdin": True,
        }

    def _await_ready(self, held: Held) -> None:
        try:
            held.prove(_READY_WITHIN_S)
        except EngineGoneError as error:
            raise CannotStandReady("the image's shell ended instead of waiting") from error
        except OSError as error:
            raise CannotStandReady(f"the image's shell does not answer: {error}") from error

    def _fits(self, held: Held, spec: JobSpec) -> bool:
        if not can_launch(spec, held.entrypoint):
            return False
        try:
            return bool(self._engine.image_facts(held.shape.image)["Id"] == held.image_id)
        except EngineError:
            return False

    def _remove(self, held: Held) -> None:
        self._fleet.hosts.take_back(warm_name(held.warm_id))
        if held.connection is not None:
            held.connection.close()
        try:
            if held.container:
                self._engine.remove(held.container)
        except EngineError as error:
            _log.warning("the ready container %s is left until the next start: %s", held.warm_id, error)
            return
        if held.group is not None and held.group.exists():
            held.group.remove()


def _shown(held: Held) -> Prepared:
    shape = held.shape
    return Prepared(
        warm_id=held.warm_id,
        workspace=shape.workspace,
        image=shape.image,
        image_digest=held.image_digest,
        ready_at=held.ready_at,
        idle_s=max(0.0, time.monotonic() - held.since),
        took_s=held.took_s,
        memory_bytes=shape.memory,
        shape=hash(shape),
    )


def _lives(held: Held) -> bool:
    return held.connection is not None and held.connection.is_open()


def _nobody(shape: Shape) -> Run:
    """Stands for the run that is not known yet."""
    return Run(
        job_id="nobody",
        key="",
        status=Status.QUEUED,
        submitted_at=datetime.now(UTC),
        workspace=shape.workspace,
    )
