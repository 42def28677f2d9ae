"""SandboxFiles: what is copied into and out of a sandbox, as tar streams that cannot lead anywhere else.

Only files and folders travel, and links that stay inside what is copied. A name that is absolute or climbs
with ``..``, a link that leads out, a device or a pipe is refused, and then nothing is copied at all: a
part of what was asked for is worse than none.
"""

import contextlib
import copy
import io
import os
import posixpath
import shutil
import tarfile
import tempfile
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO

from orcaops.model.errors import invalid, not_found

_IN_MEMORY = 1 << 20
_PIECE = 1 << 18


@contextlib.contextmanager
def packed(source: Path, name: str) -> Iterator[IO[bytes]]:
    """A file or a folder of this machine as a tar stream in which it is called ``name``.

    Raises ``not_found``, ``invalid``.
    """
    if not os.path.lexists(source):
        raise not_found(f"there is nothing at {str(source)!r}", where=str(source))
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as stream:
        with tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar:
            real = (
                source.resolve() if source.is_symlink() else source
            )  # what was named is meant, not the link
            tar.add(real, arcname=name, filter=_checked)
        stream.seek(0)
        yield stream


@contextlib.contextmanager
def checked(tar: IO[bytes] | Iterable[bytes]) -> Iterator[IO[bytes]]:
    """A tar stream from outside, once all of it has been looked at. Raises ``invalid``."""
    with tempfile.SpooledTemporaryFile(_IN_MEMORY) as clean:
        try:
            with (
                tarfile.open(fileobj=_Reading(tar), mode="r|*") as given,
                tarfile.open(fileobj=clean, mode="w", format=tarfile.PAX_FORMAT) as kept,
            ):
                for member in given:
                    kept.addfile(_checked(member), given.extractfile(member) if member.isreg() else None)
        except (tarfile.TarError, EOFError) as error:
            raise invalid(f"this is not a tar stream: {error}", where="body") from None
        clean.seek(0)
        yield clean


def unpacked(tar: Iterable[bytes], destination: Path) -> int:
    """Write the one thing that a tar stream holds to ``destination``; returns the number of its files.

    It appears whole or not at all, and replaces a file, but no folder. Raises ``invalid``.
    """
    if destination.is_dir():
        raise invalid(
            "there is a folder already",
            where=str(destination),
            hint=f"Write {str(destination)!r} with a slash at its end to copy into it.",
        )
    if not destination.parent.is_dir():
        raise not_found(f"there is no folder {str(destination.parent)!r}", where=str(destination))
    count = 0
    with tempfile.TemporaryDirectory(prefix=".orcaops-", dir=destination.parent) as folder:
        root = ""
        try:
            with tarfile.open(fileobj=_Reading(tar), mode="r|*") as given:
                for member in map(_checked, given):
                    top = member.name.split("/", 1)[0]
                    root = root or top
                    if top != root:
                        raise invalid(f"{member.name!r} is not what was asked for", where=member.name)
                    _write(given, member, Path(folder))
                    count += member.isreg()
        except (tarfile.TarError, EOFError) as error:
            raise invalid(f"the sandbox sent something that is no tar stream: {error}") from None
        if not root:
            raise not_found("there is nothing to copy", where=str(destination))
        (Path(folder) / root).replace(destination)
    return count


def _write(given: tarfile.TarFile, member: tarfile.TarInfo, folder: Path) -> None:
    place = folder / member.name
    if any(parent.is_symlink() for parent in [place, *place.parents] if parent.is_relative_to(folder)):
        raise _refused(member.name, "lies behind a link")
    place.parent.mkdir(parents=True, exist_ok=True)
    if member.isdir():
        place.mkdir(exist_ok=True)
    elif member.issym():
        place.symlink_to(member.linkname)
    elif member.islnk():
        shutil.copyfile(folder / member.linkname, place, follow_symlinks=False)
    else:
        content = given.extractfile(member)
        assert content is not None
        with place.open("wb") as file:
            shutil.copyfileobj(content, file, _PIECE)
        place.chmod(member.mode & 0o777 | 0o600)


def _checked(member: tarfile.TarInfo) -> tarfile.TarInfo:
    """The member without owner and special bits; raises ``invalid`` if it could lead out."""
    name = member.name.removeprefix("./").rstrip("/")
    parts = name.split("/")
    if not name or name.startswith("/") or ".." in parts or "\x00" in name:
        raise _refused(member.name, "leads out of what is copied")
    if member.issym() or member.islnk():
        base = posixpath.dirname(name) if member.issym() else ""
        target = posixpath.normpath(posixpath.join(base, member.linkname))
        if member.linkname.startswith("/") or target.split("/")[0] != parts[0] or _turns_back(member):
            raise _refused(member.name, f"is a link that leads out, to {member.linkname!r}")
    elif not (member.isreg() or member.isdir()):
        raise _refused(member.name, "is neither a file nor a folder")
    kept = copy.copy(member)  # Python 3.11.2, which Debian 12 has, knows no TarInfo.replace
    kept.name, kept.mode = name, member.mode & 0o777
    kept.uid = kept.gid = 0
    kept.uname = kept.gname = ""
    return kept


def _turns_back(member: tarfile.TarInfo) -> bool:
    """Whether a link goes up after it went down: down may be another link, and above that lies anything."""
    steps = [step for step in member.linkname.split("/") if step not in ("", ".")]
    ups = steps.count("..")
    return ups > 0 and (member.islnk() or steps[:ups] != [".."] * ups)


def _refused(name: str, why: str) -> Exception:
    return invalid(f"{name!r} {why}", where=name, hint="Nothing was copied. Leave it out and try again.")


class _Reading(io.RawIOBase):
    """Pieces as a file to be read once."""

    def __init__(self, source: IO[bytes] | Iterable[bytes]) -> None:
        self._read_file: Callable[[int], bytes] | None = getattr(source, "read", None)
        self._pieces: Iterator[bytes] = iter(()) if self._read_file is not None else iter(source)
        self._rest = b""

    def read(self, size: int = -1) -> bytes:
        """At most so many bytes; fewer only at the end."""
        if self._read_file is not None:
            return self._read_file(size)
        while size < 0 or len(self._rest) < size:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self._rest += piece
        taken, self._rest = (self._rest, b"") if size < 0 else (self._rest[:size], self._rest[size:])
        return taken
