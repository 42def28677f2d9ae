"""Traces whose frames begin with ``at``: the JVM's, Node's and .NET's; and what a JVM prints when it dies."""

import re
from collections.abc import Sequence
from typing import Self

from orcaops.learning.failures.traces.trace import Fit, Line, Trace

_AT = re.compile(r"^\s+at (.+)$")
_JAVA = re.compile(
    r"^(?:[\w.@-]*/{1,2})?([\w.$<>]+)\(([\w.-]+\.(?:java|kt|scala|groovy|clj)(?::\d+)?"
    r"|Native Method|Unknown Source|[\w$]+)\)"
)
_DOTNET = re.compile(r"^([\w.<>`\[\],+]+)\(.*\)(?: in (.+?):line (\d+))?")
_NODE = re.compile(r"^(?:async )?(?:(.+?) \()?((?:file://|node:)?[^\s()]+?):(\d+):(\d+)\)?(?: \{)?$")
_HEAD = re.compile(
    r"^(?:.*?\s)??((?:Exception in thread \".+?\" |Caused by: |Unhandled [Ee]xception[.:] "
    r"|Uncaught )?)((?:[A-Za-z_$][\w$]*[.])*[A-Z][\w$]*(?:Error|Exception|Failure"
    r"|Throwable)?)(?: \[\w+\])?(?:: (.*))?$"
)
_RAISED = re.compile(r"(?:Error|Exception|Failure|Throwable)$")
_MORE = re.compile(r"^\s*(?:Suppressed: |\.{3} \d+ (?:more|common frames)|---> |--- End of (?:stack|inner))")
_NODE_CAUSE = re.compile(r"^\s+\[cause\]: (\w+)(?: \[\w+\])?(?:: (.*))?$")
_BETWEEN = re.compile(r"^(?:Require stack:|- \S+)$")  # between what Node says and its frames
_INNER = re.compile(r"^\s*---> ")

_JVM_DIES = re.compile(
    r"^# (?:A fatal error has been detected by the Java|There is insufficient memory for the)"
)
_JVM_SIGNAL = re.compile(r"^#\s+(SIG[A-Z]+|EXCEPTION_\w+|Internal Error|Out of Memory Error)\b(.*)")
_JVM_FRAME = re.compile(r"^# [CVJj]\s+\[([^+\]]+)[^\]]*\]\s*([\w:~<>]*)")


class DottedTrace(Trace):
    """What was raised, then frames that begin with ``at``."""

    def __init__(self, first: Line, language: str) -> None:
        self.language = language
        super().__init__(first)
        self._braces = False

    @classmethod
    def begun(cls, line: Line, before: Sequence[Line]) -> Self | None:
        """See :meth:`Trace.begun`."""
        found = _AT.match(line.text)
        language = _language(found[1]) if found else None
        if found is None or language is None:
            return None
        place = len(before) - 1
        while place > 0 and _BETWEEN.match(before[place].text):
            place -= 1
        head = _HEAD.match(before[place].text) if place >= 0 else None
        if head and (head[3] is not None or head[1] or _RAISED.search(head[2])):
            while place > 0 and _INNER.match(before[place].text):
                place -= 1
            trace = cls(before[place], language)
            trace.named(re.split(r"[.$]", head[2])[-1], head[3] or "")
            for each in before[place + 1 :]:
                trace.add(each)
            trace.add(line)
        else:
            trace = cls(line, language)
        trace._frame_of(found[1])
        return trace

    def fits(self, text: str) -> Fit:
        """See :meth:`Trace.fits`."""
        if found := _AT.match(text):
            self._frame_of(found[1])
            self._braces = self._braces or (self.language == "node" and text.endswith("{"))
            return Fit.YES
        caused = _HEAD.match(text) if text.startswith("Caused by: ") else None
        if caused:
            self._cause(re.split(r"[.$]", caused[2])[-1], caused[3])
            return Fit.YES
        if self._braces:
            return self._in_braces(text)
        return Fit.YES if _MORE.match(text) else Fit.NO

    def _in_braces(self, text: str) -> Fit:
        """What Node prints of an error's own fields."""
        if caused := _NODE_CAUSE.match(text):
            self._cause(caused[1], caused[2])
            return Fit.YES
        if text == "}":
            self._braces = False
            return Fit.YES
        return Fit.YES if text[:1].isspace() else Fit.NO

    def _cause(self, exception: str, message: str | None) -> None:
        """The innermost cause names the failure."""
        self.named(exception, message or "")
        self.forget_frames()

    def _frame_of(self, frame: str) -> None:
        if self.language == "java" and (found := _JAVA.match(frame)):
            self.frame("", found[1])
        elif self.language == "node" and (found := _NODE.match(frame)):
            self.frame(found[2], found[1])
        elif found := _DOTNET.match(frame):
            self.frame("", found[1])


def _language(frame: str) -> str | None:
    for language, expression in (("java", _JAVA), ("node", _NODE), ("dotnet", _DOTNET)):
        if expression.match(frame):
            return language
    return None


class DyingJvm(Trace):
    """What a Java virtual machine prints when it crashes itself."""

    language = "java"

    @classmethod
    def begun(cls, line: Line, before: Sequence[Line]) -> Self | None:  # noqa: ARG003 - few look back
        """See :meth:`Trace.begun`."""
        return cls(line) if _JVM_DIES.match(line.text) else None

    def fits(self, text: str) -> Fit:
        """See :meth:`Trace.fits`."""
        if not text.startswith("#"):
            return Fit.NO
        if self.event.exception is None and (found := _JVM_SIGNAL.match(text)):
            self.named(found[1], found[2].strip(" :"))
        elif found := _JVM_FRAME.match(text):
            self.frame(found[1], found[2] or None)
        return Fit.YES
