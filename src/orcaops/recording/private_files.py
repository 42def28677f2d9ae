"""Files that only their owner can read, written so that a reader sees the old or the new, never half."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from orcaops.model.errors import unavailable

FOLDER_MODE = 0o700
FILE_MODE = 0o600


def private_folder(folder: Path) -> Path:
    """Make a folder, with its parents, that nobody else can enter; returns it.

    Folders that exist already keep their mode: it is their owner's choice. Raises ``unavailable`` where
    it cannot be made.
    """
    try:
        if not folder.is_dir():
            for missing in reversed([folder, *folder.parents]):
                if not missing.exists():
                    with suppress(FileExistsError):  # somebody else was quicker
                        missing.mkdir(mode=FOLDER_MODE)
    except OSError as error:
        raise unavailable(
            f"the folder cannot be made: {error.strerror}",
            where=str(folder),
            hint="Look at what stands in its way, at the permissions and at the disk, or name another place "
            "(ORCAOPS_HOME).",
        ) from error
    return folder


def open_private(path: Path, flags: int) -> int:
    """Open a file for its owner alone; a symbolic link in its place is refused. Returns the descriptor."""
    return os.open(path, flags | os.O_CLOEXEC | getattr(os, "O_NOFOLLOW", 0), FILE_MODE)


@contextmanager
def replacing(path: Path) -> Iterator[BinaryIO]:
    """Write a file beside ``path`` and put it in its place at the end of the block, atomically.

    If the block raises, what stood at ``path`` stays and nothing is left behind.
    """
    private_folder(path.parent)
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name[:100]}.", dir=path.parent)  # mode 0600
    try:
        with os.fdopen(descriptor, "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(path)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise
