"""The files that one log is written into: a head, and behind it a ring of segments with the latest output."""

import fcntl
import os
from contextlib import suppress
from typing import Any

from orcaops.model.errors import conflict
from orcaops.recording.logs import frames
from orcaops.recording.logs.compacting import FRAME_BYTES, compact
from orcaops.recording.logs.frames import Frame
from orcaops.recording.logs.place import HEAD, LogPlace, opened
from orcaops.recording.private_files import FOLDER_MODE, open_private

_SEGMENTS = 8  # of the ring behind the head; the oldest is dropped when one more is begun


class Ring:
    """Appends frames, at most ``limit_bytes`` of text: a quarter in the head, the rest in the segments.

    It is locked against other processes while it is open, and what a killed writer left half written is
    cut off. Raises ``conflict`` where somebody else is writing, OSError where the disk does not let us.
    Not thread-safe.
    """

    def __init__(self, place: LogPlace, limit_bytes: int) -> None:
        self.place = place
        self._head_limit = limit_bytes // 4
        self._segment_limit = (limit_bytes - self._head_limit) // _SEGMENTS
        self.frame_bytes = min(FRAME_BYTES, self._segment_limit)
        self.counted: dict[str, Any] = {}
        """What the writer had counted up to the end of what is there."""
        self.last_us = 0
        """The time of the last piece there; 0 where there is none, or the log had been finished."""
        self._number = HEAD
        self._in_file = 0  # bytes of text in the present file
        self._head = open_private(place.head, os.O_RDWR | os.O_CREAT)
        self._file = self._head
        try:
            fcntl.flock(self._head, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._continue()
        except BlockingIOError:
            self.close()
            raise conflict(
                "another process is writing this log",
                where=str(place.head),
                hint="Wait until the run has ended, or end the other OrcaOps that runs it.",
            ) from None
        except BaseException:
            self.close()
            raise

    def append(self, frame: bytes, text_bytes: int) -> None:
        """Write a frame that holds so much text, all of it or nothing. Raises OSError."""
        position = os.lseek(self._file, 0, os.SEEK_END)
        try:
            _write_all(self._file, frame)
        except OSError:
            with suppress(OSError):
                os.ftruncate(self._file, position)  # no half frame in the way of the next one
            raise
        self._in_file += text_bytes

    def roll(self) -> int:
        """Go on in the next file where this one is full, and drop the oldest segment beyond the limit.

        Returns the bytes of text that were dropped. Raises OSError; the present file is written on then.
        """
        limit = self._head_limit if self._number == HEAD else self._segment_limit
        if self._in_file < limit:
            return 0
        path = self.place.file(self._number + 1)
        path.parent.mkdir(mode=FOLDER_MODE, exist_ok=True)
        descriptor = open_private(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        if self._file != self._head:
            os.close(self._file)
        self._file, self._number, self._in_file = descriptor, self._number + 1, 0
        return sum(self._drop(number) for number in self.place.segments()[:-_SEGMENTS])

    def finish(self) -> int:
        """Make it small and close it; returns the bytes on disk."""
        if self._number == HEAD:
            with suppress(OSError):  # the log is whole as it is
                compact(self.place.head, self._head)
        stored = sum(path.stat().st_size for path in self.place.files() if path.exists())
        self.close()
        return stored

    def close(self) -> None:
        """Let go of the files as they are."""
        for descriptor in {self._head, self._file}:
            os.close(descriptor)

    def _drop(self, number: int) -> int:
        path = self.place.file(number)
        with opened(path) as descriptor:
            dropped = 0 if descriptor is None else _text_bytes(list(frames.frames(descriptor)))
        with suppress(FileNotFoundError):
            path.unlink()
        return dropped

    def _continue(self) -> None:
        """Find the end of what is there, and cut off a torn frame."""
        numbers = self.place.segments()
        if numbers:
            self._file = open_private(self.place.file(numbers[-1]), os.O_RDWR | os.O_APPEND)
            self._number = numbers[-1]
        for path in reversed(self.place.files()):
            with opened(path) as descriptor:
                if descriptor is None:
                    continue
                whole, counted = _readable(descriptor)
            if path == self.place.file(self._number):
                os.ftruncate(self._file, whole[-1].next_position if whole else 0)
                self._in_file = _text_bytes(whole)
            if whole:
                self.counted, self.last_us = counted, whole[-1].last_us
                return


def _readable(descriptor: int) -> tuple[list[Frame], dict[str, Any]]:
    """The frames up to the last that is undamaged, and what was counted up to there."""
    found = list(frames.frames(descriptor))
    while found:
        decoded = frames.decode(descriptor, found[-1])
        if decoded is not None:
            return found, decoded[2]
        found.pop()
    return [], {}


def _text_bytes(found: list[Frame]) -> int:
    return sum(frame.size for frame in found)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
