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

MOST_EVENTS = 50
_MOST_LINES = 40
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

_PY_START = re.compile(r"^\s*(?:[|+E>]\s*)?Traceback \(most recent call last\):")
_PY_FRAME = re.compile(r'^\s*(?:E\s+)?File "(.+?)", line (\d+)(?:, in (.+))?')
_PY_END = re.compile(r"^(\s*)((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)(?:: (.*))?$")
_PY_MORE = re.compile(r"^(?:During handling of the above|The above exception was)")
_AT = re.compile(r"^\s+at (.+)$")
_AT_JAVA = re.compile(
    r"^(?:[\w.@-]*/{1,2})?([\w.$<>]+)\(([\w.-]+\.(?:java|kt|scala|groovy|clj)(?::\d+)?"
    r"|Native Method|Unknown Source|[\w$]+)\)"
)
_AT_DOTNET = re.compile(r"^([\w.<>`\[\],+]+)\(.*\)(?: in (.+?):line (\d+))?")
_AT_NODE = re.compile(r"^(?:async )?(?:(.+?) \()?((?:file://|node:)?[^\s()]+?):(\d+):(\d+)\)?$")
_AT_HEAD = re.compile(
    r"^(?:.*?\s)??((?:Exception in thread \".+?\" |Caused by: |Unhandled [Ee]xception[.:] "
    r"|Uncaught )?)((?:[A-Za-z_$][\w$]*[.])*[A-Z][\w$]*(?:Error|Exception|Failure"
    r"|Throwable)?)(?: \[\w+\])?(?:: (.*))?$"
)
_AT_MORE = re.compile(
    r"^\s*(?:Caused by: |Suppressed: |\.{3} \d+ (?:more|common frames)|---> |--- End of (?:stack|inner))"
)
_GO_START = re.compile(r"^(?:panic|fatal error): (.*)")
_GO_FRAME = re.compile(r"^([\w./*()\-\[\]{}·]+)\((?:.*)\)$|^created by (\S+)")
_GO_PLACE = re.compile(r"^\s+(\S+\.(?:go|s)):(\d+)")
_GO_MORE = re.compile(r"^(?:goroutine \d+ |\[signal |exit status|\s*$|\t|panic: |rax |r\d+ )")
_RUST_START = re.compile(r"^thread '(.+?)'(?: \(\d+\))? panicked at (?:'(.*)', )?(\S+?):(\d+)(?::\d+)?:?$")
_RUST_FRAME = re.compile(r"^\s+\d+: +(?:0x[0-9a-f]+ - )?(\S.*)$|^\s+at (\S+):(\d+)")
_RUST_MORE = re.compile(r"^(?:stack backtrace:|note: |\s+\d+:|\s+at |assertion |\s+(?:left|right): )")
_C_START = re.compile(
    r"^(?:=+\s*)?==\d+==\s?(?:ERROR: )?(\w+Sanitizer): (.*)|^WARNING: (ThreadSanitizer): (.*)"
    r"|^(?:Thread \d+ .*|Program) (?:received|terminated with) signal (\w+)(.*)"
)
_C_FRAME = re.compile(
    r"^\s*#(\d+)\s+(?:0x[0-9a-f]+\s+in\s+)?(.+?)(?:\s+\(.*?\))?(?:\s+(?:at|in)\s+|\s+)?((?:/"
    r"|\.{0,2}/|\w)[\w./+-]*\.\w+:\d+(?::\d+)?)?(?:\s+\(.*\))?$"
)
_C_MORE = re.compile(
    r"\s|SUMMARY|==|READ of|WRITE of|freed by|previously|The signal|Hint|0x[0-9a-f]+ (?:in|is) "
    r"|\[Current"
)
_RUBY_START = re.compile(
    r"^(?:Traceback \(most recent call last\):|)\s*(\S+?\.rb"
    r"|\S+):(\d+):in [`'](.+?)'?: (.*?)(?: \(([A-Z][\w:]*)\))?$"
)
_RUBY_FRAME = re.compile(r"^\s+(?:from |\d+: from )?(\S+?):(\d+):in [`'](.+?)'")
_PHP_START = re.compile(
    r"^(?:PHP )?(?:Fatal error|Error):\s+Uncaught (?:exception ')?([\w\\]+)(?:'.*?"
    r"|: (.*?))(?: in (\S+?)(?::(\d+)| on line (\d+)))?$"
)
_PHP_FRAME = re.compile(r"^#\d+ (?:(\S+?)\((\d+)\): )?(.+)$")
_PHP_MORE = re.compile(r"^(?:Stack trace:|\s+thrown in |Next )")


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
    tracer = _Tracer()
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
        finished = tracer.feed(number, offset, text)
        if finished is not None:
            count += 1
            if len(first) < MOST_EVENTS:
                first.append(finished)
            else:
                last.append(finished)
    finished = tracer.close()
    if finished is not None:
        count += 1
        (first if len(first) < MOST_EVENTS else last).append(finished)
    reading.line_count = number
    reading.levels = dict(levels)
    reading.events = [*first, *last]
    reading.events_left_out = count - len(reading.events)
    return reading


@dataclass(slots=True)
class _Tracer:
    """Puts the lines of one trace together; interleaved lines end it."""

    current: Event | None = None
    tail: deque[str] = field(default_factory=lambda: deque(maxlen=_MOST_LINES // 2))
    own: str | None = None
    any_frame: str | None = None
    inner_last: bool = False
    open_python: bool = False
    before: tuple[int, int, str] = (0, 0, "")

    def feed(self, number: int, offset: int, line: str) -> Event | None:
        finished: Event | None = None
        if self.current is not None:
            if self._goes_on(line):
                self._append(number, line)
                self.before = (number, offset, line)
                return None
            finished = self.close()
        self._begin(number, offset, line)
        self.before = (number, offset, line)
        return finished

    def close(self) -> Event | None:
        event = self.current
        if event is not None:
            event.frame = self.own or self.any_frame
            event.lines += self.tail
            event.left_out = event.last_number - event.first_number + 1 - len(event.lines)
            self.tail.clear()
        self.current = None
        return event if event is not None and (event.frame or event.exception) else None

    def _open(self, language: str, number: int, offset: int, line: str, *, inner_last: bool = False) -> Event:
        event = Event(language, offset, number, number, lines=[line[:_LONGEST_LINE]])
        self.current, self.own, self.any_frame = event, None, None
        self.inner_last, self.open_python = inner_last, False
        return event

    def _append(self, number: int, line: str) -> None:
        event = self.current
        if event is None:
            return
        event.last_number = number
        if len(event.lines) < _MOST_LINES // 2:
            event.lines.append(line[:_LONGEST_LINE])
        else:
            self.tail.append(line[:_LONGEST_LINE])

    def _frame(self, place: str, function: str | None) -> None:
        """Note a frame: the first one counts, or the last where a language prints the innermost last."""
        name = place.rsplit("/", 1)[-1].rsplit("\\", 1)[-1]
        told = f"{name}:{function}" if function and name else (function or name)
        foreign = bool(_FOREIGN.search(f"{place}") or (function and _FOREIGN.search(function)))
        if not foreign and (self.own is None or self.inner_last):
            self.own = told
        if self.any_frame is None or self.inner_last:
            self.any_frame = told

    def _begin(self, number: int, offset: int, line: str) -> None:
        bare = without_time(line)
        if _PY_START.match(bare):
            self._open("python", number, offset, line, inner_last=True)
            self.open_python = True
        elif _AT.match(line):
            self._begin_at(number, offset, line)
        elif found := _GO_START.match(bare):
            self._open("go", number, offset, line).message = found[1]
            self._named("panic" if bare.startswith("panic") else "fatal error")
        elif found := _RUST_START.match(bare):
            event = self._open("rust", number, offset, line)
            event.message, event.exception = found[2] or "", "panic"
            self._frame(found[3], found[1])
        elif found := _C_START.match(bare):
            event = self._open("c", number, offset, line)
            event.exception = found[1] or found[3] or found[5]
            event.message = (found[2] or found[4] or found[6] or "").strip(" ,.")
        elif found := _PHP_START.match(bare):
            event = self._open("php", number, offset, line)
            event.exception, event.message = found[1].rsplit("\\", 1)[-1], found[2] or ""
            if found[3]:
                self._frame(found[3], None)
        elif ":in " in bare and (found := _RUBY_START.match(bare)) and found[4]:
            event = self._open("ruby", number, offset, line)
            event.exception, event.message = found[5], found[4]
            self._frame(found[1], found[3])

    def _named(self, exception: str) -> None:
        if self.current is not None:
            self.current.exception = exception

    def _begin_at(self, number: int, offset: int, line: str) -> None:
        before_number, before_offset, before = self.before
        frame = line.strip()[3:]
        language = self._at_language(frame)
        if language is None:
            return
        head = _AT_HEAD.match(without_time(before)) if before_number == number - 1 else None
        if head and (
            head[3] is not None or head[1] or re.search(r"(?:Error|Exception|Failure|Throwable)$", head[2])
        ):
            event = self._open(language, before_number, before_offset, before)
            event.exception = re.split(r"[.$]", head[2])[-1]
            event.message = head[3] or ""
            self._append(number, line)
        else:
            self._open(language, number, offset, line)
        self._at_frame(language, frame)

    @staticmethod
    def _at_language(frame: str) -> str | None:
        if _AT_JAVA.match(frame):
            return "java"
        if _AT_NODE.match(frame):
            return "node"
        if _AT_DOTNET.match(frame):
            return "dotnet"
        return None

    def _at_frame(self, language: str, frame: str) -> None:
        if language == "java" and (found := _AT_JAVA.match(frame)):
            self._frame("", found[1])
        elif language == "node" and (found := _AT_NODE.match(frame)):
            self._frame(found[2], found[1])
        elif found := _AT_DOTNET.match(frame):
            self._frame("", found[1])

    def _goes_on(self, line: str) -> bool:
        event = self.current
        if event is None:
            return False
        method = getattr(self, f"_{event.language}_goes_on")
        return bool(method(event, without_time(line) if event.language != "python" else line))

    def _python_goes_on(self, event: Event, line: str) -> bool:
        if _PY_START.match(line) or _PY_MORE.match(line):
            self.open_python = True
            return True
        if not self.open_python:
            return not line.strip()  # a blank line may stand between chained traces
        found = _PY_FRAME.match(without_time(line))
        if found:
            self._frame(found[1], found[3])
            return True
        ended = _PY_END.match(without_time(line).removeprefix("E   "))
        if ended and (
            not line[:1].isspace() or re.search(r"(?:Error|Exception|Exit|Interrupt|Warning)$", ended[2])
        ):
            event.exception, event.message = ended[2].rsplit(".", 1)[-1], ended[3] or ""
            self.open_python = False
            return True
        return line[:1].isspace() or not line

    def _java_goes_on(self, event: Event, line: str) -> bool:
        found = _AT.match(line)
        if found:
            self._at_frame(event.language, found[1])
            return True
        if line.startswith("Caused by: ") and (head := _AT_HEAD.match(line)):
            # The innermost cause names the failure.
            event.exception, event.message = re.split(r"[.$]", head[2])[-1], head[3] or ""
            self.own = self.any_frame = None
            return True
        return bool(_AT_MORE.match(line))

    _node_goes_on = _java_goes_on
    _dotnet_goes_on = _java_goes_on

    def _go_goes_on(self, event: Event, line: str) -> bool:
        if not event.message:
            event.message = line
        if found := _GO_FRAME.match(line):
            if found[1]:
                self._frame("", found[1])
            return True
        return bool(_GO_PLACE.match(line) or _GO_MORE.match(line))

    def _rust_goes_on(self, event: Event, line: str) -> bool:
        if not event.message and line.strip():
            event.message = line
            return True
        return bool(_RUST_MORE.match(line))

    def _c_goes_on(self, _event: Event, line: str) -> bool:
        if found := _C_FRAME.match(line):
            self._frame((found[3] or "").split(":")[0], found[2].split("(")[0].strip())
            return True
        return not line.strip() or bool(_C_MORE.match(line))

    def _ruby_goes_on(self, _event: Event, line: str) -> bool:
        if found := _RUBY_FRAME.match(line):
            self._frame(found[1], found[3])
            return True
        return False

    def _php_goes_on(self, _event: Event, line: str) -> bool:
        if found := _PHP_FRAME.match(line):
            self._frame(found[1] or "", found[3].split("(")[0])
            return True
        return bool(_PHP_MORE.match(line))
