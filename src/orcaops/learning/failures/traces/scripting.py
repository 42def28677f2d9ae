"""Traces of Ruby and of PHP."""

import re
from collections.abc import Sequence
from typing import Self

from orcaops.learning.failures.traces.trace import Fit, Line, Trace

_RUBY_START = re.compile(
    r"^(?:Traceback \(most recent call last\):|)\s*(\S+?\.rb"
    r"|\S+):(\d+):in [`'](.+?)'?: (.*?)(?: \(([A-Z][\w:]*)\))?$"
)
_RUBY_FRAME = re.compile(r"^\s+(?:from |\d+: from )?(\S+?):(\d+):in [`'](.+?)'")
_RUBY_OLD = re.compile(r"^\s+\d+: from \S+:\d+:in [`']")

_PHP_START = re.compile(
    r"^(?:PHP )?(?:Fatal error|Error):\s+Uncaught (?:exception ')?([\w\\]+)(?:'.*?"
    r"|: (.*?))(?: in (\S+?)(?::(\d+)| on line (\d+)))?$"
)
_PHP_DEFINED = re.compile(r", called in \S+ on line \d+ and defined in (\S+?):\d+$")
_PHP_LOGGED = re.compile(
    r'^.{0,60}\w+\.(?:ERROR|CRITICAL|ALERT|EMERGENCY): .*"exception":"\[object\] '
    r"\(([\w\\]+)\(code: .{1,20}?\): (.*) at (\S+?):(\d+)\)"
)
_PHP_FRAME = re.compile(r"^#\d+ (?:(\S+?)\((\d+)\): )?(.+)$")
_PHP_MORE = re.compile(r'^(?:Stack trace:|\[(?:previous|stack)|\s+thrown in |Next |"\}\s*$)')


class RubyTrace(Trace):
    """What was raised and where, then the callers; before Ruby 2.5 and since 3.0, and the other way round."""

    language = "ruby"

    def __init__(self, first: Line) -> None:
        super().__init__(first)
        self._raised = False

    @classmethod
    def begun(cls, line: Line, before: Sequence[Line]) -> Self | None:
        """See :meth:`Trace.begun`."""
        if ":in " not in line.text:
            return None
        if _RUBY_OLD.match(line.text) and before and before[-1].text.startswith("Traceback (most"):
            trace = cls(before[-1])
            trace.add(line)
            return trace
        trace = cls(line)
        return trace if trace._raises(line.text) else None

    def _raises(self, text: str) -> bool:
        found = _RUBY_START.match(text)
        if not found or not found[4]:
            return False
        self._raised = True
        self.event.exception, self.event.message = found[5], found[4]
        self.forget_frames()
        self.frame(found[1], found[3])
        return True

    def fits(self, text: str) -> Fit:
        """See :meth:`Trace.fits`."""
        if found := _RUBY_FRAME.match(text):
            self.frame(found[1], found[3])
            return Fit.YES
        return Fit.YES if not self._raised and self._raises(text) else Fit.NO


class PhpTrace(Trace):
    """An uncaught exception, printed by PHP or written to the log of a framework."""

    language = "php"

    @classmethod
    def begun(cls, line: Line, before: Sequence[Line]) -> Self | None:  # noqa: ARG003 - few look back
        """See :meth:`Trace.begun`."""
        found = _PHP_START.match(line.text) or _PHP_LOGGED.match(line.text)
        if found is None:
            return None
        trace = cls(line)
        trace.named(found[1].rsplit("\\", 1)[-1], found[2] or "")
        defined = _PHP_DEFINED.search(line.text)
        place = defined[1] if defined else found[3]
        if place:
            trace.frame(place, None)
        return trace

    def fits(self, text: str) -> Fit:
        """See :meth:`Trace.fits`."""
        if found := _PHP_FRAME.match(text):
            self.frame(found[1] or "", found[3].split("(")[0])
            return Fit.YES
        return Fit.YES if _PHP_MORE.match(text) else Fit.NO
