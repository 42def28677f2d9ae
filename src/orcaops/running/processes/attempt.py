"""ProcessAttempt: the commands of one job as local processes, from the first pipe to the last stray."""

import contextlib
import errno
import fcntl
import logging
import os
import selectors
import signal
import struct
import subprocess
import termios
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.run import Artifact, PhaseName, Step
from orcaops.running.artifacts import collect
from orcaops.running.clock import RunClock
from orcaops.running.executor import Failure, Halt, Observer, Outcome
from orcaops.running.processes.limits import ProcessLimits
from orcaops.running.processes.programs import check_executable, program_places
from orcaops.running.processes.tree import ProcessEntry, ProcessTree
from orcaops.running.processes.usage import ProcessUsage
from orcaops.running.wake import Wake

_log = logging.getLogger(__name__)

_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PIECE = 1 << 16
_OURS_TO_FIX = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)
LOOK_S = 0.05
"""How often it is looked whether a tree that was told to end has ended."""


class ProcessAttempt:
    """One job at work: its pipes, its processes, and the loop that waits for either.

    To be entered; what is left of the job when it is left is killed.
    """

    def __init__(
        self,
        spec: JobSpec,
        *,
        cwd: Path,
        tree: ProcessTree,
        limits: ProcessLimits | None,
        observer: Observer,
        halt: Halt,
    ) -> None:
        self._limits = limits
        self._spec = spec
        self._cwd = cwd
        self._tree = tree
        self._observer = observer
        self._halt = halt
        self._clock = RunClock()
        self._usage = ProcessUsage()
        self._steps: list[Step] = []
        self._started_at: datetime | None = None
        self._kill_at: float | None = None
        self._left: list[ProcessEntry] = []
        self._tree_ended = False
        self._kept = contextlib.ExitStack()

    def __enter__(self) -> "ProcessAttempt":
        self._selector = self._kept.enter_context(selectors.DefaultSelector())
        self._wake = Wake()
        self._kept.callback(self._wake.close)
        self._selector.register(self._wake.descriptor, selectors.EVENT_READ, self._begin_to_stop)
        self._ends = {stream: self._pipe(stream) for stream in Stream}
        self._halt.subscribe(self._wake.ring)
        return self

    def __exit__(self, *_: object) -> None:
        try:
            if not self._tree_ended:
                self._tree.kill()
        except TimeoutError as error:
            _log.warning("something of a job is left: %s", error)
        finally:
            self._kept.close()

    def bring_to_end(self) -> Outcome:
        """Run the commands, end what they left behind, and collect what they leave to keep."""
        self._observer.phase(PhaseName.START)
        for command in self._spec.steps():
            if self._halt.requested or not self._run_step(command):
                break
        finished_at = self._clock.now()
        strays = self._end_the_rest()
        last = self._steps[-1] if self._steps else None
        usage = self._usage.total(complete=not strays)
        if self._limits is not None:
            usage = self._limits.usage(usage)
        failure, message = None, None
        artifacts: tuple[Artifact, ...] = ()
        if self._spec.artifacts and last is not None:
            self._observer.phase(PhaseName.COLLECT)
            try:
                artifacts = collect(self._cwd, self._spec.artifacts, self._observer.artifact_dir)
            except OSError as error:
                failure, message = Failure.INFRASTRUCTURE, f"The artifacts could not be kept: {error}"
        outcome = Outcome(
            exit_code=last.exit_code if last is not None else None,
            signal=last.signal if last is not None else None,
            failure=failure,
            message=message,
            started_at=self._started_at,
            finished_at=finished_at if self._started_at is not None else None,
            steps=tuple(self._steps),
            oom_killed=self._limits is not None and self._limits.oom_kills() > 0,
            usage=usage,
            artifacts=artifacts,
        )
        if outcome.tells_the_end:
            self._observer.ended(outcome)
        return outcome

    def _run_step(self, command: tuple[str, ...]) -> bool:
        """Run one command to its end; whether the next may run."""
        process, refusal = self._start(command)
        at, since = self._clock.now(), time.monotonic()
        if self._started_at is None:
            self._started_at = at
            self._observer.started(at)
            self._observer.phase(PhaseName.RUN)
        exit_code: int | None
        if process is None:
            exit_code, number = (127 if refusal.errno in (errno.ENOENT, errno.ENOTDIR) else 126), None
            reason = f"orcaops: {command[0]}: {'not found' if exit_code == 127 else refusal.strerror}\n"
            self._observer.output(Stream.STDERR, reason.encode("utf-8", "replace"), at)
        else:
            exit_code, number = self._wait_for(process)
        step = Step(
            command=command,
            started_at=at,
            duration_s=time.monotonic() - since,
            exit_code=exit_code,
            signal=number,
        )
        self._steps.append(step)
        self._observer.step(step)
        return exit_code == 0

    def _start(self, command: tuple[str, ...]) -> "tuple[subprocess.Popen[bytes] | None, OSError]":
        environment = {name: os.environ[name] for name in _INHERITED if name in os.environ}
        environment.setdefault("PATH", _DEFAULT_PATH)
        environment.update(self._spec.env)
        environment.update(self._tree.environment())
        try:
            if self._limits is not None:  # shells differ in what they make of it
                check_executable(command[0], environment["PATH"], self._cwd)
            process = subprocess.Popen(
                command if self._limits is None else self._limits.entering(command),
                cwd=self._cwd,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=self._ends[Stream.STDOUT],
                stderr=self._ends[Stream.STDERR],
                start_new_session=True,
            )
        except OSError as error:
            if error.errno in _OURS_TO_FIX or not self._cwd.is_dir():
                raise
            if not any(map(os.path.exists, program_places(command[0], environment["PATH"], self._cwd))):
                # A folder of PATH that may not be read is no reason to call it there but forbidden.
                error = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
            return None, error
        self._tree.add_leader(process.pid)
        return process, OSError()

    def _wait_for(self, process: "subprocess.Popen[bytes]") -> tuple[int | None, int | None]:
        """Pass on output until the process has ended; its exit code or its signal."""
        descriptor = os.pidfd_open(process.pid)
        ended: list[tuple[int, Any]] = []

        def reap() -> None:
            _, status, usage = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)  # so that Popen does not wait for it too
            ended.append((process.returncode, usage))

        self._usage.begin(process.pid)
        self._selector.register(descriptor, selectors.EVENT_READ, reap)
        try:
            while not ended:
                self._pump(self._usage.next_look_s(), until=ended)
                self._usage.look()
                self._kill_if_due()
        finally:
            if not ended:  # something of ours failed: whatever it was, no process stays behind
                self._tree.kill()
                reap()
            self._selector.unregister(descriptor)
            os.close(descriptor)
            self._tree.remove_leader(process.pid)
        self._left = self._tree.members()
        code, usage = ended[0]
        self._usage.end(usage)
        self._drain()
        return (code, None) if code >= 0 else (None, -code)

    def _pump(self, timeout_s: float, until: list[Any] | None = None) -> None:
        """Wait for something to happen, and see to it; nothing that comes later is seen to after an end."""
        if self._kill_at is not None:
            timeout_s = min(timeout_s, max(0.0, self._kill_at - time.monotonic()))
        ready = self._selector.select(timeout_s)
        # An end that has already come is noticed before a halt is, so that the halt does not change it.
        ready.sort(key=lambda event: event[0].fd == self._wake.descriptor)
        for key, _ in ready:
            if until and key.fd == self._wake.descriptor:
                continue
            key.data()

    def _begin_to_stop(self) -> None:
        self._wake.quiet()
        if self._kill_at is not None:
            return
        self._kill_at = time.monotonic() + self._halt.grace_s
        self._tree.signal(signal.SIGTERM)
        self._tree.signal(signal.SIGCONT)  # one that is stopped would not notice before

    def _kill_if_due(self) -> None:
        if self._kill_at is not None and time.monotonic() >= self._kill_at:
            self._tree.kill()

    def _end_the_rest(self) -> bool:
        """End what the commands left running; whether there was anything."""
        strays = bool(self._left and self._tree.members())  # if nobody was left, nobody can have come
        if strays and self._kill_at is not None:  # told to end: the rest of the grace is theirs too
            while time.monotonic() < self._kill_at and self._tree.members():
                self._pump(LOOK_S)
        if strays:
            self._tree.kill()
        self._tree_ended = True
        self._drain()
        return strays

    def _pipe(self, stream: Stream) -> int:
        """A pipe whose output is passed on as this stream; returns the end for the commands."""
        reading, writing = os.pipe()
        self._kept.callback(os.close, reading)
        self._kept.callback(os.close, writing)
        os.set_blocking(reading, False)

        def pass_on() -> None:
            with contextlib.suppress(BlockingIOError):
                if piece := os.read(reading, _PIECE):
                    self._observer.output(stream, piece, self._clock.now())

        self._selector.register(reading, selectors.EVENT_READ, pass_on)
        return writing

    def _drain(self) -> None:
        """Pass on what is in the pipes now, not what somebody may go on writing into them."""
        for key in list(self._selector.get_map().values()):
            if key.fd == self._wake.descriptor:
                continue
            waiting = _waiting_bytes(key.fd)
            while waiting > 0:
                key.data()
                waiting -= _PIECE


def _waiting_bytes(descriptor: int) -> int:
    count: int = struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))[0]
    return count
