"""The folders that local processes work in: made for a job, and removed whatever it left in them."""

import contextlib
import errno
import logging
import os
import shutil
from pathlib import Path

from orcaops.model.job import JobSpec

_log = logging.getLogger(__name__)


def working_folder(folder: Path, spec: JobSpec) -> Path:
    """Where the commands of a job run: ``folder``, one made inside it, or an absolute one that is there.

    Raises ``OSError`` where there is none, ``ValueError`` for one that leaves ``folder``.
    """
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


def remove_folder(folder: Path) -> None:
    """Remove the folder of a job with all that is in it, whatever its modes; what cannot be is logged."""
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
