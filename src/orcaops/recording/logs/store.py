"""LogStore: the contract of whatever keeps the output of runs."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from orcaops.model.logline import LogLine, Stream
from orcaops.model.run import LogSummary


class LogWriter(Protocol):
    """Takes a run's output while it comes. May be called from several threads."""

    def write(self, stream: Stream, data: bytes, at: datetime) -> None:
        """Append a piece of output; it is visible to followers within half a second.

        Raises ``unavailable``, once per log, if the disk takes no more: the job can go on, and what could
        not be kept is counted in ``LogSummary.cut_bytes``. Raises ``conflict`` after ``close``.
        """

    def close(self) -> LogSummary:
        """Finish the log: nothing more will come. Returns what was counted. Idempotent."""


class LogStore(Protocol):
    """Keeps output, compressed and bounded, readable while it is still being written.

    Every reader gets the same lines with the same offsets, whenever it comes. A line whose end had not come
    when its beginning was shown is given in pieces: all but the last are ``partial`` and are to be printed
    without a line end. Where bytes are missing (beyond the limit, or a full disk) stands one line that says
    how many; its ``size_bytes`` is their number.
    """

    def open(self, workspace: str, job_id: str, *, secrets: Sequence[str] = ()) -> LogWriter:
        """Begin (or, for an adopted run, continue) a log; ``secrets`` are masked before they are stored."""

    def lines(
        self, workspace: str, job_id: str, *, after: int = -1, stream: Stream | None = None
    ) -> Iterator[LogLine]:
        """What is there now behind the line at offset ``after``, in constant memory."""

    def follow(
        self, workspace: str, job_id: str, *, after: int = -1, poll_s: float = 0.05
    ) -> Iterator[LogLine | None]:
        """Everything behind ``after``, then what comes, until the log is finished.

        Yields None about once a second while nothing comes, so that the caller can look whether it still
        makes sense to wait.
        """

    def tail(self, workspace: str, job_id: str, count: int) -> list[LogLine]:
        """The last ``count`` lines."""

    def text(self, workspace: str, job_id: str, *, most_bytes: int) -> str:
        """The text for searching: all of it, or where it is longer its head and its tail."""

    def last_at(self, workspace: str, job_id: str) -> datetime | None:
        """The time of the last piece stored; None where there is no log."""

    def told(self, workspace: str, job_id: str) -> Mapping[Stream, int] | None:
        """The bytes of each stream that are stored: what comes behind them continues the log exactly.

        None where that is not known.
        """

    def exists(self, workspace: str, job_id: str) -> bool:
        """Whether there is a log."""

    def size(self, workspace: str, job_id: str) -> int:
        """The bytes that a log takes on disk; 0 where there is none."""

    def remove(self, workspace: str, job_id: str) -> int:
        """Delete a log; returns the bytes freed."""
