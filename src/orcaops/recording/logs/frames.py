"""The format of a log file: independent frames, each a piece of the text with what is known about it.

A frame is a *skippable frame* of the Zstandard format, which holds where the text belongs, when it came
and from which stream, followed by an ordinary Zstandard frame with the text itself. So ``zstdcat FILE``
shows the plain log, a reader walks over a large file by its headers alone, and whatever a crash cut off
at the end is recognised by its length or its checksum and passed over.
"""

import os
import struct
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from orcaops.model.logline import Stream

DATA = 0
END = 1

_SKIPPABLE = 0x184D2A5C  # one of the sixteen magic numbers that every Zstandard reader passes over
_HEADER = struct.Struct("<IIBBIQIIqqI")
_RECORD = struct.Struct("<qIB")
_VERSION = 1
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MOST_META = 16 * 1024 * 1024
_MICROSECOND = timedelta(microseconds=1)


def to_micros(at: datetime) -> int:
    """A moment as whole microseconds since 1970."""
    return (at - _EPOCH) // _MICROSECOND


def from_micros(micros: int) -> datetime:
    """The moment again."""
    return _EPOCH + timedelta(microseconds=micros)


@dataclass(frozen=True, slots=True)
class Record:
    """A run of bytes that came from one stream at one time; it ends a line, or is a piece of one."""

    at_us: int
    size: int
    stream: Stream


@dataclass(frozen=True, slots=True)
class Frame:
    """What stands in front of a piece of text: ``start`` is its offset in the whole, ``size`` its length."""

    position: int
    kind: int
    start: int
    size: int
    first_us: int
    last_us: int
    checksum: int
    meta_size: int
    payload_size: int

    @property
    def end(self) -> int:
        """The offset in the text behind this frame."""
        return self.start + self.size

    @property
    def next_position(self) -> int:
        """Where in the file the next frame begins."""
        return self.position + _HEADER.size + self.meta_size + self.payload_size


def encode(
    kind: int, start: int, text: bytes, records: Sequence[Record], summary: dict[str, Any], *, level: int = 1
) -> bytes:
    """A frame as bytes. ``summary`` is what is counted up to its end, so that a log can be continued."""
    import zstandard

    first = records[0].at_us if records else 0
    last = max((record.at_us for record in records), default=0)
    table = b"".join(_RECORD.pack(r.at_us - first, r.size, r.stream is Stream.STDERR) for r in records)
    compressor = zstandard.ZstdCompressor(level=level)
    meta = compressor.compress(struct.pack("<I", len(records)) + table + orjson.dumps(summary))
    payload = compressor.compress(text) if text else b""
    checksum = zlib.crc32(payload, zlib.crc32(meta))
    header = _HEADER.pack(
        _SKIPPABLE,
        _HEADER.size - 8 + len(meta),
        _VERSION,
        kind,
        checksum,
        start,
        len(text),
        len(payload),
        first,
        last,
        len(meta),
    )
    return header + meta + payload


def frame_at(descriptor: int, position: int, file_size: int) -> Frame | None:
    """The frame that begins at ``position`` of a file, or None where no whole frame is there (yet)."""
    if position + _HEADER.size > file_size:
        return None
    raw = os.pread(descriptor, _HEADER.size, position)
    if len(raw) < _HEADER.size:
        return None
    magic, skip, version, kind, checksum, start, size, payload, first, last, meta = _HEADER.unpack(raw)
    if magic != _SKIPPABLE or version != _VERSION or skip != _HEADER.size - 8 + meta or meta > _MOST_META:
        return None
    frame = Frame(position, kind, start, size, first, last, checksum, meta, payload)
    return frame if frame.next_position <= file_size else None


def frames(descriptor: int, position: int = 0) -> Iterator[Frame]:
    """All whole frames from ``position`` on, by their headers alone."""
    size = os.fstat(descriptor).st_size
    while (frame := frame_at(descriptor, position, size)) is not None:
        yield frame
        position = frame.next_position


def decode(descriptor: int, frame: Frame) -> tuple[bytes, list[Record], dict[str, Any]] | None:
    """A frame's text, records and summary; None if it is damaged."""
    import zstandard

    raw = os.pread(descriptor, frame.meta_size + frame.payload_size, frame.position + _HEADER.size)
    if len(raw) != frame.meta_size + frame.payload_size or zlib.crc32(raw) != frame.checksum:
        return None
    decompressor = zstandard.ZstdDecompressor()
    try:
        meta = decompressor.decompress(raw[: frame.meta_size], max_output_size=_MOST_META)
        payload = raw[frame.meta_size :]
        text = decompressor.decompress(payload, max_output_size=frame.size) if payload else b""
        (count,) = struct.unpack_from("<I", meta)
        behind = 4 + count * _RECORD.size
        records = [
            Record(frame.first_us + delta, size, Stream.STDERR if is_error else Stream.STDOUT)
            for delta, size, is_error in _RECORD.iter_unpack(meta[4:behind])
        ]
        return text, records, orjson.loads(meta[behind:])
    except (zstandard.ZstdError, struct.error, orjson.JSONDecodeError, ValueError):
        return None
