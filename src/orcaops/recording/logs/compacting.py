"""A log of many small frames, written anew in fewer and larger ones that compress better."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from orcaops.recording.logs import frames
from orcaops.recording.logs.frames import Frame, Record
from orcaops.recording.private_files import replacing

FRAME_BYTES = 256 * 1024  # of text, at most

_SMALL_FRAME = 16 * 1024
_MANY_FRAMES = 64


def compact(path: Path, descriptor: int) -> None:
    """Write a finished log of one file anew where that is worth while; a reader goes on in the old file."""
    found = list(frames.frames(descriptor))
    text_bytes = sum(frame.size for frame in found)
    if len(found) < _MANY_FRAMES or text_bytes > len(found) * _SMALL_FRAME:
        return
    with replacing(path) as file:
        for encoded in _joined(descriptor, found):
            file.write(encoded)


def _joined(descriptor: int, found: list[Frame]) -> Iterator[bytes]:
    """The same frames in fewer, larger ones."""
    text, records, start = bytearray(), list[Record](), 0
    summary: dict[str, Any] = {}
    for frame in found:
        decoded = frames.decode(descriptor, frame)
        if decoded is None:
            continue
        if text and (frame.start != start + len(text) or len(text) + frame.size > FRAME_BYTES):
            yield frames.encode(frames.DATA, start, bytes(text), records, summary, level=3)
            text, records = bytearray(), []
        if not text:
            start = frame.start
        text += decoded[0]
        records += decoded[1]
        summary = decoded[2]
    if text:
        yield frames.encode(frames.DATA, start, bytes(text), records, summary, level=3)
    end = start + len(text) if found else 0
    yield frames.encode(frames.END, end, b"", [], summary)
