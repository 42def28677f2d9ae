"""From the frames of a log to its lines, with one that says so where bytes are missing."""

from collections.abc import Iterator

from orcaops.model.logline import LogLine, Stream
from orcaops.model.quantities import show_size
from orcaops.recording.logs import frames
from orcaops.recording.logs.frames import Frame

_LONGEST_LINE = 64 * 1024  # a longer line is given out in pieces


def lines_of(descriptor: int, frame: Frame, after: int = -1) -> Iterator[LogLine]:
    """The lines of one frame behind the offset ``after``; a damaged frame is a line that says so."""
    decoded = frames.decode(descriptor, frame)
    if decoded is None:
        notice = _notice(frame.start, frame.size, frame.last_us, "cannot be read: the file is damaged")
        if notice.offset > after:
            yield notice
        return
    text, records, _ = decoded
    position = 0
    for record in records:
        at = frames.from_micros(record.at_us)
        end = position + record.size
        while position < end:
            newline = text.find(b"\n", position, end)
            whole = newline >= 0
            stop = newline + 1 if whole else end
            if stop - position > _LONGEST_LINE:
                stop, whole = position + _LONGEST_LINE, False
            if frame.start + position <= after:  # a frame may hold many thousands that nobody asked for
                position = stop
                continue
            piece = text[position : stop - 1 if whole else stop]
            if whole and piece[-1:] == b"\r":
                piece = piece[:-1]
            yield LogLine(
                offset=frame.start + position,
                stream=record.stream,
                at=at,
                text=piece.decode("utf-8", "replace"),
                partial=not whole,
                size_bytes=stop - position,
            )
            position = stop


def gap(start: int, end: int, at_us: int) -> LogLine:
    """The line that stands where the text from ``start`` to ``end`` is missing."""
    reason = "were cut here: the log exceeded its limit, or the disk was full"
    return _notice(start, end - start, at_us, reason)


def _notice(start: int, size: int, at_us: int, reason: str) -> LogLine:
    return LogLine(
        offset=start,
        stream=Stream.STDERR,
        at=frames.from_micros(at_us),
        text=f"[orcaops: {size} bytes ({show_size(size)}) {reason}]",
        size_bytes=size,
    )
