"""ContainerOutput: the two streams of a container, taken apart again.

Engines send both streams over one connection, each piece behind a header of eight bytes: which stream,
and how many bytes follow. Pieces are passed on as they come, in bounded portions, and nothing is read
ahead: when whoever listens is slow, the engine waits, and then the job does.
"""

import re
import struct
from collections.abc import Iterator
from datetime import UTC, datetime

from orcaops.model.logline import Stream
from orcaops.running.engine.streams import Connection, LogStream

_HEADER = struct.Struct(">BxxxL")
_PORTION = 1 << 16
_TIME = re.compile(rb"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(?:Z|\+00:00)")


def live_pieces(connection: Connection) -> Iterator[tuple[Stream, bytes]]:
    """What arrives on an attached connection, until the engine ends it or it breaks."""
    buffer = bytearray()
    left, stream = 0, Stream.STDOUT
    while portion := _received(connection):
        view = memoryview(bytes(buffer) + portion if buffer else portion)
        buffer.clear()
        at = 0
        while at < len(view):
            if left == 0:
                if len(view) - at < _HEADER.size:
                    buffer += view[at:]
                    break
                number, left = _HEADER.unpack_from(view, at)
                stream = Stream.STDERR if number == 2 else Stream.STDOUT
                at += _HEADER.size
            piece = view[at : at + left]
            if piece:
                yield stream, bytes(piece)
                at += len(piece)
                left -= len(piece)


def logged_pieces(log: LogStream) -> Iterator[tuple[Stream, bytes, datetime]]:
    """What an engine's log holds, with the time at which the engine received each line."""
    while len(header := log.read(_HEADER.size)) == _HEADER.size:
        number, size = _HEADER.unpack(header)
        entry = log.read(size)
        stamp, _, data = entry.partition(b" ")
        at = engine_time(stamp.decode("ascii", "replace"))
        if at is not None:
            yield (Stream.STDERR if number == 2 else Stream.STDOUT), data, at
        if len(entry) < size:
            return


def engine_time(text: str) -> datetime | None:
    """A time as engines write it, with nine digits or none; None for the year 1, which means never.

    >>> engine_time("2026-01-02T03:04:05.123456789Z").microsecond
    123456
    """
    match = _TIME.fullmatch(text.encode())
    if match is None or text.startswith("0001"):
        return None
    whole = datetime.strptime(match[1].decode(), "%Y-%m-%dT%H:%M:%S").replace(tzinfo=UTC)
    return whole.replace(microsecond=int((match[2] or b"0").ljust(9, b"0")[:6]))


def _received(connection: Connection) -> bytes:
    try:
        return connection.receive(_PORTION)
    except OSError:  # the engine went away, or the connection was shut down from here
        return b""
