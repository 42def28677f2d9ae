"""A log read in one pass: levels counted, the first error, and stack traces put together.

Whatever the size of the log, memory stays bounded: the first and the last :data:`MOST_EVENTS` traces are
kept, of each its first and last lines.
"""

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from orcaops.learning.failures.causes import VERDICT, severity
from orcaops.learning.failures.masking import plain, without_time
from orcaops.learning.failures.traces.trace import Event
from orcaops.learning.failures.traces.tracing import Tracing

MOST_EVENTS = 50
_LONGEST_LINE = 500

_LEVEL = re.compile(
    r"\b(TRACE|DEBUG|INFO|NOTICE|WARN(?:ING)?|ERROR|ERR|FATAL|CRITICAL|SEVERE|PANIC)\b|\b(trace"
    r"|debug|info|notice|warn(?:ing)?|error|fatal|critical)[\]:]|level=(\w+)"
)
_LEVELS = {
    **dict.fromkeys(("trace", "debug"), "debug"),
    **dict.fromkeys(("info", "notice"), "info"),
    **dict.fromkeys(("warn", "warning"), "warning"),
    **dict.fromkeys(("error", "err", "severe"), "error"),
    **dict.fromkeys(("fatal", "critical", "panic"), "fatal"),
}


@dataclass(slots=True)
class Reading:
    """What a log holds: lines per level, the first line that announces a failure, the stack traces."""

    line_count: int = 0
    levels: dict[str, int] = field(default_factory=dict)
    first_error: tuple[int, str] | None = None
    events: list[Event] = field(default_factory=list)
    events_left_out: int = 0


def split_lines(chunks: Iterable[bytes], longest: int = 16_384) -> Iterator[tuple[int, str]]:
    """Lines with their byte offsets from pieces of bytes; a longer line comes in pieces of ``longest``.

    Bytes that are not UTF-8 are replaced; UTF-16 with a byte order mark, as some Windows tools write it,
    is recognised by its zero bytes and read without them.
    """
    offset, rest = 0, b""
    for chunk in chunks:
        data = rest + chunk if rest else chunk
        place = 0
        while True:
            end = data.find(b"\n", place, place + longest)
            if end < 0:
                if len(data) - place < longest:
                    break
                end = place + longest - 1
            yield offset + place, _text(data[place : end + 1])
            place = end + 1
        offset += place
        rest = data[place:]
    if rest:
        yield offset, _text(rest)


def _text(raw: bytes) -> str:
    if raw.count(0) * 3 > len(raw):
        raw = raw.replace(b"\0", b"")
    return raw.decode("utf-8", "replace").rstrip("\r\n")


def level_of(line: str) -> str | None:
    """``debug``, ``info``, ``warning``, ``error`` or ``fatal`` where a line names it near its start."""
    found = _LEVEL.search(line, 0, 120)
    return _LEVELS.get((found[1] or found[2] or found[3]).lower()) if found else None


def read_log(lines: Iterable[tuple[int, str]]) -> Reading:
    """Read a log given as (offset, text) in order."""
    reading = Reading()
    levels: Counter[str] = Counter()
    first: list[Event] = []
    last: deque[Event] = deque(maxlen=MOST_EVENTS)
    tracing = Tracing()
    number = 0
    count = 0
    for offset, raw in lines:
        number += 1
        text = plain(raw)
        body = without_time(text)
        level = level_of(text)
        if level:
            levels[level] += 1
        if reading.first_error is None and (level in {"error", "fatal"} or severity(body) >= 1.0 > VERDICT):
            reading.first_error = (offset, text[:_LONGEST_LINE])
        finished = tracing.feed(number, offset, text)
        if finished is not None:
            count += 1
            (first if len(first) < MOST_EVENTS else last).append(finished)
    for finished in tracing.close():
        count += 1
        (first if len(first) < MOST_EVENTS else last).append(finished)
    reading.line_count = number
    reading.levels = dict(levels)
    reading.events = sorted([*first, *last], key=lambda one: one.first_number)
    reading.events_left_out = count - len(reading.events)
    return reading
