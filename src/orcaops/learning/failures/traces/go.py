"""Traces of Go: panics, fatal errors of the runtime, and data races."""

import re
from collections.abc import Sequence
from typing import Self

from orcaops.learning.failures.traces.trace import Fit, Line, Trace

_START = re.compile(r"^(panic|fatal error): (.*)")
_RACE = re.compile(r"^WARNING: (DATA RACE)$")
_FRAME = re.compile(r"^\s*([\w./*()\-\[\]{}·]+)\((?:.*)\)$|^created by (\S+)")
_PLACE = re.compile(r"^\s+(\S+\.(?:go|s)):(\d+)")
_MORE = re.compile(r"^(?:goroutine \d+ |\[signal |exit status|\t|panic: |rax |r\d+ )")
_MORE_RACE = re.compile(r"^(?:(?:Previous )?(?:[Ww]rite|[Rr]ead) at |Goroutine \d+ )")


class GoTrace(Trace):
    """The panic, then the goroutines."""

    language = "go"

    @classmethod
    def begun(cls, line: Line, before: Sequence[Line]) -> Self | None:  # noqa: ARG003 - few look back
        """See :meth:`Trace.begun`."""
        found = _START.match(line.text) or _RACE.match(line.text)
        if found is None:
            return None
        trace = cls(line)
        trace.named(found[1], found[2] if found.re is _START else "")
        return trace

    def fits(self, text: str) -> Fit:
        """See :meth:`Trace.fits`."""
        racing = self.event.exception == "DATA RACE"
        if not text.strip():
            return Fit.MAYBE
        if not self.event.message:
            self.event.message = text
            return Fit.YES
        if _PLACE.match(text) or (_MORE_RACE if racing else _MORE).match(text):
            return Fit.YES
        found = _FRAME.match(text)
        if found and (racing or not text[0].isspace()):
            if found[1]:
                self.frame("", found[1])
            return Fit.YES
        return Fit.NO
