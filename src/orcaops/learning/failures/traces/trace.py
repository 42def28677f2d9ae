"""A stack trace while its lines come, and what it becomes."""

import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import IntEnum
from typing import NamedTuple

_MOST_LINES = 40
_LONGEST_LINE = 500
# Frames that are not the project's own.
_FOREIGN = re.compile(
    r"site-packages|dist-packages|/lib/python\d|<frozen |<string>|importlib\._|runpy|node_modules"
    r"|node:internal|internal/|\(native\)|<anonymous>"
    r"|^(?:java|javax|jdk|sun|com\.sun|kotlin|scala|clojure|groovy|org\.(?:junit|apache\.maven"
    r"|gradle|codehaus|springframework|testng|mockito|hamcrest|assertj|opentest4j))\."
    r"|/usr/(?:local/)?go/|/go/pkg/mod/|^(?:runtime|testing|reflect|net/http)\.|/rustc/"
    r"|\.cargo/registry|^(?:core|std|alloc|test|rust_begin_unwind|__rust)\b|/gems/|/ruby/\d"
    r"|/rubygems/"
    r"|^(?:System|Microsoft|Xunit|NUnit)\.|/vendor/|\{main\}|^__(?:libc|GI)_|^(?:raise|abort"
    r"|_start|__asan|__interceptor|operator new|std::)|libc\.so|/pytest/|_pytest/"
)


class Line(NamedTuple):
    """A line as traces are read: ``text`` without control letters, time stamp and stream name, indented."""

    number: int
    offset: int
    text: str


class Fit(IntEnum):
    """How a line fits a trace: not at all, as something that may stand in it, as a part of it."""

    NO = 0
    MAYBE = 1
    YES = 2


@dataclass(slots=True)
class Event:
    """One stack trace, put together.

    ``frame`` is the innermost frame of the project's own code (``file:function`` or a qualified name),
    else the innermost of all. ``lines`` are its first and last lines, ``left_out`` how many are missing
    between them.
    """

    language: str
    offset: int
    first_number: int
    last_number: int
    exception: str | None = None
    message: str = ""
    frame: str | None = None
    lines: list[str] = field(default_factory=list)
    left_out: int = 0

    @property
    def summary(self) -> str:
        """Exception and message in one line."""
        return f"{self.exception or self.language}: {self.message}".strip().rstrip(":")


class Trace:
    """A trace whose lines come one by one; one class for each way to print them."""

    language = ""
    inner_last = False
    """Whether the innermost frame is printed last."""

    def __init__(self, first: Line) -> None:
        self.event = Event(self.language, first.offset, first.number, first.number)
        self._own: str | None = None
        self._any: str | None = None
        self._tail: deque[str] = deque(maxlen=_MOST_LINES // 2)
        self._count = 0
        self.add(first)

    @classmethod
    def begun(cls, line: Line, before: Sequence[Line]) -> "Trace | None":
        """The trace that this line begins, if it does; ``before`` are the lines before it, latest last."""
        raise NotImplementedError

    def fits(self, text: str) -> Fit:
        """Whether the next line belongs to the trace, taking from it what it tells."""
        raise NotImplementedError

    def add(self, line: Line) -> None:
        """Keep a line that fits."""
        self.event.last_number = line.number
        self._count += 1
        if len(self.event.lines) < _MOST_LINES // 2:
            self.event.lines.append(line.text[:_LONGEST_LINE])
        else:
            self._tail.append(line.text[:_LONGEST_LINE])

    def frame(self, place: str, function: str | None) -> None:
        """Note a frame: the first one counts, or the last where a language prints the innermost last."""
        name = place.rsplit("/", 1)[-1].rsplit("\\", 1)[-1]
        told = f"{name}:{function}" if function and name else (function or name)
        foreign = bool(_FOREIGN.search(place) or (function and _FOREIGN.search(function)))
        if not foreign and (self._own is None or self.inner_last):
            self._own = told
        if self._any is None or self.inner_last:
            self._any = told

    def forget_frames(self) -> None:
        """Begin anew with frames: those of a cause follow."""
        self._own = self._any = None

    def named(self, exception: str, message: str = "") -> None:
        """Note what was raised."""
        self.event.exception, self.event.message = exception, message

    @property
    def complete(self) -> bool:
        """Whether the trace says enough to be one."""
        return bool(self.event.exception or self._own or self._any)

    def finished(self) -> Event | None:
        """The event, or None where the lines were no trace after all."""
        event = self.event
        event.frame = self._own or self._any
        event.lines += self._tail
        event.left_out = self._count - len(event.lines)
        return event if self.complete else None
