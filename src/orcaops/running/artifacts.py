"""Artifacts: copies what a job left in its working folder, and nothing from anywhere else."""

import errno
import fnmatch
import hashlib
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePosixPath

from orcaops.model.run import Artifact

_DEEPEST = 64  # folders inside one another; each is held open while those below are looked at
_PIECE = 1 << 20


def collect(root: Path, patterns: Sequence[str], destination: Path) -> tuple[Artifact, ...]:
    """Copy the regular files below ``root`` that match to the same relative paths below ``destination``.

    In a pattern ``*``, ``?`` and ``[…]`` stay within one name, ``**`` stands for any number of folders,
    and a folder stands for all that is in it. Symbolic links are neither copied nor followed, at any
    level: every name is opened relative to the open folder above it, so that a job which is
    still busy exchanging them cannot lead out. Sorted by path. Raises ``OSError`` if a copy cannot
    be written; what cannot be read is passed over.
    """
    found: dict[str, Artifact] = {}
    for pattern in patterns:
        parts = [part for part in PurePosixPath(pattern).parts if part != "."]
        if not parts:
            parts = ["**"]
        if ".." in parts or parts[0] == "/":
            continue
        with _opened_folder(str(root), None) as folder:
            if folder is None:
                continue
            for path, descriptor in _matches(folder, "", parts):
                name = os.fsencode(path).decode("utf-8", "replace")  # a record holds text, not bytes
                if name not in found:
                    found[name] = _copy(descriptor, name, destination)
    return tuple(found[path] for path in sorted(found))


def _matches(folder: int, above: str, parts: list[str], depth: int = 0) -> Iterator[tuple[str, int]]:
    """Open descriptors of the regular files that match; each is closed when the next is asked for."""
    if depth > _DEEPEST:
        return
    wanted, rest = (parts[0], parts[1:]) if parts else ("**", [])
    if wanted == "**" and rest:
        yield from _matches(folder, above, rest, depth)
    for name in sorted(os.listdir(folder)):
        if wanted != "**" and not fnmatch.fnmatchcase(name, wanted):
            continue
        path = above + name
        with _opened(name, folder) as (descriptor, mode):
            if descriptor is None:
                continue
            if stat.S_ISREG(mode) and not rest:
                yield path, descriptor
            elif stat.S_ISDIR(mode):
                below = parts if wanted == "**" else rest
                yield from _matches(descriptor, path + "/", below, depth + 1)


@contextmanager
def _opened(name: str, folder: int | None) -> Iterator[tuple[int | None, int]]:
    """A regular file or folder, opened without following a link; (None, 0) for anything else."""
    try:
        # NONBLOCK: opening a FIFO must not wait for a writer.
        descriptor = os.open(
            name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY, dir_fd=folder
        )
    except OSError as error:
        if error.errno in (errno.EMFILE, errno.ENFILE):
            raise
        yield None, 0
        return
    try:
        yield descriptor, os.fstat(descriptor).st_mode
    finally:
        os.close(descriptor)


@contextmanager
def _opened_folder(path: str, folder: int | None) -> Iterator[int | None]:
    with _opened(path, folder) as (descriptor, mode):
        yield descriptor if stat.S_ISDIR(mode) else None


def _copy(source: int, path: str, destination: Path) -> Artifact:
    target = destination / path
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    with target.open("wb") as copy:
        while piece := os.read(source, _PIECE):
            digest.update(piece)
            copy.write(piece)
            size += len(piece)
    return Artifact(path=path, size_bytes=size, sha256=digest.hexdigest())
