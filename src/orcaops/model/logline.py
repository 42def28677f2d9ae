"""LogLine: one piece of a job's output."""

from enum import StrEnum

from pydantic import NonNegativeInt

from orcaops.model.quantities import UtcTime
from orcaops.model.word import Word


class Stream(StrEnum):
    """Where a piece of output came from."""

    STDOUT = "stdout"
    STDERR = "stderr"


class LogLine(Word):
    """One line, in the order in which it came.

    ``offset`` is where the line begins in the stored text (bytes, both streams together): it names
    the line for ever, and a follower resumes behind it. ``text`` is without its line end; bytes
    that are not UTF-8 are replaced. ``partial`` marks a piece of a line that was not ended yet.
    """

    offset: NonNegativeInt
    stream: Stream
    at: UtcTime
    text: str
    partial: bool = False
    size_bytes: NonNegativeInt = 0
