"""ContainerAttempt: the life of one job's container, from create to remove."""

import logging
import tarfile
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any

from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.run import Artifact, PhaseName, Run, Step, Usage
from orcaops.running.cgroup import Cgroup
from orcaops.running.clock import RunClock
from orcaops.running.containers import hosts, leftovers, podman
from orcaops.running.containers.artifacts import collect
from orcaops.running.containers.launch_script import LaunchRecords
from orcaops.running.containers.meter import ContainerMeter, EngineStats, SetUpShares
from orcaops.running.containers.output import engine_time, live_pieces, logged_pieces
from orcaops.running.containers.request import LOG_KEPT_BYTES, JobRefusedError, container_name, limits_ignored
from orcaops.running.containers.script import StepRecords
from orcaops.running.containers.status import exit_or_signal
from orcaops.running.containers.stop import ContainerStop
from orcaops.running.engine.api import Engine
from orcaops.running.engine.errors import (
    ContainerGoneError,
    EngineError,
    EngineGoneError,
    EngineRefusedError,
    ImageMissingError,
)
from orcaops.running.engine.streams import Connection, LogStream
from orcaops.running.executor import Failure, Halt, Observer, Outcome

_log = logging.getLogger(__name__)

_OOM_SIGNAL = 9
_COMMAND_NOT_RUN = (126, 127)
_NOT_FOUND = 404
_NAME_TAKEN = 409
_NAME_FREE_WITHIN_S = 60.0  # an engine that is short of processors takes long to make a container
_MARGIN_S = 1.0  # an engine's log is asked for from a little before, and told apart exactly here


class ContainerAttempt:
    """One job at work. Use as a context: whatever happens inside, the container is removed at its end.

    ``word`` marks the records of a job with several commands. ``group`` is the control group below
    which the container runs, None where there is none of its own. ``launch`` is given for a container that
    stood ready: its job begins behind a mark in the output, not with the container.
    """

    def __init__(
        self,
        engine: Engine,
        run: Run,
        spec: JobSpec,
        word: str,
        group: Cgroup | None,
        shares: SetUpShares,
        observer: Observer,
        halt: Halt,
        *,
        launch: LaunchRecords | None = None,
    ) -> None:
        self._engine = engine
        self._launch = launch
        self._run = run
        self._spec = spec
        self._group = group
        self._shares = shares
        self._observer = observer
        self._halt = halt
        self._clock = RunClock()
        self._container = ""
        self._connection: Connection | LogStream | None = None
        self._stop: ContainerStop | None = None
        self._meter: ContainerMeter | EngineStats | None = None
        self._usage: Usage | None = None
        self._seen_until: datetime | None = None
        self._started_at: datetime | None = None
        self._has_ended = threading.Event()
        self._given_up = False
        self._complaint: str | None = None
        self._head = b""
        commands = spec.steps()
        self._records = StepRecords(commands, word, self._step_ended) if len(commands) > 1 else None
        self.outcome = Outcome()

    def __enter__(self) -> "ContainerAttempt":
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> bool:
        """Clean up; an exception becomes the outcome's failure.

        But not that the engine went away: the container may be there when it is back.
        """
        if isinstance(error, EngineGoneError) and not isinstance(error, ContainerGoneError):
            if not self._given_up:
                self._leave_alone()
                return False
            error = ContainerGoneError(str(error))
        if isinstance(error, Exception):
            self.outcome = self._failed(error)
        elif self.outcome.tells_the_end:
            self._observer.ended(self.outcome)
        self._clean_up()
        return isinstance(error, Exception)

    def create(self, body: dict[str, Any]) -> bool:
        """Create the container, pulling its image if need be; false if the run was stopped meanwhile."""
        self._observer.phase(PhaseName.CREATE)
        if self._is_stopped():
            return False
        name = container_name(self._run.job_id)
        if self._spec.pull_policy == "always" and not self._pull():
            return False
        try:
            self._container, warnings = self._created(name, body)
        except ImageMissingError:
            if not self._pull():
                return False
            self._container, warnings = self._created(name, body)
        if ignored := limits_ignored(warnings):
            raise JobRefusedError(f"the engine would not keep a limit: {' '.join(ignored)}")
        podman.open_root(self._engine, self._container)
        self._observer.placed(self._container)
        return not self._is_stopped()

    def _created(self, name: str, body: dict[str, Any]) -> tuple[str, list[str]]:
        """Create the container, once its name is free of what a dead owner has left."""
        give_up = time.monotonic() + _NAME_FREE_WITHIN_S
        while True:
            try:
                return hosts.create(self._engine, name, body)
            except EngineRefusedError as error:
                may_try = error.status == _NAME_TAKEN and time.monotonic() < give_up
                if not (may_try and leftovers.cleared(self._engine, body["Labels"], name)):
                    raise

    def _pull(self) -> bool:
        """Bring the image here; false if the run was stopped meanwhile."""
        self._observer.phase(PhaseName.PULL)
        self._engine.pull(str(self._spec.image), self._is_stopped)
        if self._is_stopped():
            return False
        self._observer.phase(PhaseName.CREATE)
        return True

    def run(self) -> bool:
        """Start the container and pass on its output until both streams are closed.

        False if its command could not even be executed.
        """
        self._observer.phase(PhaseName.START)
        self._connection = connection = self._engine.attach(self._container)
        self._measure(running=False)
        try:
            self._engine.start(self._container)
        except EngineRefusedError as error:
            state = self._engine.inspect(self._container)["State"]
            if state["ExitCode"] not in _COMMAND_NOT_RUN:
                raise
            self._observer.output(Stream.STDERR, f"orcaops: {error}\n".encode(), self._clock.now())
            self.outcome = Outcome(exit_code=state["ExitCode"], message=str(error))
            return False
        self._begin(self._clock.now())
        for stream, data in live_pieces(connection):
            self._pass_on(stream, data, self._clock.now())
        return True

    def take_over(self, container: str) -> dict[str, Any]:
        """This container, which somebody else started, is this attempt's; its state."""
        self._container = container
        state: dict[str, Any] = self._engine.inspect(container)["State"]
        return state

    def replay(self, started_at: datetime | None, seen_until: datetime | None) -> None:
        """Pass on what the engine's log holds after ``seen_until`` and what is still to come."""
        self._seen_until = seen_until
        self._measure(running=True)
        self._begin(started_at or self._clock.now())
        # Records of steps that ended before are needed too, so then the log is read from its beginning.
        whole = seen_until is None or self._records or self._launch
        since = 0.0 if whole or seen_until is None else max(0.0, seen_until.timestamp() - _MARGIN_S)
        size, first = 0, None
        for stream, data, at in self._logged(since):
            first = first or at
            size += len(data)
            self._pass_on(stream, data, at)
        if size >= LOG_KEPT_BYTES and first is not None:
            self._complaint = (
                f"The engine keeps only the newest output: what was written before {first.isoformat()} "
                f"and after {seen_until.isoformat() if seen_until else 'the start'} may be missing."
            )

    def _logged(self, since_s: float) -> Iterator[tuple[Stream, bytes, datetime]]:
        """What the engine's log holds from a time on, and what comes until the container ends."""
        if not podman.log_is_told_whole(self._engine):
            return podman.log_looked_up(self._engine, self._container, since_s, lambda: self._given_up)
        self._connection = log = self._engine.logs(self._container, since=f"{since_s:.6f}")
        return logged_pieces(log)

    def finish(self) -> None:
        """Wait for the container's end, read everything about it, and copy what is to be kept."""
        if self._given_up:
            raise ContainerGoneError("the container could not be ended")
        self._engine.wait(self._container)
        self._has_ended.set()
        facts = self._engine.inspect(self._container)
        state = facts["State"]
        if state.get("Status") in ("removing", "dead"):
            raise EngineRefusedError("the container is being removed", _NOT_FOUND)
        sent = set(self._stop.sent) if self._stop is not None else set()
        if self._stop is not None:
            self._stop.ended()
        usage = self._measured()
        oom_killed = bool(state.get("OOMKilled")) or bool(self._meter and self._meter.oom_kills)
        status = state["ExitCode"]
        if told := podman.not_executed(self._engine, status, self._head):
            status, why = told
            self._complaint = f"{self._spec.steps()[0][0]} could not be executed: {why}"
        exit_code, signal = exit_or_signal(status, sent | ({_OOM_SIGNAL} if oom_killed else set()))
        started_at, finished_at = self._times(state)
        if finished_at <= started_at:  # an engine notes the start after the fact: here, after the end
            seen = self._meter.set_up_until if self._meter is not None else None
            started_at = min(finished_at, seen or finished_at)
        image = self._engine.identity(facts["Image"], self._spec.image)
        self.outcome = Outcome(
            exit_code=exit_code,
            signal=signal,
            oom_killed=oom_killed,
            started_at=started_at,
            finished_at=finished_at,
            steps=self._steps(started_at, finished_at, exit_code, signal),
            usage=usage,
            image_digest=image.digest,
            image_id=image.image_id,
            image_pinned=image.pinned,
            image_size_bytes=image.size_bytes,
            user=facts["Config"].get("User") or "root",
            message=self._complaint,
        )
        if self._spec.artifacts:
            self._collect(facts)

    def _times(self, state: dict[str, Any]) -> tuple[datetime, datetime]:
        """When the job began and ended; by the engine's clock if the container was its own from the start."""
        begun = engine_time(state["StartedAt"]) if self._launch is None else None
        ended = engine_time(state["FinishedAt"]) if begun or self._engine.facts().local else None
        return begun or self._started_at or self._clock.now(), ended or self._clock.now()

    def _collect(self, facts: dict[str, Any]) -> None:
        self._observer.phase(PhaseName.COLLECT)
        artifacts: tuple[Artifact, ...] = ()
        failure = None
        try:
            artifacts, complaint = collect(
                self._engine,
                self._container,
                facts["Config"].get("WorkingDir") or "/",
                [mount.target for mount in self._spec.mounts],
                self._spec.artifacts,
                self._observer.artifact_dir,
            )
        except EngineGoneError:
            raise
        except (OSError, EngineError, tarfile.TarError) as error:
            failure, complaint = Failure.INFRASTRUCTURE, f"The artifacts could not be kept: {error}"
        message = " ".join(filter(None, (self._complaint, complaint))) or None
        self.outcome = replace(self.outcome, artifacts=artifacts, failure=failure, message=message)

    def _is_stopped(self) -> bool:
        return self._halt.requested

    def _begin(self, at: datetime) -> None:
        self._started_at = at
        self._observer.started(at)
        self._observer.phase(PhaseName.RUN)
        self._stop = ContainerStop(
            self._engine, self._container, self._halt, self._abandon, tell_all=self._tell_all
        )
        self._stop.begin()

    def _tell_all(self) -> None:
        if self._records is not None:
            podman.tell_all(self._engine, self._group, self._container)

    def _pass_on(self, stream: Stream, data: bytes, at: datetime) -> None:
        if self._launch is not None and stream is Stream.STDERR:
            data = self._launch.feed(data, at)
        if self._records is not None and stream is Stream.STDERR:
            data = self._records.feed(data, at)
        if data and len(self._head) <= podman.LONGEST_REFUSAL:
            self._head += data[: podman.LONGEST_REFUSAL + 1]
        if data and self._is_new(at):
            self._observer.output(stream, data, at)

    def _is_new(self, at: datetime) -> bool:
        return self._seen_until is None or at > self._seen_until

    def _step_ended(self, step: Step, at: datetime) -> None:
        if self._is_new(at):
            self._observer.step(step)

    def _steps(
        self, started_at: datetime, finished_at: datetime, exit_code: int | None, signal: int | None
    ) -> tuple[Step, ...]:
        if self._records is not None:
            if rest := self._records.rest():
                self._observer.output(Stream.STDERR, rest, finished_at)
            self._records.close(finished_at, exit_code, signal)
            return tuple(self._records.steps)
        step = Step(
            command=self._spec.steps()[0],
            started_at=started_at,
            duration_s=(finished_at - started_at).total_seconds(),
            exit_code=exit_code,
            signal=signal,
        )
        self._observer.step(step)
        return (step,)

    def _measure(self, *, running: bool, from_here: bool = False) -> None:
        if self._group is None:
            self._meter = EngineStats(self._engine.stats(self._container))
        else:
            isolated = self._spec.network in (None, "none")
            self._meter = ContainerMeter(self._group, self._container, self._shares, isolated=isolated)
            if from_here:
                self._meter.forget_what_was()
        self._meter.begin(running=running)

    def _measured(self) -> Usage:
        if self._meter is not None and self._usage is None:
            self._usage = self._meter.end()
        return self._usage or Usage()

    def _abandon(self) -> None:
        """Give the container up: end the wait for its output."""
        self._given_up = True
        if self._connection is not None:
            self._connection.shut_down()

    def _failed(self, error: Exception) -> Outcome:
        _log.debug("job %s failed", self._run.job_id, exc_info=error)
        existed = bool(self._container)
        if isinstance(error, EngineRefusedError) and error.status == _NOT_FOUND and self._started_at:
            error = ContainerGoneError("somebody else removed the container")
        return replace(
            failed(error, self._spec.image, existed=existed),
            started_at=self._started_at,
            finished_at=self._clock.now() if self._started_at is not None else None,
            usage=self._measured() if existed else Usage(),
        )

    def _clean_up(self) -> None:
        self._observer.phase(PhaseName.CLEAN_UP)
        self._let_go()

    def _leave_alone(self) -> None:
        """Do nothing more about the job: all that is its own stays in the engine."""
        self._turn_away()
        if self._container:
            self._measured()  # ends the thread that looks

    def _let_go(self) -> None:
        """Remove all that is the job's in the engine."""
        self._turn_away()
        if self._container:
            try:
                self._engine.remove(self._container)
            except EngineError as error:
                _log.warning(
                    "the container of job %s is left until the next start: %s", self._run.job_id, error
                )
            self._measured()  # ends the thread that looks, if nobody has
        if self._group is not None and self._group.exists() and not self._group.remove():
            _log.warning("the control group of job %s is left until the next start", self._run.job_id)

    def _turn_away(self) -> None:
        """Neither listen to the container nor stop it any more."""
        self._has_ended.set()
        if self._stop is not None:
            self._stop.ended()
        if self._connection is not None:
            self._connection.close()


def failed(error: Exception, image: str | None, *, existed: bool = False) -> Outcome:
    """The outcome of a run that ended with this error; its container ``existed`` or not yet."""
    if isinstance(error, ImageMissingError):
        return Outcome(
            failure=Failure.IMAGE_UNAVAILABLE,
            message=f"The image {image!r} is not on this engine and could not be pulled: {error}. Check its "
            "name with `docker images`, or bring it here with `docker pull` or `docker load`.",
        )
    if isinstance(error, EngineGoneError):
        if existed:
            return Outcome(failure=Failure.ENGINE_LOST, message=f"The engine was lost meanwhile: {error}")
        return Outcome(
            failure=Failure.INFRASTRUCTURE, message=f"{error}. Start the engine, or set DOCKER_HOST."
        )
    known = isinstance(error, EngineError | JobRefusedError | OSError)
    return Outcome(
        failure=Failure.INFRASTRUCTURE,
        message=f"The job could not be run: {'' if known else type(error).__name__ + ': '}{error}",
    )
