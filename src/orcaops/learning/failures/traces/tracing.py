"""Finds traces in lines, though other lines come between theirs.

Where several services or threads write into one log, a few foreign lines inside a trace are passed over;
lines that begin with the name of their stream (``web_1  | …``, ``[error] …``) are read stream by stream.
"""

import re
from collections import deque
from collections.abc import Iterator

from orcaops.learning.failures.masking import undated
from orcaops.learning.failures.traces.dotted import DottedTrace, DyingJvm
from orcaops.learning.failures.traces.go import GoTrace
from orcaops.learning.failures.traces.native import NativeTrace
from orcaops.learning.failures.traces.python import PytestTrace, PythonTrace
from orcaops.learning.failures.traces.rust import RustTrace
from orcaops.learning.failures.traces.scripting import PhpTrace, RubyTrace
from orcaops.learning.failures.traces.trace import Event, Fit, Line, Trace

_KINDS: tuple[type[Trace], ...] = (
    PythonTrace,
    DottedTrace,
    GoTrace,
    RustTrace,
    NativeTrace,
    PhpTrace,
    RubyTrace,
    PytestTrace,
    DyingJvm,
)
# Every line that begins a trace has one of these, or begins with one of those; few others do.
_WORDS = (
    "Traceback",
    'File "',
    "panicked at ",
    "Sanitizer: ",
    " signal ",
    "runtime error: ",
    "Uncaught ",
    '"exception":',
    ":in `",
    ":in '",
    "terminat",
    ": Assertion ",
)
_BEGINNINGS = (
    *("panic: ", "fatal error: ", "==", "*** ", "___", "# A fatal", "# There is", "WARNING: DATA RACE"),
    *("double free", "free()", "malloc", "realloc", "munmap", "corrupted", "stack smash"),
)
_STREAM = re.compile(r"^(?:\[[A-Za-z]{2,12}\] ?|[\w./-]{1,40}\s*\| )")
_FOREIGN_LINES = 3  # so many lines of others are passed over inside a trace
_STREAMS = 8
_BEFORE = 8


class Tracing:
    """Gets line after line, gives the traces that are complete. Memory is bounded."""

    def __init__(self) -> None:
        self._streams: dict[str, _Stream] = {}

    def feed(self, number: int, offset: int, text: str) -> Event | None:
        """Take the next line (plain); returns a trace that it ended."""
        told = undated(text)
        found = _STREAM.match(told) if told[:1] == "[" or "| " in told[:48] else None
        name = found[0] if found else ""
        stream = self._streams.get(name)
        ended: Event | None = None
        if stream is None:
            if len(self._streams) >= _STREAMS:
                oldest = next(iter(self._streams))
                ended = self._streams.pop(oldest).close()
            stream = self._streams[name] = _Stream()
        told = undated(told[len(name) :]) if name else told
        return stream.feed(Line(number, offset, told)) or ended

    def close(self) -> Iterator[Event]:
        """The traces that the log's end ended."""
        for stream in self._streams.values():
            if event := stream.close():
                yield event
        self._streams.clear()


class _Stream:
    def __init__(self) -> None:
        self._trace: Trace | None = None
        self._foreign = 0
        self._before: deque[Line] = deque(maxlen=_BEFORE)

    def feed(self, line: Line) -> Event | None:
        ended: Event | None = None
        may_begin = _may_begin(line.text)
        before = tuple(self._before) if may_begin else ()
        self._before.append(line)
        trace = self._trace
        if trace is not None:
            if self._foreign and may_begin and (another := _begun(line, before)) and another.event.exception:
                ended = self.close()
                self._trace = another
                return ended
            fit = trace.fits(line.text)
            if fit is Fit.YES or (fit is Fit.MAYBE and not self._foreign):
                self._foreign = 0
                trace.add(line)
                return None
            another = _begun(line, before) if may_begin else None
            if another is None and self._foreign < _FOREIGN_LINES:
                self._foreign += 1
                return None
            ended = self.close()
            self._trace = another
            return ended
        if may_begin:
            self._trace = _begun(line, before)
        return None

    def close(self) -> Event | None:
        trace, self._trace, self._foreign = self._trace, None, 0
        return trace.finished() if trace is not None else None


def _may_begin(text: str) -> bool:
    if text[:1].isspace() and text.lstrip()[:3] == "at ":
        return True
    return text.startswith(_BEGINNINGS) or any(word in text for word in _WORDS)


def _begun(line: Line, before: tuple[Line, ...]) -> Trace | None:
    for kind in _KINDS:
        trace = kind.begun(line, before)
        if trace is not None:
            return trace
    return None
