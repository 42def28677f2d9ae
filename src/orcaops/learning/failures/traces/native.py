"""Traces of C and C++: gdb, sanitizers, valgrind, glibc's own checks, and exceptions that nobody catches."""

import re
from collections.abc import Sequence
from typing import Self

from orcaops.learning.failures.traces.trace import Event, Fit, Line, Trace

_START = re.compile(
    r"^(?:=+\s*)?==\d+==\s?(?:ERROR: )?(?P<sanitizer>\w+Sanitizer): (?P<found>.*)"
    r"|^WARNING: (?P<threads>ThreadSanitizer): (?P<race>.*)"
    r"|^(?:Thread \d+ .*|Program) (?:received|terminated with) signal (?P<signal>\w+)(?P<said>.*)"
    r"|^(?P<file>[^\s:]+):\d+:\d+: (?P<undefined>runtime error): (?P<what>.*)"
    r"|^==\d+== (?P<memory>(?:Invalid (?:read|write|free)|Conditional jump|Use of uninit|Mismatched free"
    r"|Syscall param|Process terminating|[\d,]+ bytes in [\d,]+ blocks are definitely lost).*)"
    r"|^\*\*\* Error in [`'](?P<program>.+?)': (?P<heap>.+?): 0x[0-9a-f]+ \*\*\*"
    r"|^(?:\*\*\* )?(?P<check>(?:double free or corruption|free\(\): |malloc\(\): |realloc\(\): "
    r"|munmap_chunk\(\): |corrupted (?:double-linked list|size vs\. prev_size)|stack smashing detected"
    r"|malloc_consolidate\(\): ).*?)(?:: terminated| \*\*\*.*)?$"
    r"|^(?:libc\+\+abi[^:]*: )?terminat(?:e called|ing)(?: due to uncaught exception of type| after throwing"
    r" an instance of) '?(?P<thrown>[\w:<>, ]+)'?(?:: (?P<why>.*))?"
    r"|^(?:\S+: )?(?P<source>\S+\.\w+):\d+: (?P<function>[^:]+(?:::[^:]+)*): "
    r"Assertion [`'](?P<assertion>.*)' failed"
)
_FRAME = re.compile(
    r"^\s*#(\d+)\s+(?:0x[0-9a-f]+\s+in\s+)?(.+?)(?:\s+\(.*?\))?(?:\s+(?:at|in)\s+|\s+)?((?:/"
    r"|\.{0,2}/|\w)[\w./+-]*\.\w+:\d+(?::\d+)?)?(?:\s+\(.*\))?$"
)
_STOPPED = re.compile(r"^0x[0-9a-f]+ in (\S+?) \(.*\)(?: at (\S+?):\d+| from \S+)?$")
_VALGRIND = re.compile(r"^==\d+==\s+(?:at|by) 0x[0-9A-Fa-f]+: (.+?) \((?:in )?([^):]+)(?::\d+)?\)$")
_GLIBC = re.compile(r"^(\S+?)\((\w*)\+0x[0-9a-f]+\)\s?\[0x[0-9a-f]+\]$")
_WHAT = re.compile(r"^\s+what\(\):\s+(.*)")
_MORE = re.compile(
    r"\s|SUMMARY|READ of|WRITE of|freed by|previously|The signal|Hint|0x[0-9a-f]+ (?:in|is) "
    r"|\[(?:Current|Switching|New Thread|Inferior)|\(gdb\)|\d+\t|Missing separate|={3,} Backtrace|Aborted"
    r"|==\d+==(?=ABORTING|HINT|\s\s)"
)


class NativeTrace(Trace):
    """From the signal or the complaint on to the last frame."""

    language = "c"

    @classmethod
    def begun(cls, line: Line, before: Sequence[Line]) -> Self | None:  # noqa: ARG003 - few look back
        """See :meth:`Trace.begun`."""
        found = _START.match(line.text)
        if found is None:
            return None
        trace = cls(line)
        part = found.groupdict()
        assertion = "Assertion" if part["assertion"] is not None else None
        thrown = part["thrown"].strip().rsplit("::", 1)[-1] if part["thrown"] else None
        names = (
            part[name] for name in ("sanitizer", "threads", "signal", "undefined", "memory", "heap", "check")
        )
        texts = (part[name] for name in ("found", "race", "said", "what", "why", "assertion"))
        name = next((each for each in names if each), None) or thrown or assertion or ""
        trace.named(name.strip(), next((each for each in texts if each), "").strip(" ,."))
        if part["source"]:
            trace.frame(part["source"], part["function"].split("(")[0].split()[-1])
        trace._place = part["file"]
        return trace

    def __init__(self, first: Line) -> None:
        super().__init__(first)
        self._place: str | None = None

    def fits(self, text: str) -> Fit:
        """See :meth:`Trace.fits`."""
        if found := _FRAME.match(text):
            self.frame((found[3] or "").split(":")[0], found[2].split("(")[0].strip())
            return Fit.YES
        if found := _STOPPED.match(text):
            self.frame(found[2] or "", found[1])
            return Fit.YES
        if found := _VALGRIND.match(text):
            self.frame(found[2], found[1].split("(")[0])
            return Fit.YES
        if found := _GLIBC.match(text):
            self.frame(found[1], found[2] or None)
            return Fit.YES
        if found := _WHAT.match(text):
            self.event.message = found[1]
            return Fit.YES
        if not text.strip():
            return Fit.MAYBE
        return Fit.YES if _MORE.match(text) else Fit.NO

    def finished(self) -> Event | None:
        """Where no frame was printed the complaint's own place stands for one."""
        if self._place and not self._any:
            self.frame(self._place, None)
        return super().finished()
