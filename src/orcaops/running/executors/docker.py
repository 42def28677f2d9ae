"""DockerExecutor: runs jobs in containers of any engine that speaks the Docker API (Docker, Podman).

Every job gets a container of its own, hardened: no capabilities, no new privileges, an init as PID 1, a
limit of processes, no network unless one is asked for, no swap beyond the memory limit. Containers are
named ``orcaops-<job_id>`` and carry the labels ``orcaops``, ``orcaops.job_id``, ``orcaops.home`` (the
installation) and ``orcaops.workspace``, so that a container whose OrcaOps was killed can be adopted or
removed.

A run costs the engine's own create, attach, start, wait, inspect and remove, one request each, and
nothing waits for another run. Output comes over the attached connection; the engine's own log is kept
beside it (64 to 128 MiB, the newest) only for whoever adopts the container.
"""

import contextlib
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from orcaops.model.errors import unavailable
from orcaops.model.job import JobSpec
from orcaops.model.readiness import Ending
from orcaops.model.run import Run
from orcaops.running.containers import leftovers
from orcaops.running.containers.comeback import Comeback
from orcaops.running.containers.fleet import Fleet
from orcaops.running.containers.reaping import Reaping
from orcaops.running.containers.reattaching import ReattachingRun
from orcaops.running.containers.request import Ceilings, JobRefusedError, limits_body, limits_ignored
from orcaops.running.containers.sandbox import ContainerSandboxes
from orcaops.running.containers.warm_pool import WarmPool
from orcaops.running.containers.warm_standing import standing_ready
from orcaops.running.engine.api import Engine
from orcaops.running.engine.errors import EngineError, ImageMissingError
from orcaops.running.executor import (
    Capabilities,
    Executor,
    Failure,
    Halt,
    Health,
    HeldImage,
    Observer,
    Outcome,
    Prepared,
)
from orcaops.running.ownership import Ownership

_FRESH_S = 2.0  # a probe is asked for every job; one answer serves for so long
_START_ENGINE = "Start the engine, or set DOCKER_HOST; `orcaops doctor` says more."


class DockerExecutor:
    """Runs jobs in containers.

    ``installation`` tells the containers of one OrcaOps home from those of another. ``pids`` and
    ``memory_bytes`` are the limits of jobs that name none. ``base_url`` overrides ``DOCKER_HOST``.
    ``engine_wait_s`` is how long an engine that has gone away is waited for, by a run in the foreground 30 s
    at most. ``hosts`` is the folder for the ``/etc/hosts`` of containers without a network; without it the
    engine has more work with each.
    """

    name = "docker"
    capabilities = Capabilities(
        isolates=True,
        images=True,
        needs_image=True,
        memory=True,
        cpus=True,
        pids=True,
        mounts=True,
        networks=None,
        adopts=True,
    )

    def __init__(
        self,
        *,
        installation: str = "default",
        pids: int = 512,
        memory_bytes: int | None = None,
        base_url: str | None = None,
        ownership: Ownership | None = None,
        hosts: Path | None = None,
        engine_wait_s: float = 60.0,
    ) -> None:
        self._engine = Engine(base_url)
        self._engine_wait_s = engine_wait_s
        ceilings = Ceilings(pids=pids, memory_bytes=memory_bytes)
        self._fleet = Fleet(self._engine, installation, ceilings, hosts)
        self._pool = WarmPool(self._fleet, ownership)
        self._reaping = Reaping(self._fleet, self._pool, ownership)
        self.sandboxes = ContainerSandboxes(self._fleet)
        self._answered_at = -_FRESH_S

    def probe(self) -> Health:
        """Whether an engine answers; an answer is good for two seconds."""
        try:
            if time.monotonic() - self._answered_at >= _FRESH_S:
                self._engine.ping()
                self._answered_at = time.monotonic()
            facts = self._engine.facts()
        except EngineError as error:
            return Health(usable=False, sentence=f"{str(error)[:300]}. Start the engine, or set DOCKER_HOST")
        seen = self._fleet.groups.of("probe") is not None
        exact = "exact" if seen else "from the engine's own figures, not exact"
        return Health(
            usable=True,
            sentence=f"{facts.name} {facts.version} answers (API {facts.api_version}, control groups "
            f"v{facts.cgroup_version} by {facts.cgroup_driver}); resource usage is {exact}.",
            attributes={
                "engine": facts.name,
                "version": facts.version,
                "api_version": facts.api_version,
                "cgroup_version": str(facts.cgroup_version),
                "cgroup_driver": facts.cgroup_driver,
            },
        )

    def images(self) -> list[str]:
        """The images that the engine holds, the smallest first; empty if none answers."""
        try:
            return self._engine.images()
        except EngineError:
            return []

    def run(self, run: Run, observer: Observer, halt: Halt) -> Outcome:
        """Run the job in a container of its own, and remove the container.

        It is one that stood ready, where one fits. An engine that goes away meanwhile is waited for.
        """
        spec = run.effective or run.requested
        if spec is None or spec.image is None:
            return Outcome(failure=Failure.INFRASTRUCTURE, message="The record does not say what to run.")
        if spec.sandbox is not None:
            return self.sandboxes.job_in(run, spec, observer, halt).run()
        at_work = self._reattaching(run, spec, observer, halt)
        expected = self._pool.expects(run, spec)
        if (held := self._pool.claim(run, spec)) is not None:
            outcome = at_work.warm(held, self._pool)
            if outcome is not None:
                return outcome
        outcome = at_work.cold()
        return replace(outcome, warm=False) if expected else outcome

    def loosen(self, run: Run, spec: JobSpec) -> None:
        """Give the container of a running job the memory and the CPUs of ``spec``. Raises ``unavailable``."""
        with _explained(run.job_id, hint=""):
            warnings = self._engine.update(run.engine_ref or "", limits_body(spec.memory, spec.cpus))
        if ignored := limits_ignored(warnings):
            raise unavailable(f"the engine keeps the limit as it was: {' '.join(ignored)}", where=run.job_id)

    def adopt(self, run: Run, observer: Observer, halt: Halt, *, seen_until: datetime | None) -> Outcome:
        """Take over the container of a run whose owner has died, from the engine's own log.

        Output is told apart by the time at which the engine received it: what was under way to the owner
        when it died may be missing, and what the engine's log no longer holds is said in the message.

        An engine that does not answer is waited for: after a new start of the machine it may come later than
        whoever adopts. A container that was ended by the end of its engine has lost its job with it.
        """
        spec = run.effective or run.requested
        if spec is None:
            return Outcome(failure=Failure.INFRASTRUCTURE, message="The record does not say what was run.")
        if spec.sandbox is not None:
            self._comeback(run, halt, observer.unheard).awaited()
            return self.sandboxes.job_in(run, spec, observer, halt).adopt()
        return self._reattaching(run, spec, observer, halt).adopted(seen_until=seen_until)

    def never_began(self, run: Run) -> bool:
        """Whether the job in the run's container certainly never began; in a sandbox it may have.

        An engine that does not answer yet is waited for.
        """
        spec = run.effective or run.requested
        if spec is None or spec.sandbox is not None or not self._comeback(run, Halt()).awaited():
            return False
        try:
            if leftovers.never_began(self._fleet, run.job_id):
                return True
            return run.engine_ref is not None and leftovers.never_became(self._fleet, run.engine_ref)
        except EngineError:
            return False

    def reap(self, living: Iterable[str], *, dry_run: bool = False) -> list[str]:
        """Remove containers, networks, volumes and control groups of this installation's other jobs.

        Raises ``unavailable`` if no engine answers.
        """
        with _explained():
            return self._reaping.reaped(living, dry_run=dry_run)

    def held_image(self, image: str) -> HeldImage | None:
        """What the engine knows of an image; None if it does not hold it. Raises ``unavailable``."""
        with _explained():
            try:
                facts = self._engine.image_facts(image)
                digest = self._engine.identity(facts["Id"], image).digest
            except ImageMissingError:
                return None
        return HeldImage(image=image, digest=digest, size_bytes=int(facts.get("Size") or 0))

    def fetch(self, image: str, stopped: Callable[[], bool]) -> None:
        """Pull an image; ends early once ``stopped()``. Raises ``unavailable``."""
        with _explained(image, hint="It is tried again later."):
            self._engine.pull(image, stopped)

    def drop_image(self, image: str) -> bool:
        """Remove an image; false if a container uses it, or it is not there. Raises ``unavailable``."""
        with _explained():
            return self._engine.remove_image(image)

    def prepare(self, spec: JobSpec) -> Prepared:
        """Make one container ready for jobs like this; blocks for as long as a cold start.

        Raises ``CannotStandReady`` where that is never possible, ``unavailable`` where it failed now.
        """
        with _explained(spec.image or ""):
            return self._pool.prepare(spec)

    def prepared(self) -> list[Prepared]:
        """What stands ready in this process, the oldest first."""
        return self._pool.prepared()

    def standing(self) -> list[Prepared]:
        """What stands ready in any process of this installation. Raises ``unavailable``."""
        with _explained():
            return standing_ready(self._fleet)

    def stood(self) -> list[tuple[Prepared, Ending]]:
        """What has ceased to stand ready since this was last asked, and why."""
        return self._pool.stood()

    def discard(self, warm_id: str, why: Ending = "expired") -> bool:
        """Remove something that stands ready; false if a job has taken it meanwhile."""
        return self._pool.discard(warm_id, why)

    def close(self) -> None:
        """Remove all that stands ready."""
        self._pool.close()

    def _reattaching(self, run: Run, spec: JobSpec, observer: Observer, halt: Halt) -> ReattachingRun:
        return ReattachingRun(self._fleet, run, spec, observer, halt, engine_wait_s=self._engine_wait_s)

    def _comeback(self, run: Run, halt: Halt, meanwhile: Callable[[], None] = lambda: None) -> Comeback:
        return Comeback(self._engine, run, halt, self._engine_wait_s, meanwhile)


@contextlib.contextmanager
def _explained(where: str = "docker", *, hint: str = _START_ENGINE) -> Iterator[None]:
    """Turns what engines raise into what services raise."""
    try:
        yield
    except (EngineError, JobRefusedError) as error:
        raise unavailable(str(error), where=where, hint=hint) from error


executor: Executor = DockerExecutor()
