"""ProcessExecutor: runs commands as local processes of this user.

It needs nothing but Linux and isolates nothing: a job sees the host's files, network and processes.
Limits of memory, CPUs and processes are enforced where OrcaOps may make control groups
(:mod:`orcaops.running.processes.limits`), and refused elsewhere.

Each job gets a fresh working folder, removed afterwards, a session of its own, no standard input, and
this environment: ``PATH``, ``HOME``, ``USER``, ``LOGNAME``, ``SHELL``, ``LANG``, ``LC_ALL``, ``LC_CTYPE``,
``TZ`` and ``TMPDIR`` as OrcaOps has them, then the job's own ``env``, then two marks by which its
processes are found again (:mod:`orcaops.running.processes.tree`). A relative ``cwd`` is a folder made
inside the fresh one. What a job leaves running is killed when its last command ends.
"""

import contextlib
import logging
import os
import platform
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path

from orcaops.model.errors import unavailable
from orcaops.model.identity import check_id, is_id
from orcaops.model.job import JobSpec
from orcaops.model.run import PhaseName, Run
from orcaops.running.executor import Capabilities, Failure, Halt, Health, Observer, Outcome
from orcaops.running.processes.attempt import LOOK_S, ProcessAttempt
from orcaops.running.processes.folders import remove_folder, working_folder
from orcaops.running.processes.limits import ProcessLimits, can_limit, limited_jobs
from orcaops.running.processes.tree import ProcessTree, all_entries, marks_of

_log = logging.getLogger(__name__)


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
            if folder.exists():  # of an OrcaOps that was killed just before it noted that the job began
                tree.kill()
                remove_folder(folder)
            folder.mkdir(mode=0o700, parents=True)
            if limits is not None:
                limits.create(spec)
                tree.include(limits.processes)
            cwd = working_folder(folder, spec)
            with ProcessAttempt(
                spec, cwd=cwd, tree=tree, limits=limits, observer=observer, halt=halt
            ) as attempt:
                observer.placed(f"marks:{self._installation}/{run.job_id}")
                return attempt.bring_to_end()
        except (OSError, ValueError, subprocess.SubprocessError) as error:
            return Outcome(failure=Failure.INFRASTRUCTURE, message=f"The job could not be run here: {error}")
        finally:
            observer.phase(PhaseName.CLEAN_UP)
            remove_folder(folder)
            if limits is not None and not limits.remove():
                _log.warning("the control group of job %s could not be removed", run.job_id)

    def loosen(self, run: Run, spec: JobSpec) -> None:
        """Give the processes of a running job the memory and the CPUs of ``spec``. Raises ``unavailable``."""
        try:
            self._limits_of(run).change(spec)
        except OSError as error:
            raise unavailable(f"the limits cannot be changed: {error}", where=run.job_id) from error

    def adopt(self, run: Run, observer: Observer, halt: Halt, *, seen_until: datetime | None) -> Outcome:  # noqa: ARG002
        """End what is left of a run whose owner has died: only a parent learns how a process ended."""
        observer.phase(PhaseName.CLEAN_UP)
        tree = ProcessTree(self._installation, run.job_id)
        limits = self._limits_of(run)
        tree.include(limits.processes)
        count = tree.signal(signal.SIGTERM)
        give_up = time.monotonic() + halt.grace_s
        while tree.members() and time.monotonic() < give_up:
            time.sleep(LOOK_S)
        message = "OrcaOps ended while this job ran; "
        try:
            tree.kill()
            message += (
                f"its {count} processes were stopped." if count else "nothing of it was running any more."
            )
        except TimeoutError as error:
            message += f"{error}."
        remove_folder(self._folder / check_id(run.job_id, "job id"))
        limits.remove()
        return Outcome(failure=Failure.ENGINE_LOST, message=message)

    def never_began(self, run: Run) -> bool:  # noqa: ARG002
        """Not known: what a process did before its owner died leaves no trace."""
        return False

    def reap(self, living: Iterable[str], *, dry_run: bool = False) -> list[str]:
        """Kill the processes, and remove the folders, of this installation's jobs not in ``living``."""
        orphans: dict[str, list[int]] = {}
        for entry in all_entries():
            marks = marks_of(entry.pid)
            if marks is not None and marks[0] == self._installation:
                orphans.setdefault(marks[1], []).append(entry.pid)
        folders = [
            path
            for path in (sorted(self._folder.iterdir()) if self._folder.is_dir() else ())
            if is_id(path.name)
        ]
        limited = limited_jobs(self._installation)
        keep = set(living)  # asked last: what begins meanwhile is none of those found
        for job_id in keep.intersection(orphans):
            del orphans[job_id]
        folders = [path for path in folders if path.name not in keep]
        limited = [job_id for job_id in limited if job_id not in keep]
        found = [
            *(f"process {pid} of job {job_id}" for job_id, pids in orphans.items() for pid in pids),
            *(f"folder {path}" for path in folders),
            *(f"control group of job {job_id}" for job_id in limited),
        ]
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
            remove_folder(path)
        return found

    def _limits_of(self, run: Run) -> ProcessLimits:
        return ProcessLimits(self._installation, check_id(run.job_id, "job id"))
