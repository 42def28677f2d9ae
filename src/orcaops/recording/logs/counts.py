"""What is counted of a log while it is written."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orcaops.model.run import LogSummary


@dataclass(slots=True)
class Counts:
    """What has been counted so far; written with every frame, so that a log can be continued.

    ``text_bytes`` is the length of the whole text behind redaction, ``kept_bytes`` what of it lies in files.
    ``stdout_told`` and ``stderr_told`` are the bytes of each stream that this text stands for: from there on
    whoever continues the log goes on. None where that cannot be said.
    """

    stdout_bytes: int = 0
    stderr_bytes: int = 0
    stdout_told: int | None = None
    stderr_told: int | None = None
    lines: int = 0
    text_bytes: int = 0
    kept_bytes: int = 0
    levels: dict[str, int] = field(default_factory=dict)
    first_error: str | None = None
    longest_silence_s: float | None = None

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> "Counts":
        """From what was stored; names that another version wrote are passed over."""
        return cls(**{name: value for name, value in document.items() if name in cls.__slots__})

    def document(self) -> dict[str, Any]:
        """As it is stored."""
        return {name: getattr(self, name) for name in self.__slots__}

    def summary(self, stored_bytes: int, last_output_at: datetime | None) -> LogSummary:
        """What is said of a finished log that takes so much on disk; null as the last time if it is empty."""
        return LogSummary(
            stdout_bytes=self.stdout_bytes,
            stderr_bytes=self.stderr_bytes,
            lines=self.lines,
            cut_bytes=max(0, self.text_bytes - self.kept_bytes),
            stored_bytes=stored_bytes,
            levels=self.levels,
            first_error=self.first_error,
            longest_silence_s=self.longest_silence_s,
            last_output_at=last_output_at,
        )
