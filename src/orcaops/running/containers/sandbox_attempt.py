"""SandboxAttempt: one job in a sandbox, beside whatever else runs there.

The command is a further process of the sandbox's container. It begins behind a gate: a shell says which
process it is, waits until it has been put into a control group of its own, and becomes the command.
Its own group makes usage exact and lets a halt reach the whole tree and nobody else; it outlives OrcaOps,
so whoever adopts the command counts and stops it as well. Where the engine is on another machine there
is no such group: then a halt reaches the command's session, and usage is not known.
"""

import contextlib
import logging
import os
import re
import signal
import tarfile
import threading
from dataclasses import replace
from datetime import datetime

from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.run import PhaseName, Run, Step, Usage
from orcaops.running.cgroup import Cgroup, Disk
from orcaops.running.clock import RunClock
from orcaops.running.containers.artifacts import collect
from orcaops.running.containers.exec_group import ExecGroup
from orcaops.running.containers.output import live_pieces
from orcaops.running.containers.script import StepRecords, script_of
from orcaops.running.containers.status import exit_or_signal
from orcaops.running.engine.api import Engine
from orcaops.running.engine.errors import EngineError, EngineGoneError, EngineRefusedError
from orcaops.running.engine.streams import Connection
from orcaops.running.executor import Failure, Halt, Observer, Outcome

_log = logging.getLogger(__name__)

_GATE = """printf '\\036%s %s\\036\\n' "$1" "$$" >&2
IFS= read -r go || exit 125
[ "$go" = "$1" ] || exit 125
shift
unset go PWD OLDPWD SHLVL
[ -z "${BASH_VERSION-}" ] || set -- env -u _ -u SHLVL "$@"
exec "$@" </dev/null
"""
_OPENS_WITHIN_S = 10.0
_LOOK_S = (0.05, 1.0)
_PROCESS_LOOKS, _PROCESS_LOOK_S = 100, 0.01
_LAST_WORDS_S = 0.2
_KILL_SIGNAL = 9


class SandboxAttempt:
    """One command at work in a running container; ``parent`` is the control group around the container."""

    def __init__(
        self,
        engine: Engine,
        run: Run,
        spec: JobSpec,
        container: str,
        parent: Cgroup | None,
        word: str,
        observer: Observer,
        halt: Halt,
    ) -> None:
        self._engine = engine
        self._run = run
        self._spec = spec
        self._container = container
        self._parent = parent
        self._word = word
        self._observer = observer
        self._halt = halt
        self._clock = RunClock()
        self._exec_id = ""
        self._inner = 0
        self._process = 0
        self._head = b""
        self._connection: Connection | None = None
        self._group: ExecGroup | None = None
        self._started_at: datetime | None = None
        self._over = threading.Event()
        self._sent: set[int] = set()
        self._given_up = False
        steps = spec.steps()
        self._records = StepRecords(steps, word, self._step_ended) if len(steps) > 1 else None

    def run(self) -> Outcome:
        """Run the command to its end."""
        try:
            return self._run_it()
        except (EngineError, OSError) as error:
            return self._failed(error)
        finally:
            self._observer.phase(PhaseName.CLEAN_UP)
            self._over.set()
            if self._connection is not None:
                self._connection.close()
            self._leave_group()

    def adopt(self) -> Outcome:
        """Wait for the end of a command whose owner has died; what it still wrote is lost."""
        self._exec_id = (self._run.engine_ref or "").partition(" ")[2]
        self._started_at = self._run.started_at or self._clock.now()
        self._observer.started(self._started_at)
        self._observer.phase(PhaseName.RUN)
        try:
            if not self._exec_id:
                raise EngineGoneError("it had not begun in the sandbox")
            return self._await_adopted()
        except EngineError as error:
            return replace(self._failed(error), failure=Failure.ENGINE_LOST)
        finally:
            self._over.set()
            self._leave_group()

    def _await_adopted(self) -> Outcome:
        facts = self._engine.exec_facts(self._exec_id)
        child = self._parent.child_of(self._container) if self._parent is not None else None
        if child is not None:
            self._group = ExecGroup.find(child, self._group_name())
        if self._group is not None:
            self._process = int(facts.get("Pid") or 0)
        self._halt.subscribe(self._begin_to_stop)
        if facts["Running"]:
            self._await_end()
            facts = self._engine.exec_facts(self._exec_id)
        if facts["Running"]:
            raise EngineGoneError("the command could not be ended")
        usage = self._usage()
        oom_killed = bool(usage.oom_kills)
        sent = self._sent | ({_KILL_SIGNAL} if oom_killed else set())
        exit_code, number = exit_or_signal(int(facts.get("ExitCode") or 0), sent)
        return Outcome(
            exit_code=exit_code,
            signal=number,
            oom_killed=oom_killed,
            started_at=self._started_at,
            finished_at=self._clock.now(),
            usage=usage,
            image_digest=self._run.image_digest,
            message="OrcaOps ended while this ran in a sandbox: what it wrote after that is not kept.",
        )

    def _leave_group(self) -> None:
        if self._group is not None:
            if self._halt.requested:  # who outlived the command goes with it; else they may stay
                self._group.send(signal.SIGKILL)
            self._group.close()

    def _group_name(self) -> str:
        """By what the engine calls the command: so it is found again by whoever adopts it."""
        return f"exec-{self._exec_id[:32]}"

    def _run_it(self) -> Outcome:
        self._observer.phase(PhaseName.CREATE)
        if self._halt.requested:
            return Outcome()
        steps = self._spec.steps()
        argv = steps[0] if len(steps) == 1 else ("sh", "-c", script_of(steps, self._word))
        self._exec_id = self._engine.exec_create(
            self._container,
            {
                "AttachStdin": True,
                "AttachStdout": True,
                "AttachStderr": True,
                "Cmd": ["sh", "-c", _GATE, "sh", self._word, *argv],
                "Env": [f"{name}={value}" for name, value in self._spec.env.items()],
                **({"WorkingDir": self._spec.cwd} if self._spec.cwd else {}),
            },
        )
        self._observer.placed(f"{self._container} {self._exec_id}")
        self._observer.phase(PhaseName.START)
        connection = self._connection = self._engine.exec_start(self._exec_id)
        connection.wait_at_most(_OPENS_WITHIN_S)
        threading.Thread(target=self._watch, args=(connection,), name="orcaops-exec", daemon=True).start()
        for stream, data in live_pieces(connection):
            self._take(connection, stream, data)
        return self._ended()

    def _take(self, connection: Connection, stream: Stream, data: bytes) -> None:
        at = self._clock.now()
        if self._started_at is None:
            self._head += data
            gate = re.search(rb"\x1e%s (\d+)\x1e\n" % self._word.encode(), self._head)
            if gate is None:
                return
            data, self._inner = self._head[gate.end() :], int(gate[1])
            self._open(connection, at)
        if self._records is not None and stream is Stream.STDERR:
            data = self._records.feed(data, at)
        if data:
            self._observer.output(stream, data, at)

    def _open(self, connection: Connection, at: datetime) -> None:
        """The gate has been reached: count from here, and let the command begin."""
        self._process = process = self._process_id()
        child = self._parent.child_of(self._container) if self._parent is not None else None
        if child is not None and process > 1:
            self._group = ExecGroup.open(child, self._group_name(), process)
        connection.wait_at_most(None)
        self._started_at = at
        self._observer.started(at)
        self._observer.phase(PhaseName.RUN)
        connection.send(f"{self._word}\n".encode())
        self._halt.subscribe(self._begin_to_stop)

    def _process_id(self) -> int:
        """The command's process; 0 if the engine does not know it within a second.

        The gate can be heard of before the engine has noted whose word it was.
        """
        for _ in range(_PROCESS_LOOKS):
            if process := int(self._engine.exec_facts(self._exec_id).get("Pid") or 0):
                return process
            if self._over.wait(_PROCESS_LOOK_S):
                break
        return 0

    def _watch(self, connection: Connection) -> None:
        """End the output with the command, though somebody it left behind may hold its streams open."""
        with contextlib.suppress(EngineError):
            self._await_end()
            if not self._over.wait(_LAST_WORDS_S):
                connection.shut_down()

    def _await_end(self) -> None:
        pause_s = _LOOK_S[0]
        while not self._over.wait(pause_s) and not self._given_up:
            if not self._engine.exec_facts(self._exec_id)["Running"]:
                return
            pause_s = min(_LOOK_S[1], pause_s * 1.5)

    def _ended(self) -> Outcome:
        if self._given_up:
            raise EngineGoneError("the command could not be ended")
        facts = self._engine.exec_facts(self._exec_id)
        if facts["Running"]:
            self._await_end()
            facts = self._engine.exec_facts(self._exec_id)
        self._over.set()
        finished_at = self._clock.now()
        status = int(facts["ExitCode"])
        if self._started_at is None:
            return self._never_began(status)
        usage = self._usage()
        oom_killed = bool(usage.oom_kills)
        exit_code, number = exit_or_signal(status, self._sent | ({_KILL_SIGNAL} if oom_killed else set()))
        outcome = Outcome(
            exit_code=exit_code,
            signal=number,
            oom_killed=oom_killed,
            started_at=self._started_at,
            finished_at=finished_at,
            steps=self._steps(self._started_at, finished_at, exit_code, number),
            usage=usage,
            image_digest=self._run.image_digest,
        )
        if self._spec.artifacts:
            outcome = self._with_artifacts(outcome)
        if outcome.tells_the_end:
            self._observer.ended(outcome)
        return outcome

    def _never_began(self, status: int) -> Outcome:
        said = self._head.decode("utf-8", "replace").strip()
        text = said or f"the sandbox's shell ended with {status}"
        if status in (126, 127):
            self._observer.output(Stream.STDERR, f"orcaops: {text}\n".encode(), self._clock.now())
            return Outcome(exit_code=status, message=text)
        return Outcome(failure=Failure.INFRASTRUCTURE, message=f"The command could not begin: {text}")

    def _with_artifacts(self, outcome: Outcome) -> Outcome:
        self._observer.phase(PhaseName.COLLECT)
        facts = self._engine.inspect(self._container)
        folder = self._spec.cwd or facts["Config"].get("WorkingDir") or "/"
        mounted = [mount["Destination"] for mount in facts.get("Mounts") or ()]
        try:
            found, complaint = collect(
                self._engine,
                self._container,
                folder,
                mounted,
                self._spec.artifacts,
                self._observer.artifact_dir,
            )
        except (OSError, EngineError, tarfile.TarError) as error:
            failure = Failure.INFRASTRUCTURE
            return replace(outcome, failure=failure, message=f"The artifacts could not be kept: {error}")
        return replace(outcome, artifacts=found, message=complaint)

    def _usage(self) -> Usage:
        if self._group is None:
            return Usage()
        counters = self._group.counters
        cpu, disk = counters.cpu(), counters.disk() or Disk(read_bytes=0, written_bytes=0)
        return Usage(
            cpu_seconds=cpu.total_s if cpu else None,
            cpu_user_seconds=cpu.user_s if cpu else None,
            cpu_system_seconds=cpu.system_s if cpu else None,
            memory_peak_bytes=counters.memory_peak_bytes(),
            disk_read_bytes=disk.read_bytes,
            disk_written_bytes=disk.written_bytes,
            oom_kills=counters.oom_kills(),
            exact=cpu is not None,
            basis=f"cgroup_v{counters.version}",
        )

    def _steps(
        self, started_at: datetime, finished_at: datetime, exit_code: int | None, number: int | None
    ) -> tuple[Step, ...]:
        if self._records is not None:
            if rest := self._records.rest():
                self._observer.output(Stream.STDERR, rest, finished_at)
            self._records.close(finished_at, exit_code, number)
            return tuple(self._records.steps)
        step = Step(
            command=self._spec.steps()[0],
            started_at=started_at,
            duration_s=max(0.0, (finished_at - started_at).total_seconds()),
            exit_code=exit_code,
            signal=number,
        )
        self._observer.step(step)
        return (step,)

    def _step_ended(self, step: Step, _at: datetime) -> None:
        self._observer.step(step)

    def _begin_to_stop(self) -> None:
        if not self._over.is_set():
            threading.Thread(target=self._stop, name="orcaops-stop", daemon=True).start()

    def _stop(self) -> None:
        for number, wait_s in ((signal.SIGTERM, self._halt.grace_s), (signal.SIGKILL, 4.0)):
            self._sent.add(int(number))
            try:
                self._send(number)
            except EngineError as error:
                _log.warning("%s could not be sent in %s: %s", number.name, self._container[:12], error)
            if self._over.wait(wait_s):
                break
        else:
            self._given_up = True
            if self._connection is not None:
                self._connection.shut_down()

    def _send(self, number: signal.Signals) -> None:
        if self._group is not None and number == signal.SIGKILL:
            self._group.send(number)
            return
        if (
            self._group is not None
        ):  # as in a container of its own: the command decides what its children hear
            with contextlib.suppress(ProcessLookupError, PermissionError):
                (os.killpg if self._records is not None else os.kill)(self._process, number)
            return
        if not self._inner:
            return  # adopted, and out of reach: which process it is was known to its dead owner alone
        name = number.name.removeprefix("SIG")
        # The gate's shell leads a session of its own, which the command inherits.
        everybody = self._records is not None or number == signal.SIGKILL
        whom = f"-{self._inner}" if everybody else f"{self._inner}"
        line = f"kill -{name} -- {whom} 2>/dev/null || kill -{name} {whom}"
        exec_id = self._engine.exec_create(self._container, {"Cmd": ["sh", "-c", line]})
        self._engine.exec_start(exec_id).close()

    def _failed(self, error: Exception) -> Outcome:
        gone = isinstance(error, EngineGoneError) or (
            isinstance(error, EngineRefusedError) and error.status in (404, 409)
        )
        begun = self._started_at is not None
        return Outcome(
            failure=Failure.ENGINE_LOST if gone and begun else Failure.INFRASTRUCTURE,
            message=f"The sandbox is not there or does not run: {error}. `orcaops sandbox list` shows them."
            if gone
            else f"The command could not be run in the sandbox: {error}",
            started_at=self._started_at,
            finished_at=self._clock.now() if begun else None,
        )
