"""Reads a log from an offset on, across its files, as far as it has been written."""

import os
from collections.abc import Iterator
from types import TracebackType

from orcaops.model.logline import LogLine
from orcaops.recording.logs import frames
from orcaops.recording.logs.frames import Frame
from orcaops.recording.logs.lines import gap, lines_of
from orcaops.recording.logs.place import HEAD, LogPlace
from orcaops.recording.private_files import open_private

_NOWHERE = -1  # before the head has been found


class Cursor:
    """Gives every line behind offset ``after`` once, however often it is asked; a context manager."""

    def __init__(self, place: LogPlace, after: int) -> None:
        self._place = place
        self._after = after
        self._number = _NOWHERE
        self._descriptor: int | None = None
        self._position = 0
        self._behind: int | None = None  # the offset behind the last frame
        self._last_us = 0
        self.ended = False

    def __enter__(self) -> "Cursor":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def lines(self) -> Iterator[LogLine]:
        """What has come since the last call."""
        while (frame := self._next()) is not None:
            descriptor = self._descriptor
            if frame.kind == frames.END or descriptor is None:
                self.ended = frame.kind == frames.END
                continue
            self.ended = False
            behind = self._behind if self._behind is not None else 0
            if frame.start > behind > self._after:
                yield gap(behind, frame.start, self._last_us or frame.first_us)
            self._behind, self._last_us = frame.end, frame.last_us
            if frame.end <= self._after:
                continue
            yield from lines_of(descriptor, frame, self._after)

    def _next(self) -> Frame | None:
        while True:
            begun = self._number != _NOWHERE
            later = [n for n in self._place.segments() if n > self._number] if begun else []
            if self._descriptor is not None:
                size = os.fstat(self._descriptor).st_size
                frame = frames.frame_at(self._descriptor, self._position, size)
                if frame is not None:
                    self._position = frame.next_position
                    return frame
            # The list was made before looking at the end of this file, so nothing can be passed over.
            number = HEAD if not begun else later[0] if later else None
            if number is None or not self._enter(number):
                return None

    def _enter(self, number: int) -> bool:
        try:
            descriptor = open_private(self._place.file(number), os.O_RDONLY)
        except FileNotFoundError:  # not begun yet, or cut while we looked
            if number != HEAD:
                self._number = number
            return number != HEAD
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self._number, self._position = descriptor, number, 0
        return True
