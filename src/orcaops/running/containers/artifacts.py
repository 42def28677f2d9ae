"""ContainerArtifacts: copies what a job left in its container, when it has stopped, and nothing from outside.

Everything comes as a tar stream from the engine, which never leaves the container's own root. Only
regular files are taken: symbolic links, devices and pipes are passed over, ``..`` is refused, and
nothing is written through a link.
"""

import fnmatch
import hashlib
import io
import os
import posixpath
import tarfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from orcaops.model.run import Artifact
from orcaops.running.engine.api import Engine

_MAGIC = frozenset("*?[")
_ONE_BY_ONE = 16  # so many files are fetched singly before their common folder is fetched as a whole
_PIECE = 1 << 20
MOST_FILES = 10_000
MOST_BYTES = 16 << 30


def collect(
    engine: Engine,
    container: str,
    cwd: str,
    mounted: Sequence[str],
    patterns: Sequence[str],
    destination: Path,
) -> tuple[tuple[Artifact, ...], str | None]:
    """Copy the regular files that match below ``destination``; and a sentence if not all could be.

    Patterns are relative to ``cwd`` or absolute. ``*``, ``?`` and ``[…]`` stay within one name, ``**``
    stands for any number of folders, and a folder stands for all that is in it. A pattern with any of
    these finds what the job added or changed, and what lies in the folders ``mounted`` into the
    container; a plain path finds whatever lies there. Symbolic links below ``cwd`` are not followed.
    Paths below ``cwd`` are kept relative to it, others without their first slash.
    Raises ``OSError`` if a copy cannot be written and :class:`EngineError` if the engine cannot be asked.
    """
    collection = _Collection(engine, container, posixpath.normpath(cwd or "/"), destination)
    changed: list[str] | None = None
    for pattern in patterns:
        if ".." in pattern.split("/"):
            continue
        path = posixpath.normpath(posixpath.join(collection.cwd, pattern))
        parts = [part for part in path.split("/") if part]
        if not _MAGIC & set(path):
            if not collection.leads_through_a_link(path):
                collection.take(path, parts)
            continue
        if changed is None:
            changed = engine.changed_paths(container)
        hits = [one for one in changed if _matches(one.strip("/").split("/"), parts)]
        if len(hits) > _ONE_BY_ONE:
            collection.take(posixpath.commonpath(hits), parts)
        else:
            for hit in hits:
                collection.take(hit, parts)
        for target in mounted:
            base = _fixed_part(path)
            if _is_below(base, target):
                collection.take(base, parts)
            elif _is_below(target, base):
                collection.take(target, parts)
    return tuple(collection.found[path] for path in sorted(collection.found)), collection.complaint


@dataclass
class _Collection:
    engine: Engine
    container: str
    cwd: str
    destination: Path
    found: dict[str, Artifact] = field(default_factory=dict)
    size_bytes: int = 0
    complaint: str | None = None

    def take(self, path: str, parts: Sequence[str]) -> None:
        """Copy what lies at ``path`` and below as far as it matches."""
        stream = self.engine.archive(self.container, path, links=False)
        if stream is None:
            return
        above = posixpath.dirname(path.rstrip("/"))
        with stream as pieces, tarfile.open(fileobj=_Stream(pieces), mode="r|") as tar:
            for member in tar:
                inside = posixpath.normpath(posixpath.join(above, member.name)).strip("/").split("/")
                if ".." in inside or not _matches(inside, parts):
                    continue
                if member.islnk():  # a second name of a file: its content comes only if it is asked for alone
                    whole = "/" + "/".join(inside)
                    if whole != path:
                        self.take(whole, parts)
                elif member.isreg():
                    content = tar.extractfile(member)
                    if content is not None and not self._keep("/" + "/".join(inside), member.size, content):
                        return

    def leads_through_a_link(self, path: str) -> bool:
        """Whether a folder on the way from the job's own down to ``path`` is a symbolic link."""
        above = posixpath.dirname(path)
        while above != self.cwd and _is_below(above, self.cwd):
            if self.engine.is_link(self.container, above):
                return True
            above = posixpath.dirname(above)
        return False

    def _keep(self, whole: str, size: int, content: IO[bytes]) -> bool:
        relative = posixpath.relpath(whole, self.cwd) if _is_below(whole, self.cwd) else whole.lstrip("/")
        name = os.fsencode(relative).decode("utf-8", "replace")  # a record holds text, not bytes
        if name in self.found:
            return True
        if len(self.found) >= MOST_FILES or self.size_bytes + size > MOST_BYTES:
            self.complaint = (
                f"Not all artifacts were kept: of one run at most {MOST_FILES} files "
                f"and {MOST_BYTES >> 30} GiB are."
            )
            return False
        self.found[name] = _copy(content, name, self.destination)
        self.size_bytes += size
        return True


class _Stream(io.RawIOBase):
    """Reads pieces as if they were one file."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        size = min(len(buffer), len(self._rest))
        buffer[:size] = self._rest[:size]
        self._rest = self._rest[size:]
        return size


def _matches(path: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether the pattern names the path or a folder above it.

    >>> _matches(["out", "a", "b.xml"], ["out", "**", "*.xml"]), _matches(["out", "a"], ["out"])
    (True, True)
    >>> _matches(["out", "a", "b.xml"], ["out", "*.xml"])
    False
    """
    if not pattern:
        return True
    if pattern[0] == "**":
        if len(pattern) == 1:
            return bool(path)
        return any(_matches(path[skip:], pattern[1:]) for skip in range(len(path)))
    return bool(path) and fnmatch.fnmatchcase(path[0], pattern[0]) and _matches(path[1:], pattern[1:])


def _fixed_part(path: str) -> str:
    parts = path.split("/")
    magic = next(number for number, part in enumerate(parts) if _MAGIC & set(part))
    return "/".join(parts[:magic]) or "/"


def _is_below(path: str, folder: str) -> bool:
    return path == folder or path.startswith(folder.rstrip("/") + "/")


def _copy(content: IO[bytes], name: str, destination: Path) -> Artifact:
    target = destination / name
    target.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(), 0
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as copy:
        while piece := content.read(_PIECE):
            digest.update(piece)
            copy.write(piece)
            size += len(piece)
    return Artifact(path=name, size_bytes=size, sha256=digest.hexdigest())
