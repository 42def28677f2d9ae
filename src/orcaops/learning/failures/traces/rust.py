"""Traces of Rust: panics, with or without the backtrace."""

import re
from collections.abc import Sequence
from typing import Self

from orcaops.learning.failures.traces.trace import Event, Fit, Line, Trace

_START = re.compile(r"^thread '(.+?)'(?: \(\d+\))? panicked at (.*)$")
_PLACE = re.compile(r"^(?:'(.*)', )?(\S+?):(\d+)(?::\d+)?:?$")
_OLD_END = re.compile(r"^(.*)', (\S+?):(\d+)(?::\d+)?$")
_FRAME = re.compile(r"^\s+\d+: +(?:0x[0-9a-f]+ - )?(\S.*)$")
_AT = re.compile(r"^\s+at (\S+?):(\d+)")
_MORE = re.compile(r"^(?:stack backtrace:|note: |assertion |\s+(?:left|right): )")


class RustTrace(Trace):
    """``thread '…' panicked at …``, in the form before and since Rust 1.73."""

    language = "rust"

    def __init__(self, first: Line, thread: str) -> None:
        super().__init__(first)
        self._thread = thread
        self._panicked = ""
        self._function: str | None = None
        self._unended = False

    @classmethod
    def begun(cls, line: Line, before: Sequence[Line]) -> Self | None:  # noqa: ARG003 - few look back
        """See :meth:`Trace.begun`."""
        found = _START.match(line.text)
        if found is None:
            return None
        trace = cls(line, found[1])
        placed = _PLACE.match(found[2])
        trace.named("panic", (placed[1] if placed else found[2].removeprefix("'")) or "")
        trace._panicked = placed[2] if placed else ""
        trace._unended = placed is None and found[2].startswith("'")
        return trace

    def fits(self, text: str) -> Fit:
        """See :meth:`Trace.fits`."""
        if self._unended:  # the message of the old form may have several lines
            if ended := _OLD_END.match(text):
                self._panicked, self._unended = ended[2], False
            return Fit.YES
        if not self.event.message and text.strip():
            self.event.message = text
            return Fit.YES
        if found := _FRAME.match(text):
            self._function = found[1]
            return Fit.YES
        if found := _AT.match(text):
            self.frame(found[1], self._function)
            return Fit.YES
        return Fit.YES if _MORE.match(text) else Fit.NO

    def finished(self) -> Event | None:
        """Without a frame of the project's own, where it panicked is the frame."""
        if self._own is None and self._panicked:
            self.frame(self._panicked, self._thread)
        return super().finished()
