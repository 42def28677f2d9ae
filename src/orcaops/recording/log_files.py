"""FileLogStore: the output of runs in compressed files, readable while they are written.

A log is one file of frames (see :mod:`orcaops.recording.log_frames`); each frame holds up to 256 KiB of
text and can be read by itself, so a follower in another process reads whatever is complete. Beyond
``limit_bytes`` of text the middle is cut: the first quarter stays, and behind it a ring of segments holds
the latest output; a reader finds the gap by the offsets and says how much is missing. The same happens to
what could not be written because a disk was full. A writer killed at any moment loses at most what it had
not flushed, a fraction of a second; opening the log again continues it.

Layout: ``FOLDER/WORKSPACE/XX/JOB.log.zst`` and, for long logs, ``FOLDER/WORKSPACE/XX/JOB.tail/N.zst``,
``XX`` being two letters of a digest that keep folders small.
"""

import fcntl
import hashlib
import logging
import os
import shutil
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from orcaops.model.errors import OrcaError, conflict, unavailable
from orcaops.model.identity import check_id
from orcaops.model.logline import LogLine, Stream
from orcaops.model.quantities import MIB, show_size
from orcaops.model.run import LogSummary
from orcaops.recording import log_frames
from orcaops.recording.log_frames import Frame, Record
from orcaops.recording.log_reading import LogReading
from orcaops.recording.private_files import open_private, private_folder, replacing
from orcaops.recording.redaction import RedactionStream, Redactor

DEFAULT_LIMIT_BYTES = 256 * MIB

_FRAME_BYTES = 256 * 1024
_LONGEST_LINE = 64 * 1024  # a longer line is given out in pieces
_FLUSH_EVERY_S = 0.15
_PARTIAL_IDLE_S = 0.2  # a line that has not ended is shown once its stream has been silent for so long
_RETRY_S = 1.0  # between attempts to write to a disk that was full
_SAME_TIME_US = 1000  # pieces of one stream within a millisecond share a record
_SMALL_FRAME = 16 * 1024
_MANY_FRAMES = 64
_SEGMENTS = 8  # of the ring behind the head; the oldest is dropped when one more is begun

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a log lies."""

    head: Path
    tail: Path

    def segments(self) -> list[int]:
        """The numbers of the segments behind the head, in order."""
        try:
            return sorted(int(path.stem) for path in self.tail.iterdir() if path.suffix == ".zst")
        except FileNotFoundError:
            return []

    def segment(self, number: int) -> Path:
        """The file of a segment."""
        return self.tail / f"{number}.zst"

    def files(self) -> list[Path]:
        """All files of the log, in the order of the text."""
        return [self.head, *(self.segment(number) for number in self.segments())]


class FileLogStore:
    """Keeps logs in files below ``folder``; see :class:`orcaops.recording.log_store.LogStore`.

    ``limit_bytes`` bounds the text kept of one log (default 256 MiB, so 200 MB are kept whole), at
    least 64 KiB. One thread per store flushes what has lain too long, while anything is being written.
    """

    def __init__(self, folder: Path, *, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.folder = folder
        self.limit_bytes = max(limit_bytes, 64 * 1024)
        self._flusher = _Flusher()

    def open(self, workspace: str, job_id: str, *, secrets: Sequence[str] = ()) -> "FileLogWriter":
        """Begin or continue a log.

        Raises ``conflict`` if somebody else is writing it, ``unavailable`` if the disk does not let us.
        """
        place = self._place(workspace, job_id)
        try:
            private_folder(place.head.parent)
            writer = FileLogWriter(place, Redactor(secrets), self.limit_bytes, self._flusher)
        except OSError as error:
            raise _unavailable(error, place.head) from error
        self._flusher.add(writer)
        return writer

    def lines(
        self, workspace: str, job_id: str, *, after: int = -1, stream: Stream | None = None
    ) -> Iterator[LogLine]:
        """What is there now behind the line at offset ``after``."""
        with _Cursor(self._place(workspace, job_id), after) as cursor:
            for line in cursor.lines():
                if stream is None or line.stream is stream:
                    yield line

    def follow(
        self, workspace: str, job_id: str, *, after: int = -1, poll_s: float = 0.05
    ) -> Iterator[LogLine | None]:
        """Everything behind ``after``, then what comes, until the log is finished; None once a second."""
        with _Cursor(self._place(workspace, job_id), after) as cursor:
            told_at = time.monotonic()
            while True:
                nothing = True
                for line in cursor.lines():
                    nothing = False
                    yield line
                if nothing and cursor.ended:
                    return
                if not nothing:
                    told_at = time.monotonic()
                elif time.monotonic() - told_at >= 1.0:
                    told_at = time.monotonic()
                    yield None
                else:
                    time.sleep(poll_s)

    def tail(self, workspace: str, job_id: str, count: int) -> list[LogLine]:
        """The last ``count`` lines."""
        found: list[LogLine] = []
        if count <= 0:
            return found
        behind: int | None = None
        for path in reversed(self._place(workspace, job_id).files()):
            with _opened(path) as descriptor:
                if descriptor is None:
                    continue
                for frame in reversed(
                    [f for f in log_frames.frames(descriptor) if f.kind == log_frames.DATA]
                ):
                    if behind is not None and frame.end < behind:
                        found.insert(0, _gap(frame.end, behind, frame.last_us))
                    behind = frame.start
                    found[:0] = _lines_of(descriptor, frame)
                    if len(found) >= count:
                        return found[-count:]
        return found

    def text(self, workspace: str, job_id: str, *, most_bytes: int) -> str:
        """The text for searching: all of it, or where it is longer its head and its tail."""
        whole: list[tuple[Path, Frame]] = []
        for path in self._place(workspace, job_id).files():
            with _opened(path) as descriptor:
                if descriptor is not None:
                    whole += [(path, f) for f in log_frames.frames(descriptor) if f.kind == log_frames.DATA]
        if sum(frame.size for _, frame in whole) <= most_bytes:
            return _decoded(whole).decode("utf-8", "replace")
        half = most_bytes // 2
        head = _decoded(_up_to(whole, half))[:half]
        tail = _decoded(list(reversed(_up_to(list(reversed(whole)), half))))[-half:] if half else b""
        return (head + b"\n[...]\n" + tail).decode("utf-8", "replace")

    def last_at(self, workspace: str, job_id: str) -> datetime | None:
        """The time of the last piece stored; None where there is none."""
        for path in reversed(self._place(workspace, job_id).files()):
            with _opened(path) as descriptor:
                last = None
                for frame in log_frames.frames(descriptor) if descriptor is not None else ():
                    if frame.kind == log_frames.DATA:
                        last = frame.last_us
                if last is not None:
                    return log_frames.from_micros(last)
        return None

    def exists(self, workspace: str, job_id: str) -> bool:
        """Whether there is a log."""
        return self._place(workspace, job_id).head.exists()

    def size(self, workspace: str, job_id: str) -> int:
        """The bytes that a log takes on disk; 0 where there is none."""
        taken = 0
        for path in self._place(workspace, job_id).files():
            with suppress(FileNotFoundError):
                taken += path.stat().st_size
        return taken

    def remove(self, workspace: str, job_id: str) -> int:
        """Delete a log; returns the bytes freed."""
        place = self._place(workspace, job_id)
        freed = 0
        for path in place.files():
            with suppress(FileNotFoundError):
                freed += path.stat().st_size
                path.unlink()
        shutil.rmtree(place.tail, ignore_errors=True)
        return freed

    def _place(self, workspace: str, job_id: str) -> _Place:
        check_id(workspace, "workspace")
        check_id(job_id, "job_id")
        shard = hashlib.blake2b(job_id.encode(), digest_size=1).hexdigest()
        folder = self.folder / workspace / shard
        return _Place(folder / f"{job_id}.log.zst", folder / f"{job_id}.tail")


@dataclass(slots=True)
class _Counts:
    """What has been counted so far; written with every frame, so that a log can be continued."""

    stdout_bytes: int = 0
    stderr_bytes: int = 0
    lines: int = 0
    text_bytes: int = 0
    kept_bytes: int = 0
    levels: dict[str, int] = field(default_factory=dict)
    first_error: str | None = None
    longest_silence_s: float | None = None

    def document(self) -> dict[str, Any]:
        """As it is stored."""
        return {name: getattr(self, name) for name in self.__slots__}


class FileLogWriter:
    """Writes one log; thread-safe. At most about 1 MiB of output is held in memory.

    A full disk is raised once, by the next ``write`` or by ``close``; the log goes on without what could
    not be written, and ``cut_bytes`` says how much that was.
    """

    def __init__(self, place: _Place, redactor: Redactor, limit_bytes: int, flusher: "_Flusher") -> None:
        self._place = place
        self._flusher = flusher
        self._lock = threading.RLock()
        self._streams: dict[Stream, RedactionStream] = {stream: redactor.stream() for stream in Stream}
        self._touched: dict[Stream, float] = dict.fromkeys(Stream, 0.0)
        self._open_lines: dict[Stream, bool] = dict.fromkeys(Stream, False)
        self._counts = _Counts()
        self._reading = LogReading()
        self._block = bytearray()
        self._records: list[Record] = []
        self._last_at: datetime | None = None
        self._flushed_at = time.monotonic()
        self._failed_at: float | None = None
        self._error: OSError | None = None
        self._told = False
        self._summary: LogSummary | None = None
        self._head_limit = limit_bytes // 4
        self._segment_limit = (limit_bytes - self._head_limit) // _SEGMENTS
        self._frame_bytes = min(_FRAME_BYTES, self._segment_limit)
        self._number = 0  # 0 is the head
        self._in_file = 0  # bytes of text in the present file
        self._head = os.open(place.head, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW, 0o600)
        self._file = self._head
        try:
            fcntl.flock(self._head, fcntl.LOCK_EX | fcntl.LOCK_NB)
            self._continue()
        except BlockingIOError:
            os.close(self._head)
            raise conflict(
                "another process is writing this log",
                where=str(place.head),
                hint="Wait until the run has ended, or end the other OrcaOps that runs it.",
            ) from None
        except BaseException:
            os.close(self._head)
            raise

    # -- writing ------------------------------------------------------------------------------

    def write(self, stream: Stream, data: bytes, at: datetime) -> None:
        """Append a piece of output. Raises ``unavailable`` once if the disk takes no more."""
        with self._lock:
            if self._summary is not None:
                raise conflict("the log is closed", where=str(self._place.head))
            if stream is Stream.STDOUT:
                self._counts.stdout_bytes += len(data)
            else:
                self._counts.stderr_bytes += len(data)
            self._note_time(at)
            self._touched[stream] = time.monotonic()
            redaction = self._streams[stream]
            for start in range(0, len(data), self._frame_bytes):
                self._append(stream, redaction.feed(data[start : start + self._frame_bytes]), at)
                if len(self._block) >= self._frame_bytes:
                    self._flush_block()
            if self._block and self._touched[stream] - self._flushed_at >= _FLUSH_EVERY_S:
                self._flush_block()
            self._tell_failure()
        self._flusher.wake()

    def close(self) -> LogSummary:
        """Finish the log. Idempotent."""
        with self._lock:
            if self._summary is not None:
                return self._summary
            now = self._last_at or datetime.now(UTC)
            for stream, redaction in self._streams.items():
                self._append(stream, redaction.finish(), now)
            self._failed_at = None
            self._flush_block()
            counts = self._counts
            counts.lines += sum(self._open_lines.values())
            self._write_frame(log_frames.END, b"", [])
            stored = self._compact() if self._number == 0 else None
            if stored is None:
                stored = sum(path.stat().st_size for path in self._place.files() if path.exists())
            self._summary = LogSummary(
                stdout_bytes=counts.stdout_bytes,
                stderr_bytes=counts.stderr_bytes,
                lines=counts.lines,
                cut_bytes=max(0, counts.text_bytes - counts.kept_bytes),
                stored_bytes=stored,
                levels=counts.levels,
                first_error=counts.first_error,
                longest_silence_s=counts.longest_silence_s,
            )
            for descriptor in {self._head, self._file}:
                os.close(descriptor)
        self._flusher.remove(self)
        if self._error is not None and not self._told:
            _log.warning("%s: %s; parts of this log are missing", self._place.head, self._error.strerror)
        return self._summary

    def flush_due(self, now: float) -> None:
        """Write what has lain long enough; called by the store's flusher."""
        with self._lock:
            if self._summary is not None:
                return
            for stream, redaction in self._streams.items():
                if redaction.holds and now - self._touched[stream] >= _PARTIAL_IDLE_S:
                    self._append(stream, redaction.flush(), self._last_at or datetime.now(UTC))
            if self._block and now - self._flushed_at >= _FLUSH_EVERY_S:
                self._flush_block()

    @property
    def waiting(self) -> bool:
        """Whether something lies here that is not in the file."""
        return bool(self._block) or any(redaction.holds for redaction in self._streams.values())

    def _note_time(self, at: datetime) -> None:
        if self._last_at is not None:
            silence = (at - self._last_at).total_seconds()
            if silence > (self._counts.longest_silence_s or 0.0):
                self._counts.longest_silence_s = silence
        if self._last_at is None or at > self._last_at:  # a clock that jumps back does not take time back
            self._last_at = at

    def _append(self, stream: Stream, text: bytes, at: datetime) -> None:
        if not text:
            return
        at_us = log_frames.to_micros(at)
        records = self._records
        self._counts.lines += text.count(b"\n")
        if (
            records
            and records[-1].stream is stream
            and abs(at_us - records[-1].at_us) <= _SAME_TIME_US
            and self._block[-1:] == b"\n"
        ):
            records[-1] = Record(records[-1].at_us, records[-1].size + len(text), stream)
        else:
            records.append(Record(at_us, len(text), stream))
        self._open_lines[stream] = text[-1:] != b"\n"
        self._block += text

    def _flush_block(self) -> None:
        self._flushed_at = time.monotonic()
        if not self._block:
            return
        text, records = bytes(self._block), self._records
        self._block, self._records = bytearray(), []
        self._reading.feed(text)
        counts = self._counts
        counts.levels, counts.first_error = self._reading.levels, self._reading.first_error
        start = counts.text_bytes
        counts.text_bytes += len(text)
        if self._failed_at is not None and self._flushed_at - self._failed_at < _RETRY_S:
            return  # the disk was full a moment ago: what came in between is missing
        counts.kept_bytes += len(text)
        if self._write_frame(log_frames.DATA, text, records, start):
            self._in_file += len(text)
            self._roll()
        else:
            counts.kept_bytes -= len(text)

    def _write_frame(self, kind: int, text: bytes, records: list[Record], start: int | None = None) -> bool:
        begin = self._counts.text_bytes if start is None else start
        frame = log_frames.encode(kind, begin, text, records, self._counts.document())
        position = os.lseek(self._file, 0, os.SEEK_END)
        try:
            _write_all(self._file, frame)
        except OSError as error:
            with suppress(OSError):
                os.ftruncate(self._file, position)  # no half frame in the way of the next one
            self._failed_at, self._error = time.monotonic(), error
            return False
        self._failed_at = None
        return True

    def _roll(self) -> None:
        """Go on in the next file where this one is full, and drop the oldest behind the head."""
        limit = self._segment_limit if self._number else self._head_limit
        if self._in_file < limit:
            return
        path = self._place.segment(self._number + 1)
        try:
            private_folder(path.parent)
            descriptor = open_private(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
        except OSError as error:
            self._failed_at, self._error = time.monotonic(), error
            return
        if self._file != self._head:
            os.close(self._file)
        self._file, self._number, self._in_file = descriptor, self._number + 1, 0
        for number in self._place.segments()[:-_SEGMENTS]:
            oldest = self._place.segment(number)
            with _opened(oldest) as old:
                if old is not None:
                    self._counts.kept_bytes -= sum(frame.size for frame in log_frames.frames(old))
            with suppress(FileNotFoundError):
                oldest.unlink()

    def _tell_failure(self) -> None:
        if self._error is not None and not self._told:
            self._told = True
            raise _unavailable(self._error, self._place.head)

    # -- continuing and finishing --------------------------------------------------------------

    def _continue(self) -> None:
        """Find the end of what is there, cut off a torn frame, and go on counting."""
        numbers = self._place.segments()
        if numbers:
            self._number = numbers[-1]
            self._file = open_private(self._place.segment(self._number), os.O_RDWR | os.O_APPEND)
        last: Frame | None = None
        for path in reversed(self._place.files()):
            with _opened(path) as descriptor:
                if descriptor is None:
                    continue
                found = list(log_frames.frames(descriptor))
                while found and log_frames.decode(descriptor, found[-1]) is None:
                    found.pop()
                if path == (self._place.segment(self._number) if self._number else self._place.head):
                    os.ftruncate(self._file, found[-1].next_position if found else 0)
                    self._in_file = sum(frame.size for frame in found)
                if found:
                    last = found[-1]
                    self._restore(descriptor, last)
                    break

    def _restore(self, descriptor: int, last: Frame) -> None:
        decoded = log_frames.decode(descriptor, last)
        if decoded is None:
            return
        known = {name: value for name, value in decoded[2].items() if name in _Counts.__slots__}
        self._counts = _Counts(**known)
        if last.last_us:
            self._last_at = log_frames.from_micros(last.last_us)
        self._reading.resume(self._counts.levels, self._counts.first_error, self._counts.text_bytes)

    def _compact(self) -> int | None:
        """Write a log of many small frames anew, better compressed; its size then, or None."""
        found = list(log_frames.frames(self._head))
        text_bytes = sum(frame.size for frame in found)
        if len(found) < _MANY_FRAMES or text_bytes > len(found) * _SMALL_FRAME:
            return None
        try:
            with replacing(self._place.head) as file:
                for encoded in _joined(self._head, found):
                    file.write(encoded)
            return self._place.head.stat().st_size
        except OSError:
            return None  # the log is whole as it is


class _Flusher:
    """One thread that flushes all writers of a store; it lives while there are any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._writers: set[FileLogWriter] = set()
        self._work = threading.Event()
        self._thread: threading.Thread | None = None

    def add(self, writer: FileLogWriter) -> None:
        """Take care of a writer."""
        with self._lock:
            self._writers.add(writer)
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="log-flusher", daemon=True)
                self._thread.start()

    def remove(self, writer: FileLogWriter) -> None:
        """The writer is closed; the thread ends with the last one."""
        with self._lock:
            self._writers.discard(writer)
        self._work.set()

    def wake(self) -> None:
        """Something has been written."""
        if not self._work.is_set():
            self._work.set()

    def _run(self) -> None:
        while True:
            self._work.wait()
            time.sleep(_FLUSH_EVERY_S / 2)
            self._work.clear()
            with self._lock:
                writers = list(self._writers)
                if not writers:
                    self._thread = None
                    return
            now = time.monotonic()
            for writer in writers:
                try:
                    writer.flush_due(now)
                except Exception:  # noqa: BLE001 - one log in trouble must not stop the others
                    _log.exception("flushing a log failed")
                if writer.waiting:
                    self._work.set()


class _Cursor:
    """Reads a log from an offset on, across its files, as far as it has been written."""

    def __init__(self, place: _Place, after: int) -> None:
        self._place = place
        self._after = after
        self._number = -1
        self._descriptor: int | None = None
        self._position = 0
        self._behind: int | None = None  # the offset behind the last frame
        self._last_us = 0
        self.ended = False

    def __enter__(self) -> "_Cursor":
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def lines(self) -> Iterator[LogLine]:
        """What has come since the last call."""
        while (frame := self._next()) is not None:
            descriptor = self._descriptor
            if frame.kind == log_frames.END or descriptor is None:
                self.ended = frame.kind == log_frames.END
                continue
            self.ended = False
            behind = self._behind if self._behind is not None else 0
            if frame.start > behind > self._after:
                yield _gap(behind, frame.start, self._last_us or frame.first_us)
            self._behind, self._last_us = frame.end, frame.last_us
            if frame.end <= self._after:
                continue
            for line in _lines_of(descriptor, frame):
                if line.offset > self._after:
                    yield line

    def _next(self) -> Frame | None:
        while True:
            later = [n for n in self._place.segments() if n > self._number] if self._number >= 0 else []
            if self._descriptor is not None:
                size = os.fstat(self._descriptor).st_size
                frame = log_frames.frame_at(self._descriptor, self._position, size)
                if frame is not None:
                    self._position = frame.next_position
                    return frame
            # The list was made before looking at the end of this file, so nothing can be passed over.
            number = 0 if self._number < 0 else later[0] if later else None
            if number is None or not self._enter(number):
                return None

    def _enter(self, number: int) -> bool:
        path = self._place.segment(number) if number else self._place.head
        try:
            descriptor = open_private(path, os.O_RDONLY)
        except FileNotFoundError:  # not begun yet, or cut while we looked
            if number:
                self._number = number
            return number > 0
        if self._descriptor is not None:
            os.close(self._descriptor)
        self._descriptor, self._number, self._position = descriptor, number, 0
        return True


class _opened:  # noqa: N801 - reads as a verb: with _opened(path) as descriptor
    """A file's descriptor for reading; None where there is no such file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> int | None:
        with suppress(FileNotFoundError):
            self._descriptor = open_private(self._path, os.O_RDONLY)
        return self._descriptor

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)


def _lines_of(descriptor: int, frame: Frame) -> list[LogLine]:
    """The lines of one frame; a damaged one is a line that says so."""
    decoded = log_frames.decode(descriptor, frame)
    if decoded is None:
        return [_notice(frame.start, frame.size, frame.last_us, "damaged")]
    text, records, _ = decoded
    lines = []
    position = 0
    for record in records:
        at = log_frames.from_micros(record.at_us)
        end = position + record.size
        while position < end:
            newline = text.find(b"\n", position, end)
            whole = newline >= 0
            stop = newline + 1 if whole else end
            if stop - position > _LONGEST_LINE:
                stop, whole = position + _LONGEST_LINE, False
            piece = text[position : stop - 1 if whole else stop]
            if whole and piece[-1:] == b"\r":
                piece = piece[:-1]
            lines.append(
                LogLine(
                    offset=frame.start + position,
                    stream=record.stream,
                    at=at,
                    text=piece.decode("utf-8", "replace"),
                    partial=not whole,
                    size_bytes=stop - position,
                )
            )
            position = stop
    return lines


def _gap(start: int, end: int, last_us: int) -> LogLine:
    return _notice(start, end - start, last_us, "cut")


def _notice(start: int, size: int, at_us: int, what: str) -> LogLine:
    """The line that stands for bytes that are not there."""
    reason = {
        "cut": "were cut here: the log exceeded its limit, or the disk was full",
        "damaged": "cannot be read: the file is damaged",
    }[what]
    return LogLine(
        offset=start,
        stream=Stream.STDERR,
        at=log_frames.from_micros(at_us),
        text=f"[orcaops: {size} bytes ({show_size(size)}) {reason}]",
        size_bytes=size,
    )


def _decoded(parts: list[tuple[Path, Frame]]) -> bytes:
    """The text of some frames, one behind the other."""
    pieces = []
    for path, frame in parts:
        with _opened(path) as descriptor:
            decoded = log_frames.decode(descriptor, frame) if descriptor is not None else None
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


def _joined(descriptor: int, found: list[Frame]) -> Iterator[bytes]:
    """The same frames in fewer, larger ones."""
    text, records, start = bytearray(), list[Record](), 0
    summary: dict[str, Any] = {}
    for frame in found:
        decoded = log_frames.decode(descriptor, frame)
        if decoded is None:
            continue
        if text and (frame.start != start + len(text) or len(text) + frame.size > _FRAME_BYTES):
            yield log_frames.encode(log_frames.DATA, start, bytes(text), records, summary, level=3)
            text, records = bytearray(), []
        if not text:
            start = frame.start
        text += decoded[0]
        records += decoded[1]
        summary = decoded[2]
    if text:
        yield log_frames.encode(log_frames.DATA, start, bytes(text), records, summary, level=3)
    end = start + len(text) if found else 0
    yield log_frames.encode(log_frames.END, end, b"", [], summary)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def _unavailable(error: OSError, path: Path) -> OrcaError:
    return unavailable(
        f"the log cannot be written: {error.strerror or error}",
        where=str(path),
        hint="Free some space or check the permissions of the folder; the job goes on, "
        "and its log says what is missing.",
    )
