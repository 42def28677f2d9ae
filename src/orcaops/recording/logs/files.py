"""FileLogStore: the output of runs in compressed files, readable while they are written.

A log is one file of frames (see :mod:`orcaops.recording.logs.frames`); each frame holds up to 256 KiB of
text and can be read by itself, so a follower in another process reads whatever is complete. Beyond
``limit_bytes`` of text the middle is cut: the first quarter stays, and behind it a ring of segments holds
the latest output; a reader finds the gap by the offsets and says how much is missing. The same happens to
what could not be written because a disk was full. A writer killed at any moment loses at most what it had
not flushed, a fraction of a second; opening the log again continues it.

Layout: ``FOLDER/WORKSPACE/XX/JOB.log.zst`` and, for long logs, ``FOLDER/WORKSPACE/XX/JOB.tail/N.zst``,
``XX`` being two letters of a digest that keep folders small.
"""

import hashlib
import shutil
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from orcaops.model.identity import check_id
from orcaops.model.logline import LogLine, Stream
from orcaops.model.quantities import MIB
from orcaops.recording.logs import excerpts, frames
from orcaops.recording.logs.counts import Counts
from orcaops.recording.logs.cursor import Cursor
from orcaops.recording.logs.flusher import Flusher
from orcaops.recording.logs.place import LogPlace, opened
from orcaops.recording.logs.ring import Ring
from orcaops.recording.logs.writer import FileLogWriter, cannot_write
from orcaops.recording.private_files import private_folder
from orcaops.recording.redaction import Redactor

DEFAULT_LIMIT_BYTES = 256 * MIB


class FileLogStore:
    """Keeps logs in files below ``folder``; see :class:`orcaops.recording.logs.store.LogStore`.

    ``limit_bytes`` bounds the text kept of one log (default 256 MiB, so 200 MB are kept whole), at
    least 64 KiB. One thread per store flushes what has lain too long, while anything is being written.
    """

    def __init__(self, folder: Path, *, limit_bytes: int = DEFAULT_LIMIT_BYTES) -> None:
        self.folder = folder
        self.limit_bytes = max(limit_bytes, 64 * 1024)
        self._flusher = Flusher()

    def open(self, workspace: str, job_id: str, *, secrets: Sequence[str] = ()) -> FileLogWriter:
        """Begin or continue a log.

        Raises ``conflict`` if somebody else is writing it, ``unavailable`` if the disk does not let us.
        """
        place = self._place(workspace, job_id)
        try:
            private_folder(place.head.parent)
            ring = Ring(place, self.limit_bytes)
        except OSError as error:
            raise cannot_write(error, place.head) from error
        writer = FileLogWriter(ring, Redactor(secrets), self._flusher)
        self._flusher.add(writer)
        return writer

    def lines(
        self, workspace: str, job_id: str, *, after: int = -1, stream: Stream | None = None
    ) -> Iterator[LogLine]:
        """What is there now behind the line at offset ``after``."""
        with Cursor(self._place(workspace, job_id), after) as cursor:
            for line in cursor.lines():
                if stream is None or line.stream is stream:
                    yield line

    def follow(
        self, workspace: str, job_id: str, *, after: int = -1, poll_s: float = 0.05
    ) -> Iterator[LogLine | None]:
        """Everything behind ``after``, then what comes, until the log is finished; None once a second."""
        with Cursor(self._place(workspace, job_id), after) as cursor:
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
        return excerpts.last_lines(self._place(workspace, job_id), count)

    def text(self, workspace: str, job_id: str, *, most_bytes: int) -> str:
        """The text for searching: all of it, or where it is longer its head and its tail."""
        return excerpts.head_and_tail(self._place(workspace, job_id), most_bytes)

    def last_at(self, workspace: str, job_id: str) -> datetime | None:
        """The time of the last piece stored; None where there is none."""
        for path in reversed(self._place(workspace, job_id).files()):
            with opened(path) as descriptor:
                last = None
                for frame in frames.frames(descriptor) if descriptor is not None else ():
                    if frame.kind == frames.DATA:
                        last = frame.last_us
                if last is not None:
                    return frames.from_micros(last)
        return None

    def told(self, workspace: str, job_id: str) -> dict[Stream, int] | None:
        """The bytes of each stream that are stored; None where that is not known."""
        for path in reversed(self._place(workspace, job_id).files()):
            with opened(path) as descriptor:
                for frame in reversed(list(frames.frames(descriptor)) if descriptor is not None else []):
                    decoded = frames.decode(descriptor or 0, frame)
                    if decoded is not None:
                        counts = Counts.of(decoded[2])
                        if counts.stdout_told is None or counts.stderr_told is None:
                            return None
                        return {Stream.STDOUT: counts.stdout_told, Stream.STDERR: counts.stderr_told}
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

    def _place(self, workspace: str, job_id: str) -> LogPlace:
        check_id(workspace, "workspace")
        check_id(job_id, "job_id")
        shard = hashlib.blake2b(job_id.encode(), digest_size=1).hexdigest()
        folder = _shard_folder(self.folder, workspace, shard)
        return LogPlace(folder / f"{job_id}.log.zst", folder / f"{job_id}.tail")


@lru_cache(maxsize=1024)
def _shard_folder(folder: Path, workspace: str, shard: str) -> Path:
    """The folder of a few logs; put together once for all of them."""
    return Path(folder, workspace, shard)
