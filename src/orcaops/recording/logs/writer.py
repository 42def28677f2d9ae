"""FileLogWriter: takes the output of one run while it comes, masks its secrets and writes it in frames."""

import logging
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from orcaops.model.errors import OrcaError, conflict, unavailable
from orcaops.model.logline import Stream
from orcaops.model.run import LogSummary
from orcaops.recording.logs import frames
from orcaops.recording.logs.counts import Counts
from orcaops.recording.logs.flusher import FLUSH_EVERY_S, Flusher
from orcaops.recording.logs.frames import Record
from orcaops.recording.logs.reading import LogReading
from orcaops.recording.logs.ring import Ring
from orcaops.recording.redaction import RedactionStream, Redactor

_PARTIAL_IDLE_S = 0.2  # a line that has not ended is shown once its stream has been silent for so long
_RETRY_S = 1.0  # between attempts to write to a disk that was full
_SAME_TIME_US = 1000  # pieces of one stream within a millisecond share a record

_log = logging.getLogger(__name__)


class FileLogWriter:
    """Writes one log; thread-safe. At most about 1 MiB of output is held in memory.

    A full disk is raised once, by the next ``write`` or by ``close``; the log goes on without what could
    not be written, and ``cut_bytes`` says how much that was.
    """

    def __init__(self, ring: Ring, redactor: Redactor, flusher: Flusher) -> None:
        self._ring = ring
        self._flusher = flusher
        self._lock = threading.RLock()
        self._streams: dict[Stream, RedactionStream] = {stream: redactor.stream() for stream in Stream}
        self._touched: dict[Stream, float] = dict.fromkeys(Stream, 0.0)
        self._open_lines: dict[Stream, bool] = dict.fromkeys(Stream, False)
        self._counts = counts = Counts.of(ring.counted)
        if not ring.counted:
            counts.stdout_told = counts.stderr_told = 0
        if counts.stdout_told is not None and counts.stderr_told is not None:
            counts.stdout_bytes, counts.stderr_bytes = counts.stdout_told, counts.stderr_told
        self._fed: dict[Stream, int | None] = {
            Stream.STDOUT: counts.stdout_told,
            Stream.STDERR: counts.stderr_told,
        }
        self._reading = LogReading()
        self._reading.resume(self._counts.levels, self._counts.first_error, self._counts.text_bytes)
        self._block = bytearray()
        self._records: list[Record] = []
        self._last_at = frames.from_micros(ring.last_us) if ring.last_us else None
        self._flushed_at = time.monotonic()
        self._failed_at: float | None = None
        self._error: OSError | None = None
        self._told = False
        self._summary: LogSummary | None = None

    def write(self, stream: Stream, data: bytes, at: datetime) -> None:
        """Append a piece of output. Raises ``unavailable`` once if the disk takes no more."""
        with self._lock:
            if self._summary is not None:
                raise conflict("the log is closed", where=str(self._ring.place.head))
            if stream is Stream.STDOUT:
                self._counts.stdout_bytes += len(data)
            else:
                self._counts.stderr_bytes += len(data)
            self._note_time(at)
            self._touched[stream] = time.monotonic()
            redaction, most = self._streams[stream], self._ring.frame_bytes
            for start in range(0, len(data), most):
                piece = data[start : start + most]
                self._fed[stream] = _sum(self._fed[stream], len(piece))
                self._append(stream, redaction.feed(piece), at)
                if len(self._block) >= most:
                    self._flush_block()
            if self._block and self._touched[stream] - self._flushed_at >= FLUSH_EVERY_S:
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
            self._counts.lines += sum(self._open_lines.values())
            self._count_told()
            self._write_frame(frames.END, self._counts.text_bytes, b"", [])
            masked = sum(redaction.masked for redaction in self._streams.values())
            summary = self._counts.summary(self._ring.finish(), self._last_at)
            self._summary = summary.model_copy(update={"masked": masked})
        self._flusher.remove(self)
        if self._error is not None and not self._told:
            _log.warning("%s: %s; parts of this log are missing", self._ring.place.head, self._error.strerror)
        return self._summary

    def flush_due(self, now: float) -> None:
        """Write what has lain long enough; called by the store's flusher."""
        with self._lock:
            if self._summary is not None:
                return
            for stream, redaction in self._streams.items():
                if redaction.holds and now - self._touched[stream] >= _PARTIAL_IDLE_S:
                    self._append(stream, redaction.flush(), self._last_at or datetime.now(UTC))
            if self._block and now - self._flushed_at >= FLUSH_EVERY_S:
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
        at_us = frames.to_micros(at)
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
        self._count_told()
        start = counts.text_bytes
        counts.text_bytes += len(text)
        if self._failed_at is not None and self._flushed_at - self._failed_at < _RETRY_S:
            return  # the disk was full a moment ago: what came in between is missing
        counts.kept_bytes += len(text)
        if self._write_frame(frames.DATA, start, text, records):
            self._roll()
        else:
            counts.kept_bytes -= len(text)

    def _count_told(self) -> None:
        """Nothing of what was fed lies in the block when this is asked: it is told, or held by a stream."""
        told = {
            stream: None if (held := redaction.held_bytes) is None else _sum(self._fed[stream], -held)
            for stream, redaction in self._streams.items()
        }
        self._counts.stdout_told, self._counts.stderr_told = told[Stream.STDOUT], told[Stream.STDERR]

    def _write_frame(self, kind: int, start: int, text: bytes, records: list[Record]) -> bool:
        try:
            self._ring.append(frames.encode(kind, start, text, records, self._counts.document()), len(text))
        except OSError as error:
            self._failed_at, self._error = time.monotonic(), error
            return False
        self._failed_at = None
        return True

    def _roll(self) -> None:
        try:
            self._counts.kept_bytes -= self._ring.roll()
        except OSError as error:
            self._failed_at, self._error = time.monotonic(), error

    def _tell_failure(self) -> None:
        if self._error is not None and not self._told:
            self._told = True
            raise cannot_write(self._error, self._ring.place.head)


def _sum(known: int | None, more: int) -> int | None:
    return None if known is None else known + more


def cannot_write(error: OSError, path: Path) -> OrcaError:
    """``unavailable``, with what the disk said."""
    return unavailable(
        f"the log cannot be written: {error.strerror or error}",
        where=str(path),
        hint="Free some space or check the permissions of the folder; the job goes on, "
        "and its log says what is missing.",
    )
