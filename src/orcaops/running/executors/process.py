"""ProcessExecutor: runs commands as local processes of this user.

It needs nothing but Linux and isolates nothing: a job sees the host's files, network and processes.
Limits of memory, CPUs and processes are enforced where OrcaOps may make control groups
(:mod:`orcaops.running.process_limits`), and refused elsewhere.

Each job gets a fresh working folder, removed afterwards, a session of its own, no standard input, and
this environment: ``PATH``, ``HOME``, ``USER``, ``LOGNAME``, ``SHELL``, ``LANG``, ``LC_ALL``, ``LC_CTYPE``,
``TZ`` and ``TMPDIR`` as OrcaOps has them, then the job's own ``env``, then two marks by which its
processes are found again (:mod:`orcaops.running.process_tree`). A relative ``cwd`` is a folder made
inside the fresh one. What a job leaves running is killed when its last command ends.
"""

import contextlib
import errno
import fcntl
import logging
import os
import platform
import selectors
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import Any

from orcaops.model.identity import check_id, is_id
from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.run import Artifact, PhaseName, Run, Step
from orcaops.running.artifacts import collect
from orcaops.running.clock import RunClock
from orcaops.running.executor import Capabilities, Executor, Failure, Halt, Health, Observer, Outcome
from orcaops.running.process_limits import ProcessLimits, can_limit, limited_jobs
from orcaops.running.process_tree import ProcessEntry, ProcessTree, all_entries, marks_of
from orcaops.running.process_usage import ProcessUsage

_log = logging.getLogger(__name__)

_INHERITED = ("PATH", "HOME", "USER", "LOGNAME", "SHELL", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "TMPDIR")
_DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_PIECE = 1 << 16
_LOOK_S = 0.05  # how often it is looked whether a tree that was told to end has ended
_OURS_TO_FIX = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE)


class ProcessExecutor:
    """Runs jobs on this machine, in folders below ``folder``.

    ``installation`` tells the processes of one OrcaOps home from those of another. ``limits`` says
    whether control groups can be made; by default it is found out.
    """

    name = "process"

    def __init__(
        self, folder: Path | None = None, *, installation: str = "default", limits: bool | None = None
    ) -> None:
        self._limits = can_limit() if limits is None else limits
        self.capabilities = Capabilities(
            isolates=False,
            images=False,
            memory=self._limits,
            cpus=self._limits,
            pids=self._limits,
            mounts=False,
            networks=frozenset({"host"}),
        )
        self._folder = folder or Path(tempfile.gettempdir()) / f"orcaops-work-{os.getuid()}"
        self._installation = installation

    def probe(self) -> Health:
        """Usable on Linux."""
        usable = Path("/proc/self/stat").exists() and hasattr(os, "pidfd_open")
        return Health(
            usable=usable,
            sentence="Runs local processes of this user and isolates nothing; limits are "
            + (
                "enforced by control groups."
                if self._limits
                else "refused: no control group can be made here."
            )
            if usable
            else "Needs Linux 5.3 or later with /proc: without it a job's children cannot be found.",
            attributes={"kernel": platform.release(), "cpus": str(os.cpu_count() or 1)},
        )

    def run(self, run: Run, observer: Observer, halt: Halt) -> Outcome:
        """Run the job's commands one after the other; the first that fails ends it."""
        spec = run.effective or run.requested
        if spec is None:
            return Outcome(failure=Failure.INFRASTRUCTURE, message="The record does not say what to run.")
        observer.phase(PhaseName.CREATE)
        folder = self._folder / check_id(run.job_id, "job id")
        tree = ProcessTree(self._installation, run.job_id)
        limits = self._limits_of(run) if (spec.memory, spec.cpus, spec.pids) != (None, None, None) else None
        try:
            folder.mkdir(mode=0o700, parents=True)
            if limits is not None:
                limits.create(spec)
                tree.include(limits.processes)
            cwd = _working_folder(folder, spec)
            with _Attempt(spec, cwd=cwd, tree=tree, limits=limits, observer=observer, halt=halt) as attempt:
                observer.placed(f"marks:{self._installation}/{run.job_id}")
                return attempt.bring_to_end()
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return Outcome(failure=Failure.INFRASTRUCTURE, message=f"The job could not be run here: {error}")
        finally:
            observer.phase(PhaseName.CLEAN_UP)
            _remove(folder)
            if limits is not None and not limits.remove():
                _log.warning("the control group of job %s could not be removed", run.job_id)

    def adopt(self, run: Run, observer: Observer, halt: Halt, *, seen_until: datetime | None) -> Outcome:  # noqa: ARG002
        """End what is left of a run whose owner has died: only a parent learns how a process ended."""
        observer.phase(PhaseName.CLEAN_UP)
        tree = ProcessTree(self._installation, run.job_id)
        limits = self._limits_of(run)
        tree.include(limits.processes)
        count = tree.signal(signal.SIGTERM)
        give_up = time.monotonic() + halt.grace_s
        while tree.members() and time.monotonic() < give_up:
            time.sleep(_LOOK_S)
        message = "OrcaOps ended while this job ran; "
        try:
            tree.kill()
            message += (
                f"its {count} processes were stopped." if count else "nothing of it was running any more."
            )
        except TimeoutError as error:
            message += f"{error}."
        _remove(self._folder / check_id(run.job_id, "job id"))
        limits.remove()
        return Outcome(failure=Failure.ENGINE_LOST, message=message)

    def reap(self, living: Iterable[str], *, dry_run: bool = False) -> list[str]:
        """Kill the processes, and remove the folders, of this installation's jobs not in ``living``."""
        keep = set(living)
        orphans: dict[str, list[int]] = {}
        for entry in all_entries():
            marks = marks_of(entry.pid)
            if marks is not None and marks[0] == self._installation and marks[1] not in keep:
                orphans.setdefault(marks[1], []).append(entry.pid)
        found = [f"process {pid} of job {job_id}" for job_id, pids in orphans.items() for pid in pids]
        folders = [
            path
            for path in (sorted(self._folder.iterdir()) if self._folder.is_dir() else ())
            if is_id(path.name) and path.name not in keep
        ]
        found += [f"folder {path}" for path in folders]
        limited = [job_id for job_id in limited_jobs(self._installation) if job_id not in keep]
        found += [f"control group of job {job_id}" for job_id in limited]
        if dry_run:
            return found
        for job_id in {*orphans, *limited}:
            limits = ProcessLimits(self._installation, job_id)
            tree = ProcessTree(self._installation, job_id)
            tree.include(limits.processes)
            with contextlib.suppress(TimeoutError):
                tree.kill()
            limits.remove()
        for path in folders:
            _remove(path)
        return found

    def _limits_of(self, run: Run) -> ProcessLimits:
        return ProcessLimits(self._installation, check_id(run.job_id, "job id"))


class _Attempt:
    """One job at work: its pipes, its processes, and the loop that waits for either."""

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

    def __enter__(self) -> "_Attempt":
        self._selector = self._kept.enter_context(selectors.DefaultSelector())
        self._wake = _Wake()
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
        return Outcome(
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
                _check_executable(command[0], environment["PATH"], self._cwd)
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
            if not any(map(os.path.exists, _places(command[0], environment["PATH"], self._cwd))):
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
                self._pump(_LOOK_S)
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


class _Wake:
    """Lets another thread end the wait of a selector, also when nobody waits any more."""

    def __init__(self) -> None:
        self.descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._closed = False

    def ring(self) -> None:
        with self._lock:  # a closed descriptor's number may belong to another file
            if not self._closed:
                os.eventfd_write(self.descriptor, 1)

    def quiet(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.eventfd_read(self.descriptor)

    def close(self) -> None:
        with self._lock:
            self._closed = True
            os.close(self.descriptor)


def _waiting_bytes(descriptor: int) -> int:
    count: int = struct.unpack("i", fcntl.ioctl(descriptor, termios.FIONREAD, b"\0" * 4))[0]
    return count


def _check_executable(program: str, path: str, cwd: Path) -> None:
    """Raise what executing it would raise if the program is missing or is none."""
    places = _places(program, path, cwd)
    if not any(os.path.isfile(place) and os.access(place, os.X_OK) for place in places):  # noqa: PTH113
        raise OSError(errno.EACCES, os.strerror(errno.EACCES), program)


def _places(program: str, path: str, cwd: Path) -> list[str]:
    """Where a program of that name may be."""
    folders = [""] if "/" in program else path.split(":")
    return [os.path.join(cwd, folder, program) for folder in folders]  # noqa: PTH118  paths raise where these do not


def _working_folder(folder: Path, spec: JobSpec) -> Path:
    if spec.cwd is None:
        return folder
    if Path(spec.cwd).is_absolute():
        cwd = Path(os.path.realpath(spec.cwd))
        if not cwd.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "the working directory does not exist", spec.cwd)
        return cwd
    cwd = folder / spec.cwd
    if ".." in cwd.parts:
        raise ValueError(f"the working directory {spec.cwd!r} leaves the job's own")
    cwd.mkdir(parents=True)
    return cwd


def _remove(folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():  # a folder that its owner may not write to keeps what is in it
        _open_up(str(folder))
        shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        _log.warning("the working folder %s could not be removed", folder)


def _open_up(folder: str) -> None:
    with contextlib.suppress(OSError):
        os.chmod(folder, 0o700)  # noqa: PTH101  scandir speaks in strings
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    _open_up(entry.path)


executor: Executor = ProcessExecutor()
