"""Recorder: where a supervisor writes down what becomes of a run."""

from datetime import datetime
from pathlib import Path
from typing import Protocol

from orcaops.model.logline import Stream
from orcaops.model.run import LogSummary, Run


class LogSink(Protocol):
    """Takes a run's output. May be called from several threads."""

    def write(self, stream: Stream, data: bytes, at: datetime) -> None:
        """Append a piece of output."""

    def close(self) -> LogSummary:
        """Finish the log; idempotent. Returns what was counted."""


class Recorder(Protocol):
    """Keeps records, logs and artifacts of runs; secrets are masked behind it, not before.

    A trivial run costs three calls that write durably: :meth:`running` before its commands and after them,
    and :meth:`finished`. All of them may raise ``OSError`` or ``OrcaError``.
    """

    def running(self, run: Run) -> None:
        """Durably note that work on the run goes on, with its ``engine_ref`` if it has one by now.

        Called just before the command is started (and once before, without an ``engine_ref``, where an
        image has to be pulled first). So a record without ``engine_ref`` says that nothing of
        the run was ever started: whoever finds it without a living owner may queue it again. Called once more
        when the commands have ended, with all that the final record will say but its status.
        """

    def finished(self, run: Run) -> None:
        """Durably keep the final record: the fact."""

    def open_log(self, run: Run) -> LogSink:
        """Begin the run's log, or go on with that of an adopted run."""

    def artifact_dir(self, run: Run) -> Path:
        """An existing folder of the run's own for what it leaves; asked for only if it leaves something."""
