"""SealedSpecs: specifications with secrets, kept in memory until their jobs have run.

A job that was accepted must run even if the server dies first, but its secrets must not be written to
a disk. So they wait in a private folder of a memory-backed file system, which outlives processes and
not the machine.
"""

import contextlib
import os
import time
from collections.abc import Iterable
from pathlib import Path

from orcaops.model.identity import check_id
from orcaops.model.job import JobSpec

_BEING_ACCEPTED_S = 60.0
MEMORY_FOLDER = Path("/dev/shm")  # noqa: S108 - shared by all, therefore a private folder inside


class SealedSpecs:
    """Keeps specifications by job id; where no memory-backed folder exists, only in this process."""

    def __init__(self, installation: str, memory: Path = MEMORY_FOLDER) -> None:
        self._folder = memory / f"orcaops-{os.getuid()}-{check_id(installation)}"
        self._usable = memory.is_dir() and os.access(memory, os.W_OK)

    def keep(self, job_id: str, spec: JobSpec) -> None:
        """Keep one, readable by this user only."""
        if not self._usable:
            return
        with os.fdopen(self._created(job_id), "w", encoding="utf-8") as file:
            file.write(spec.model_dump_json())

    def _created(self, job_id: str) -> int:
        while True:
            self._folder.mkdir(mode=0o700, exist_ok=True)
            status = self._folder.lstat()
            if status.st_uid != os.getuid() or status.st_mode & 0o077 or self._folder.is_symlink():
                raise PermissionError(f"{self._folder} is not private to this user")
            flags = os.O_CREAT | os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW
            with contextlib.suppress(FileNotFoundError):  # whoever dropped the last one was quicker
                return os.open(self._path(job_id), flags, 0o600)

    def find(self, job_id: str) -> JobSpec | None:
        """The specification, if it is still there."""
        try:
            return JobSpec.from_stored(self._path(job_id).read_bytes())
        except (FileNotFoundError, NotADirectoryError):
            return None

    def forget(self, job_id: str) -> None:
        """Drop one; the folder goes with the last."""
        self._path(job_id).unlink(missing_ok=True)
        with contextlib.suppress(OSError):
            self._folder.rmdir()

    def forget_others(self, living: Iterable[str]) -> None:
        """Drop what was kept for jobs that are not among the living, which are asked for last.

        What is new stays: its job is perhaps being accepted in this moment.
        """
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            before = time.time() - _BEING_ACCEPTED_S
            old = {path.stem for path in self._folder.iterdir() if path.stat().st_mtime < before}
            for job_id in old.difference(living) if old else ():
                self.forget(job_id)

    def _path(self, job_id: str) -> Path:
        return self._folder / f"{check_id(job_id)}.json"
