"""Traces of Python: tracebacks, chained and grouped ones, syntax errors, and failed tests of pytest."""

import re
from collections.abc import Sequence
from typing import Self

from orcaops.learning.failures.traces.trace import Fit, Line, Trace

_GROUP = re.compile(r"^(?:\s*[|+](?!\S+\.py)[ -]?)+(?: (?= ))?")
_RULE = re.compile(r"^[\s|+]*\+[-+]+(?: \d+ -+)?$")
_START = re.compile(r"^\s*(?:E\s+)?(?:Exception Group )?Traceback \(most recent call last\):")
_FRAME = re.compile(r'^\s*(?:E\s+)?File "(.+?)", line (\d+)(?:, in (.+))?')
_END = re.compile(r"^(\s*)((?:[A-Za-z_]\w*\.)*[A-Za-z_]\w*)(?:: (.*))?$")
_RAISED = re.compile(r"(?:Error|Exception|Exit|Interrupt|Warning|Group|Iteration)$")
_MORE = re.compile(r"^(?:During handling of the above|The above exception was)")
_OF_RUBY = re.compile(r"^\s+\d+: from ")

_TEST = re.compile(r"^_{3,} (\S.*?) _{3,}$")
_TEST_PLACE = re.compile(r"^(\S+\.pyx?):(\d+): (?:in (\S+)|([A-Za-z_][\w.]*))?$")


class PythonTrace(Trace):
    """``Traceback (most recent call last):`` up to the exception, with those that it came from."""

    language = "python"
    inner_last = True

    def __init__(self, first: Line) -> None:
        super().__init__(first)
        self._open = True
        self._headless = False

    @classmethod
    def begun(cls, line: Line, before: Sequence[Line]) -> Self | None:  # noqa: ARG003 - few look back
        """See :meth:`Trace.begun`."""
        if _START.match(_bare(line.text)):
            return cls(line)
        found = _FRAME.match(line.text)
        if found and not found[3] and line.text[:1].isspace():
            trace = cls(line)  # an error of syntax has no traceback
            trace._headless = True
            trace.frame(found[1], None)
            return trace
        return None

    def fits(self, text: str) -> Fit:
        """See :meth:`Trace.fits`."""
        line = _bare(text)
        if _START.match(line) or _MORE.match(line):
            self._open = True
            return Fit.YES
        if _RULE.match(text):
            return Fit.MAYBE
        if not self._open:
            # A blank line may stand between chained traces.
            return Fit.NO if line.strip() and line == text else Fit.MAYBE
        if _OF_RUBY.match(line):
            return Fit.NO
        if found := _FRAME.match(line):
            self.frame(found[1], found[3])
            return Fit.YES
        ended = _END.match(line.removeprefix("E   "))
        if ended and (not line[:1].isspace() or _RAISED.search(ended[2])):
            self.named(ended[2].rsplit(".", 1)[-1], ended[3] or "")
            self._open = False
            return Fit.YES
        return Fit.YES if line[:1].isspace() or not line else Fit.NO

    @property
    def complete(self) -> bool:
        """A place in a file alone may be anything."""
        return super().complete and (self.event.exception is not None or not self._headless)


class PytestTrace(Trace):
    """The section of a failed test: its code, the lines marked ``E``, and where it was raised."""

    language = "python"
    inner_last = True

    def __init__(self, first: Line, test: str) -> None:
        super().__init__(first)
        self._test = test
        self._said = ""
        self._ended = False

    @classmethod
    def begun(cls, line: Line, before: Sequence[Line]) -> Self | None:  # noqa: ARG003 - few look back
        """See :meth:`Trace.begun`."""
        found = _TEST.match(line.text)
        return cls(line, found[1]) if found else None

    def fits(self, text: str) -> Fit:
        """See :meth:`Trace.fits`."""
        if self._ended:
            return Fit.NO
        if found := _TEST_PLACE.match(text):
            if found[4]:
                self.named(found[4].rsplit(".", 1)[-1], self._said)
                self.frame(found[1], self._test)
                self._ended = True
            else:
                self.frame(found[1], found[3] or self._test)
            return Fit.YES
        if text.startswith("E "):
            self._said = self._said or text[2:].strip()
            return Fit.YES
        if text[:1].isspace() or text.startswith((">", "_ _")):
            return Fit.YES
        return Fit.NO if text.strip() else Fit.MAYBE

    @property
    def complete(self) -> bool:
        """Sections of the same form that name no exception are something else."""
        return self.event.exception is not None


def _bare(text: str) -> str:
    """A line without the bars in front of what an exception group holds."""
    return _GROUP.sub("", text, count=1) if "|" in text[:40] or "+" in text[:40] else text
