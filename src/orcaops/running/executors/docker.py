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
import secrets
import time
from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

from orcaops.model.errors import OrcaError, unavailable
from orcaops.model.job import JobSpec
from orcaops.model.readiness import Ending
from orcaops.model.run import PhaseName, Run
from orcaops.running.cgroup import Cgroup, can_remove_groups, group_names, open_cgroup
from orcaops.running.containers import leftovers
from orcaops.running.containers.attempt import ContainerAttempt, failed
from orcaops.running.containers.comeback import Comeback
from orcaops.running.containers.heard import Heard
from orcaops.running.containers.hosts import ContainerHosts
from orcaops.running.containers.launch_script import LaunchRecords
from orcaops.running.containers.meter import SetUpShares
from orcaops.running.containers.output import engine_time
from orcaops.running.containers.request import (
    LABEL_HOME,
    LABEL_JOB,
    LABEL_OWNER,
    LABEL_SANDBOX,
    LABEL_WARM,
    LABEL_WORD,
    LABEL_WORKSPACE,
    Ceilings,
    JobRefusedError,
    cgroup_name,
    cgroup_prefix,
    container_body,
    container_name,
    limits_body,
    limits_ignored,
    sandbox_name,
    warm_name,
)
from orcaops.running.containers.sandbox import ContainerSandboxes
from orcaops.running.containers.sandbox_attempt import SandboxAttempt
from orcaops.running.containers.status import ended_with_engine
from orcaops.running.containers.warm_attempt import WarmAttempt
from orcaops.running.containers.warm_pool import WarmPool
from orcaops.running.engine.api import Engine
from orcaops.running.engine.errors import EngineError, EngineGoneError, EngineRefusedError, ImageMissingError
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
from orcaops.running.sandboxing import SandboxGone

_FRESH_S = 2.0  # a probe is asked for every job; one answer serves for so long
_MADE_FOR_NO_JOB = (warm_name("warm-"), sandbox_name(""))
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
        self._engine_wait_s = engine_wait_s
        self._installation = installation
        self._ownership = ownership
        self._pool: WarmPool | None = None
        self._ceilings = Ceilings(pids=pids, memory_bytes=memory_bytes)
        self._engine = Engine(base_url)
        self._shares = SetUpShares()
        self._hosts = ContainerHosts(hosts)
        self.sandboxes = ContainerSandboxes(
            self._engine, self._ceilings, installation=installation, place=self._place, hosts=self._hosts
        )
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
        exact = "exact" if self._group("probe") is not None else "from the engine's own figures, not exact"
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

        An engine that goes away is waited for: before the container is started, because the jobs that wait
        must not all fail while one is started anew; and afterwards, because the container may outlive it.
        """
        spec = run.effective or run.requested
        if spec is None or spec.image is None:
            return Outcome(failure=Failure.INFRASTRUCTURE, message="The record does not say what to run.")
        if spec.sandbox is not None:
            return self._in_sandbox(run, spec, observer, halt).run()
        heard = Heard(observer)
        pool = self._pool
        if pool is not None and (held := pool.claim(run, spec)) is not None:
            warm = WarmAttempt(self._engine, run, spec, held, pool, self._shares, heard, halt)
            try:
                with warm:
                    if warm.run():
                        warm.finish()
            except EngineGoneError:
                return self._found_again(run, heard, halt, away_since=datetime.now(UTC))
            if not warm.missed:
                return replace(warm.outcome, warm=True)
        try:
            outcome = self._run_cold(run, spec, heard, halt)
        finally:
            self._hosts.take_back(container_name(run.job_id))
        missed = pool is not None and pool.expects(run, spec)
        return replace(outcome, warm=False) if missed else outcome

    def _run_cold(self, run: Run, spec: JobSpec, heard: Heard, halt: Halt) -> Outcome:
        comeback = self._comeback(run, halt, heard)
        while True:
            try:
                return self._started_cold(run, spec, heard, halt)
            except EngineGoneError as error:
                away_since, placed = datetime.now(UTC), heard.engine_ref is not None
                if not placed:
                    heard.phase(PhaseName.CREATE)
                if not comeback.awaited():
                    return failed(error, spec.image, existed=placed)
                if placed and not self._is_unbegun(run.job_id):
                    return self._found_again(run, heard, halt, away_since=away_since)
            except (EngineError, JobRefusedError) as error:
                return failed(error, spec.image)

    def _is_unbegun(self, job_id: str) -> bool:
        with contextlib.suppress(EngineError):
            return leftovers.never_began(self._engine, self._installation, job_id)
        return False

    def _started_cold(self, run: Run, spec: JobSpec, observer: Observer, halt: Halt) -> Outcome:
        """Raises :class:`EngineGoneError` where the engine went away, be it while the job ran."""
        word = secrets.token_hex(8)
        group = self._group(run.job_id)
        body = container_body(
            run,
            spec,
            self._ceilings,
            installation=self._installation,
            word=word,
            cgroup_parent=None if group is None else self._parent_of(run.job_id),
            check_mounts=self._engine.facts().local,
        )
        body = self._hosts.opened(
            body, container_name(run.job_id), self._engine.facts(), seen=group is not None
        )
        with ContainerAttempt(self._engine, run, spec, word, group, self._shares, observer, halt) as attempt:
            if attempt.create(body) and attempt.run():
                attempt.finish()
        return attempt.outcome

    def loosen(self, run: Run, spec: JobSpec) -> None:
        """Give the container of a running job the memory and the CPUs of ``spec``. Raises ``unavailable``."""
        try:
            ignored = limits_ignored(
                self._engine.update(run.engine_ref or "", limits_body(spec.memory, spec.cpus))
            )
        except EngineError as error:
            raise unavailable(str(error), where=run.job_id) from error
        if ignored:
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
        heard = Heard(observer)
        if spec.sandbox is not None:
            self._comeback(run, halt, heard).awaited()
            return self._in_sandbox(run, spec, observer, halt).adopt()
        try:
            return self._found_again(run, heard, halt, seen_until=seen_until)
        finally:
            self._hosts.take_back(container_name(run.job_id))

    def _found_again(
        self,
        run: Run,
        heard: Heard,
        halt: Halt,
        *,
        seen_until: datetime | None = None,
        away_since: datetime | None = None,
    ) -> Outcome:
        """Follow the container of a run that has been placed, as often as its engine comes back.

        ``away_since`` is when the engine was lost, where somebody saw it.
        """
        spec = run.effective or run.requested
        assert spec is not None
        placed = run.changed(engine_ref=heard.engine_ref or run.engine_ref)
        comeback = self._comeback(run, halt, heard)
        while True:
            if not comeback.awaited():
                return failed(EngineGoneError("it does not answer"), spec.image, existed=True)
            try:
                return self._taken_over(placed, spec, heard, halt, seen_until, away_since)
            except EngineGoneError:
                away_since = datetime.now(UTC)
            except (EngineError, JobRefusedError) as refusal:
                return failed(refusal, spec.image, existed=True)

    def _taken_over(
        self,
        run: Run,
        spec: JobSpec,
        heard: Heard,
        halt: Halt,
        seen_until: datetime | None,
        away_since: datetime | None,
    ) -> Outcome:
        """Raises :class:`EngineGoneError` where the engine went away (again)."""
        container, word, warm_id = self._left_of(run)
        group = self._group(warm_id or run.job_id)
        attempt = ContainerAttempt(
            self._engine,
            run,
            spec,
            word,
            group,
            self._shares,
            heard,
            halt,
            launch=LaunchRecords(word) if warm_id else None,
        )
        with attempt:
            attempt.outcome = Outcome(
                failure=Failure.ENGINE_LOST,
                message=f"{'OrcaOps ended' if away_since is None else 'The engine went away'} while this job "
                "ran, and no container that had started is left.",
            )
            if container:
                state = attempt.take_over(container)
                begun = engine_time(state["StartedAt"])
                if warm_id:  # it stood ready before, and may never have heard of the job
                    begun = leftovers.launched_at(self._engine, container, word)
                if state["Status"] != "created" and begun is not None:
                    attempt.replay(begun, heard.tell_again(seen_until))
                    attempt.finish()
                    if not halt.requested:
                        attempt.outcome = self._unless_ended_with_engine(attempt.outcome, away_since)
        return replace(attempt.outcome, warm=True) if warm_id else attempt.outcome

    def _unless_ended_with_engine(self, outcome: Outcome, away_since: datetime | None) -> Outcome:
        if outcome.failure is not None or not outcome.exit_code or outcome.oom_killed:
            return outcome
        since, keeps = self._engine.life()
        if not ended_with_engine(
            outcome.exit_code,
            outcome.started_at,
            outcome.finished_at,
            engine_since=engine_time(since),
            keeps=keeps,
            away_since=away_since,
        ):
            return outcome
        message = (
            f"The engine was started anew at {since[:19]}Z; the container ended with the one before, with "
            f"the status {outcome.exit_code}."
        )
        return replace(outcome, failure=Failure.ENGINE_LOST, message=message)

    def never_began(self, run: Run) -> bool:
        """Whether the job in the run's container certainly never began; in a sandbox it may have.

        An engine that does not answer yet is waited for.
        """
        spec = run.effective or run.requested
        if spec is None or spec.sandbox is not None or not self._comeback(run, Halt()).awaited():
            return False
        try:
            if leftovers.never_began(self._engine, self._installation, run.job_id):
                return True
            ready = run.engine_ref
            return ready is not None and leftovers.never_became(self._engine, self._installation, ready)
        except EngineError:
            return False

    def reap(self, living: Iterable[str], *, dry_run: bool = False) -> list[str]:
        """Remove containers, networks, volumes and control groups of this installation's other jobs.

        Raises ``unavailable`` if no engine answers.
        """
        try:
            return self._reaped(living, dry_run=dry_run)
        except EngineError as error:
            raise unavailable(str(error), where="docker", hint=_START_ENGINE) from error

    def held_image(self, image: str) -> HeldImage | None:
        """What the engine knows of an image; None if it does not hold it. Raises ``unavailable``."""
        try:
            facts = self._engine.image_facts(image)
            digest = self._engine.identity(facts["Id"], image).digest
        except ImageMissingError:
            return None
        except EngineError as error:
            raise unavailable(str(error), where="docker", hint=_START_ENGINE) from error
        return HeldImage(image=image, digest=digest, size_bytes=int(facts.get("Size") or 0))

    def fetch(self, image: str, stopped: Callable[[], bool]) -> None:
        """Pull an image; ends early once ``stopped()``. Raises ``unavailable``."""
        try:
            self._engine.pull(image, stopped)
        except EngineError as error:
            raise unavailable(str(error), where=image, hint="It is tried again later.") from error

    def drop_image(self, image: str) -> bool:
        """Remove an image; false if a container uses it, or it is not there. Raises ``unavailable``."""
        try:
            return self._engine.remove_image(image)
        except EngineError as error:
            raise unavailable(str(error), where="docker", hint=_START_ENGINE) from error

    def prepare(self, spec: JobSpec) -> Prepared:
        """Make one container ready for jobs like this; blocks for as long as a cold start.

        Raises ``CannotStandReady`` where that is never possible, ``unavailable`` where it failed now.
        """
        try:
            if self._pool is None:
                self._pool = self._new_pool()
            return self._pool.prepare(spec)
        except (EngineError, JobRefusedError) as error:
            raise unavailable(str(error), where=spec.image or "", hint=_START_ENGINE) from error

    def prepared(self) -> list[Prepared]:
        """What stands ready in this process, the oldest first."""
        return [] if self._pool is None else self._pool.prepared()

    def standing(self) -> list[Prepared]:
        """What stands ready in any process of this installation. Raises ``unavailable``."""
        try:
            found = self._engine.containers(f"{LABEL_HOME}={self._installation}")
            return [warm for ref, state, labels in found if (warm := self._standing(ref, state, labels))]
        except EngineError as error:
            raise unavailable(str(error), where="docker", hint=_START_ENGINE) from error

    def stood(self) -> list[tuple[Prepared, Ending]]:
        """What has ceased to stand ready since this was last asked, and why."""
        return [] if self._pool is None else self._pool.stood()

    def discard(self, warm_id: str, why: Ending = "expired") -> bool:
        """Remove something that stands ready; false if a job has taken it meanwhile."""
        return self._pool is not None and self._pool.discard(warm_id, why)

    def close(self) -> None:
        """Remove all that stands ready."""
        if self._pool is not None:
            self._pool.close()

    def _standing(self, ref: str, state: str, labels: dict[str, str]) -> Prepared | None:
        if LABEL_WARM not in labels or state != "running":
            return None
        try:
            facts = self._engine.inspect(ref)
        except EngineRefusedError:
            return None  # it has gone meanwhile
        if facts["Name"].lstrip("/") != warm_name(labels[LABEL_WARM]):
            return None  # it has become a job
        ready_at = engine_time(facts["State"]["StartedAt"]) or datetime.now(UTC)
        return Prepared(
            warm_id=labels[LABEL_WARM],
            workspace=labels.get(LABEL_WORKSPACE, ""),
            image=facts["Config"]["Image"],
            image_digest=self._engine.identity(facts["Image"], facts["Config"]["Image"]).digest,
            ready_at=ready_at,
            idle_s=max(0.0, (datetime.now(UTC) - ready_at).total_seconds()),
            took_s=0.0,
            memory_bytes=facts["HostConfig"].get("Memory") or None,
            shape=0,
        )

    def _new_pool(self) -> WarmPool:
        return WarmPool(
            self._engine,
            self._ceilings,
            installation=self._installation,
            owner="" if self._ownership is None else self._ownership.claim(),
            place=self._place,
            hosts=self._hosts,
        )

    def _in_sandbox(self, run: Run, spec: JobSpec, observer: Observer, halt: Halt) -> SandboxAttempt:
        sandbox = spec.sandbox or ""
        container = ""
        with contextlib.suppress(
            SandboxGone, EngineError, OrcaError
        ):  # the attempt itself finds out and says so
            container = self.sandboxes.container_of(sandbox, workspace=run.workspace)
        return SandboxAttempt(
            self._engine,
            run,
            spec,
            container or f"orcaops-no-sandbox-{sandbox}",
            self._group(sandbox) if container else None,
            secrets.token_hex(8),
            observer,
            halt,
        )

    def _place(self, name: str) -> tuple[Cgroup | None, str | None]:
        """A control group of its own, and what the engine calls it."""
        group = self._group(name)
        return group, None if group is None else self._parent_of(name)

    def _reaped(self, living: Iterable[str], *, dry_run: bool) -> list[str]:
        if self._pool is not None:
            self._pool.settle()  # what is being removed is not left behind
        facts = self._engine.facts()
        # Groups first: one that is in no container's name by then has outlived its container.
        groups = group_names(cgroup_prefix(self._installation, facts.cgroup_driver)) if facts.local else []
        labelled = list(self._engine.labelled(f"{LABEL_HOME}={self._installation}"))
        lent = self._hosts.lent()
        keep = set(living)  # asked for last: what was made since the listing is not in the lists
        remove: dict[str, Callable[[str], None]] = {
            "container": self._engine.remove,
            "network": self._engine.remove_network,
            "volume": self._engine.remove_volume,
        }
        found: list[str] = []
        kept = set(keep)
        needed = {container_name(job_id) for job_id in keep}
        for kind, ref, name, labels in labelled:
            if self._is_kept(ref, labels, keep):
                needed.add(name)
                kept.update(labels[key] for key in (LABEL_WARM, LABEL_SANDBOX) if key in labels)
                continue
            of = f"of job {labels[LABEL_JOB]}" if LABEL_JOB in labels else "that stood ready"
            found.append(f"{kind} {name} {of}")
            if not dry_run:
                remove[kind](ref)
        names = {cgroup_name(self._installation, one, facts.cgroup_driver) for one in kept}
        for name in groups:
            group = None if name in names else open_cgroup(name)
            if group is not None:
                found.append(f"control group {name}")
                if not dry_run:
                    group.remove()
        for container in sorted(set(lent) - needed):
            if self._hosts.is_new(container) and container.startswith(_MADE_FOR_NO_JOB):
                continue  # it may have been made since the listing
            found.append(f"hosts file of {container}")
            if not dry_run:
                self._hosts.take_back(container)
        return found

    def _is_kept(self, ref: str, labels: dict[str, str], keep: set[str]) -> bool:
        """Whether something of ours belongs to a living job or process, or is a sandbox."""
        if LABEL_SANDBOX in labels or labels.get(LABEL_JOB) in keep or ref in keep:
            return True
        if LABEL_WARM not in labels:
            return False
        if self._pool is not None and self._pool.owns(labels[LABEL_WARM]):
            return True
        owner = labels.get(LABEL_OWNER, "")
        others = self._ownership is not None and owner != self._ownership.name
        return bool(others and self._ownership is not None and owner and self._ownership.lives(owner))

    def _parent_of(self, job_id: str) -> str:
        driver = self._engine.facts().cgroup_driver
        name = cgroup_name(self._installation, job_id, driver)
        return name if driver == "systemd" else f"/{name}"

    def _group(self, job_id: str) -> Cgroup | None:
        """The job's own control group; None where it could not be read or removed from here."""
        facts = self._engine.facts()
        if not facts.local or not can_remove_groups():
            return None
        return open_cgroup(cgroup_name(self._installation, job_id, facts.cgroup_driver))

    def _comeback(self, run: Run, halt: Halt, heard: Heard | None = None) -> Comeback:
        meanwhile = (lambda: None) if heard is None else heard.unheard
        return Comeback(self._engine, run, halt, self._engine_wait_s, meanwhile)

    def _left_of(self, run: Run) -> tuple[str, str, str]:
        """Id of the run's container, the word of its records, its id while it stood ready; each or empty."""
        for ref in filter(None, (run.engine_ref, container_name(run.job_id))):
            with contextlib.suppress(EngineRefusedError):
                facts = self._engine.inspect(ref)
                labels = facts["Config"].get("Labels") or {}
                warm_id = labels.get(LABEL_WARM, "") if ref == run.engine_ref else ""
                ours = labels.get(LABEL_JOB) == run.job_id or warm_id
                if labels.get(LABEL_HOME) == self._installation and ours:
                    return facts["Id"], labels.get(LABEL_WORD, ""), warm_id
        return "", "", ""


executor: Executor = DockerExecutor()
