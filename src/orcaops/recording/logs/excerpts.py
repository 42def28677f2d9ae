"""Parts of a log, without reading all of it: its last lines, or its head and its tail as text."""

from pathlib import Path

from orcaops.model.logline import LogLine
from orcaops.recording.logs import frames
from orcaops.recording.logs.frames import Frame
from orcaops.recording.logs.lines import gap, lines_of
from orcaops.recording.logs.place import LogPlace, opened


def last_lines(place: LogPlace, count: int) -> list[LogLine]:
    """The last ``count`` lines."""
    found: list[LogLine] = []
    if count <= 0:
        return found
    behind: int | None = None
    for path in reversed(place.files()):
        with opened(path) as descriptor:
            if descriptor is None:
                continue
            for frame in reversed(_data_frames(descriptor)):
                if behind is not None and frame.end < behind:
                    found.insert(0, gap(frame.end, behind, frame.last_us))
                behind = frame.start
                found[:0] = lines_of(descriptor, frame)
                if len(found) >= count:
                    return found[-count:]
    return found


def head_and_tail(place: LogPlace, most_bytes: int) -> str:
    """All of the text, or where it is longer than ``most_bytes`` its two ends, half of that each."""
    whole: list[tuple[Path, Frame]] = []
    for path in place.files():
        with opened(path) as descriptor:
            if descriptor is not None:
                whole += [(path, frame) for frame in _data_frames(descriptor)]
    if sum(frame.size for _, frame in whole) <= most_bytes:
        return _decoded(whole).decode("utf-8", "replace")
    half = most_bytes // 2
    head = _decoded(_up_to(whole, half))[:half]
    tail = _decoded(_up_to(whole[::-1], half)[::-1])[-half:] if half else b""
    return (head + b"\n[...]\n" + tail).decode("utf-8", "replace")


def _data_frames(descriptor: int) -> list[Frame]:
    """The frames of a file that hold text."""
    return [frame for frame in frames.frames(descriptor) if frame.kind == frames.DATA]


def _decoded(parts: list[tuple[Path, Frame]]) -> bytes:
    """The text of some frames, one behind the other."""
    pieces = []
    for path, frame in parts:
        with opened(path) as descriptor:
            decoded = frames.decode(descriptor, frame) if descriptor is not None else None
            pieces.append(decoded[0] if decoded is not None else b"")
    return b"".join(pieces)


def _up_to(parts: list[tuple[Path, Frame]], most_bytes: int) -> list[tuple[Path, Frame]]:
    """The first frames that hold ``most_bytes`` together."""
    chosen, total = [], 0
    for path, frame in parts:
        if total >= most_bytes:
            break
        chosen.append((path, frame))
        total += frame.size
    return chosen
