"""Reader: the contract of the formats in which a history comes in, and what they share.

A reader is a file in ``recording/readers`` that ends with ``reader: Reader = …``. It turns a file into
runs, one at a time and in constant memory. A line that cannot be a run is a :class:`BadLine` with its
number and the reason, and does not stop the rest. Ids are given or follow from the content, so that the
same file read twice gives the same runs. ``docs/reference/import-formats.md`` describes the formats.
"""

import gzip
import importlib
import io
import pkgutil
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol, cast

from orcaops.model.errors import invalid, not_found
from orcaops.model.job import DEFAULT_WORKSPACE
from orcaops.model.run import Run
from orcaops.model.test_case import TestCase

LONGEST_LINE = 16 * 1024 * 1024
"""A line beyond this is passed over and reported."""

_BUFFER = 32 * 1024  # what a file that breaks off may lose at its end


@dataclass(frozen=True, slots=True)
class BadLine:
    """A line (or, in a document without lines, an item) that was left out, counted from 1, and why."""

    number: int
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadOptions:
    """How a file is read.

    ``folder`` is where the paths of logs begin: none is followed out of it unless ``any_path`` is set, and
    without a folder none is followed at all. ``keep_log`` is called with a run's id and its output, before
    the run itself is given, and ``keep_tests`` with its id and its tests.
    """

    workspace: str = DEFAULT_WORKSPACE
    folder: Path | None = None
    any_path: bool = False
    keep_log: Callable[[str, str], None] | None = None
    keep_tests: Callable[[str, Sequence[TestCase]], None] | None = None


class Reader(Protocol):
    """One format."""

    @property
    def name(self) -> str:
        """What it is called after ``--format``; also the ``source`` of its runs."""

    def sniff(self, beginning: bytes) -> bool:
        """Whether a file that begins so looks like this format."""

    def read(self, file: BinaryIO, options: ReadOptions) -> Iterator[Run | BadLine]:
        """The runs in a file, in its order. Raises ``invalid`` if it is not of this format at all."""


def readers() -> dict[str, Reader]:
    """All readers by name: found because they lie in their folder."""
    package = importlib.import_module("orcaops.recording.readers")
    found: dict[str, Reader] = {}
    for module_info in sorted(pkgutil.iter_modules(package.__path__), key=lambda info: info.name):
        module = importlib.import_module(f"{package.__name__}.{module_info.name}")
        if hasattr(module, "reader"):
            reader = cast(Reader, module.reader)
            found[reader.name] = reader
    return found


def read_runs(
    path: Path, format_name: str | None = None, options: ReadOptions | None = None
) -> Iterator[Run | BadLine]:
    """The runs in a file, which may be compressed with gzip or Zstandard.

    Without a format it is guessed from the beginning of the file. Paths of logs begin at the file's
    folder. Raises ``not_found`` if the file cannot be opened, ``invalid`` for an unknown format.
    """
    known = readers()
    if format_name is not None and format_name not in known:
        raise invalid(
            f"there is no format {format_name!r}",
            where="--format",
            hint=f"Known: {', '.join(sorted(known))}.",
        )
    options = options or ReadOptions(folder=path.parent)
    try:
        file: BinaryIO = path.open("rb")
    except OSError as error:
        raise not_found(
            f"cannot be opened: {error.strerror}", where=str(path), hint="Check the path."
        ) from error
    with file, plain(file) as text:
        reader = known[format_name] if format_name is not None else _guess(known, text, path)
        last = 0
        try:
            for item in reader.read(text, options):
                last += 1
                yield item
        except (EOFError, zlib.error, gzip.BadGzipFile, OSError) as error:
            yield BadLine(last + 1, f"the file breaks off here: {error}")
        except Exception as error:
            if type(error).__name__ != "ZstdError":
                raise
            yield BadLine(last + 1, f"the file breaks off here: {error}")


@contextmanager
def plain(file: BinaryIO) -> Iterator[BinaryIO]:
    """The file itself, or what is compressed in it, as its first bytes say."""
    buffered = file if isinstance(file, io.BufferedReader) else io.BufferedReader(cast(io.RawIOBase, file))
    magic = buffered.peek(4)[:4]
    if magic[:2] == b"\x1f\x8b":
        with gzip.GzipFile(fileobj=buffered) as unpacked:
            yield cast(BinaryIO, io.BufferedReader(unpacked, _BUFFER))
    elif magic == b"\x28\xb5\x2f\xfd" or (magic[1:] == b"\x2a\x4d\x18" and magic[0] >> 4 == 5):
        import zstandard

        stream = zstandard.ZstdDecompressor().stream_reader(buffered, read_across_frames=True)
        yield cast(BinaryIO, io.BufferedReader(cast(io.RawIOBase, stream), _BUFFER))
    else:
        yield cast(BinaryIO, buffered)


@contextmanager
def text_of(file: BinaryIO) -> Iterator[io.TextIOWrapper]:
    """The file as text without a byte order mark; it is left open, whatever happens."""
    text = io.TextIOWrapper(file, encoding="utf-8-sig", errors="replace", newline="")
    try:
        yield text
    finally:
        text.detach()


def lines_of(file: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Numbered lines without their ends and without a byte order mark; None in place of one too long."""
    number = 0
    while line := file.readline(LONGEST_LINE):
        number += 1
        if number == 1 and line.startswith(b"\xef\xbb\xbf"):
            line = line[3:]
        if len(line) >= LONGEST_LINE and not line.endswith(b"\n"):
            while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                pass
            yield number, None
        else:
            yield number, line.rstrip(b"\r\n")


def peek(file: BinaryIO, size: int = 64 * 1024) -> bytes:
    """The beginning of what is left of a file, without reading on; empty where the file cannot tell."""
    if isinstance(file, io.BufferedReader):
        return file.peek(size)[:size]
    if file.seekable():
        position = file.tell()
        beginning = file.read(size)
        file.seek(position)
        return beginning
    return b""


def _guess(known: dict[str, Reader], text: BinaryIO, path: Path) -> Reader:
    beginning = peek(text)
    for reader in known.values():
        if reader.sniff(beginning.removeprefix(b"\xef\xbb\xbf")):
            return reader
    raise invalid(
        "the format cannot be told from the file's beginning",
        where=str(path),
        hint=f"Say which it is with --format: {', '.join(sorted(known))}.",
    )
