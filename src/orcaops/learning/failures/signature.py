"""The signature of a failure: the same failure has the same signature, run after run.

A signature has two resolutions. ``id`` tells one failure from another: the kind, where it happened in
the project's own code, the tool and the exit code. ``family`` is coarse: what the failure is about (the
category of the known patterns: ``test``, ``network`` …; where none is in it, what its most telling line
sounds like), or the kind where nothing is known about it.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.learning.failures.categories import OTHER, category_said
from orcaops.learning.failures.causes import VERDICT, CauseLine, Causes, severity
from orcaops.learning.failures.masking import mask, without_time
from orcaops.learning.failures.matcher import Match
from orcaops.learning.failures.precedence import causes_first
from orcaops.learning.failures.traces.trace import Event
from orcaops.model.identity import content_id

_EXCEPTION = re.compile(
    r"(?:^|[\s(\[*>])((?:[A-Za-z_]\w*[.:\\]{1,2})*[A-Z]\w*(?:Error|Exception|Failure|Fault|Panic"
    r"|Abort|Interrupt|Exit))(?=[:\s(\])]|$)"
)
_WRAPPER = re.compile(
    r"^(?:sudo|env|time|nice|nohup|timeout|bash|sh|/bin/(?:ba)?sh|-l?c|exec|bundle|npx|uv|poetry"
    r"|run|python[\d.]*|-m)$"
)
_LONGEST_TEXT = 200


@dataclass(frozen=True, slots=True)
class Signature:
    """How a failure is recognised: ids to compare, a short text to read, and what they were made of."""

    id: str
    family: str
    text: str
    kind: str
    frame: str | None = None
    tool: str | None = None
    exit_code: int | None = None


def tool_of(command: str) -> str | None:
    """The program that a command line really runs: wrappers, options and assignments are passed over.

    >>> tool_of("sudo env A=1 python3.11 -m pytest -x tests")
    'pytest'
    >>> tool_of("/usr/local/bin/npm ci")
    'npm'
    """
    last: str | None = None
    for word in command.split():
        bare = word.strip("'\"();&|")
        if not bare or "=" in bare:
            continue
        last = last or bare
        if _WRAPPER.match(bare) or (bare.startswith("-") and bare != "-"):
            continue
        return bare.rsplit("/", 1)[-1]
    return last.rsplit("/", 1)[-1] if last else None


def exception_class(line: str) -> str | None:
    """The class of the exception that a line names, without its package; None where there is none."""
    found = _EXCEPTION.search(line)
    return re.split(r"[.:\\]", found[1])[-1] if found else None


def signature(
    causes: Causes,
    events: Sequence[Event] = (),
    matches: Sequence[Match] = (),
    *,
    command: str = "",
    exit_code: int | None = None,
) -> Signature:
    """The signature of a failure from what its log said; without any log it is tool and exit code.

    ``matches`` are the known failures in its telling lines, in their order. What it is called by is the one
    that says why; what it is about, the family, is what most of the first say, also those that say only what.
    """
    tool = tool_of(command)
    event = _deciding(events, causes)
    frame = event.frame if event else None
    specific = next((match for match in causes_first(matches, causes) if not match.catch_all), None)
    first = _first_strong(causes.ranked)
    said = event.exception if event and event.exception else exception_class(first.text) if first else None
    if specific is not None:
        kind, text = f"pattern:{specific.pattern.id}", specific.title
        if specific.general and said:  # two exceptions at one place are two failures
            kind += f":{said}"
    elif said:
        kind, text = f"exception:{said}", (event.summary if event else first.text if first else said)
    elif first is not None:
        kind, text = f"line:{_form(first.text)}", without_time(first.text)
    else:
        kind, text = "silent", f"{tool or 'the command'} failed without a word"
    detail = mask(specific.matched) if specific is not None else mask(text)
    code = "" if exit_code is None else str(exit_code)
    return Signature(
        id=content_id(kind, detail if frame is None else frame, tool or "", code),
        family=_family(matches, first, kind),
        text=text.strip()[:_LONGEST_TEXT],
        kind=kind,
        frame=frame,
        tool=tool,
        exit_code=exit_code,
    )


def _family(matches: Sequence[Match], first: CauseLine | None, kind: str) -> str:
    """What most of the first three known failures in the cause lines are about, else what the line says."""
    known = [match.pattern.category for match in matches if not match.catch_all][:3]
    if known:
        return max(known, key=known.count)
    sounds = category_said(first.text) if first is not None else OTHER
    return kind if sounds == OTHER else sounds


def _deciding(events: Sequence[Event], causes: Causes) -> Event | None:
    """The stack trace that the cause lines lie in, else the last one."""
    for line in causes.ranked[:5]:
        for event in events:
            if event.frame and event.first_number <= line.number <= event.last_number:
                return event
    return next((event for event in reversed(events) if event.frame), None)


def _first_strong(ranked: Sequence[CauseLine]) -> CauseLine | None:
    return next(
        (line for line in ranked if severity(without_time(line.text)) > VERDICT),
        ranked[0] if ranked else None,
    )


def _form(line: str) -> str:
    """A line reduced to its lasting words: masks, quoted parts and names with digits or dots left out."""
    words = re.sub(r"(['\"`‘“]).{1,120}?['\"`’”]|<\w+>(?:/\S*)?", " ", mask(line)).split()
    return (
        " ".join(word for word in words if re.fullmatch(r"[A-Za-z'-]{2,}[:.,;!]?", word))[:160]
        or mask(line)[:160]
    )
