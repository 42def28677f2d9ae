"""Where a log lies: a head, and behind it the numbered segments of a long one."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from orcaops.recording.private_files import open_private

HEAD = 0  # the number of the file in which every log begins


@dataclass(frozen=True, slots=True)
class LogPlace:
    """The files of one log, known by their numbers."""

    head: Path
    tail: Path

    def segments(self) -> list[int]:
        """The numbers of the segments behind the head, in order."""
        try:
            return sorted(int(path.stem) for path in self.tail.iterdir() if path.suffix == ".zst")
        except FileNotFoundError:
            return []

    def file(self, number: int) -> Path:
        """The file of a number."""
        return self.tail / f"{number}.zst" if number != HEAD else self.head

    def files(self) -> list[Path]:
        """All files of the log, in the order of the text."""
        return [self.head, *(self.file(number) for number in self.segments())]


@contextmanager
def opened(path: Path) -> Iterator[int | None]:
    """A file's descriptor for reading; None where there is no such file."""
    try:
        descriptor = open_private(path, os.O_RDONLY)
    except FileNotFoundError:
        yield None
        return
    try:
        yield descriptor
    finally:
        os.close(descriptor)
