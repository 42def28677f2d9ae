"""Reading: a question in plain English becomes inquiries, the most likely first, each with a confidence.

The rules need no language model. Whoever has one may offer another :class:`Reader`: what it proposes
counts only if it is an inquiry that can be parsed.
"""

import math
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from orcaops.model.errors import OrcaError
from orcaops.model.inquiry import Inquiry
from orcaops.services.asking.acts import asked_act
from orcaops.services.asking.query_line import parse_line
from orcaops.services.asking.understanding import ranking, shaping
from orcaops.services.asking.understanding.cues import weights
from orcaops.services.asking.understanding.dissection import take_apart
from orcaops.services.asking.understanding.names import Known
from orcaops.services.asking.understanding.parsed import Parsed
from orcaops.services.asking.understanding.regarding import unregarded
from orcaops.services.asking.understanding.times import Times

UNDERSTOOD = 0.5
"""The confidence from which on a reading is answered."""

_CLOSE = 0.85  # a second kind with such a share of the first one's weight is told too
_ENOUGH = 3.0  # the weight at which a kind is certain
_MOST_TOLD = 5
_STRICT = (
    2.0  # a word in four that nobody knows leaves a good half of the confidence: it may be what is asked
)
_OF_JOBS = ("most", "least", "slowest", "fastest", "cheapest", "dearest", "flaky", "often", "rate")
_FIELD_VALUE = re.compile(r"(?<![\w\"'])-?[a-z_]+:[^\s:]")


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to understand a question."""

    inquiry: Inquiry
    confidence: float
    notes: tuple[str, ...] = ()


class Reader(Protocol):
    """Whoever proposes inquiries for a question."""

    def read(self, question: str, known: Known, now: datetime, zone: ZoneInfo) -> list[Reading]:
        """The readings, the most likely first; none if it is not understood."""


class RuleReader:
    """Understands by rules."""

    def read(self, question: str, known: Known, now: datetime, zone: ZoneInfo) -> list[Reading]:
        """See :meth:`Reader.read`."""
        written = _as_written(question, now)
        if written is not None:
            return [Reading(written, 1.0)]
        if asked_act(question) is not None:
            return []  # who wants something done does not ask
        parsed = take_apart(question, known, Times(now, zone))
        if parsed.meant.startswith("who") and not _job_for_who(parsed):
            return []  # nobody's name is recorded
        if parsed.unknown:
            parsed.notes.append(f"passed over: {', '.join(parsed.unknown[:_MOST_TOLD])}")
        ranked = ranking.ranked(parsed, weights(parsed.meant))
        if not ranked:
            return []
        readings: list[Reading] = []
        best = ranked[0][1]
        for kind, weight in ranked:
            if weight < _CLOSE * best or len(readings) >= 3:
                break
            confidence = _confidence(parsed, weight)
            for inquiry in shaping.shaped(kind, parsed):
                try:
                    regular_one = parse_line(inquiry.line, now)
                except OrcaError:
                    continue  # an odd word that the search language cannot say
                if all(regular_one != one.inquiry for one in readings):
                    left_out, doubt = unregarded(regular_one, parsed)
                    sure = round(confidence * doubt, 2)
                    readings.append(Reading(regular_one, sure, (*parsed.notes, *left_out)))
                    confidence *= 0.9
        readings.sort(key=lambda one: -one.confidence)
        return [one for one in readings if one.confidence >= UNDERSTOOD]


def nameless(question: str, known: Known, now: datetime, zone: ZoneInfo) -> tuple[str, ...]:
    """The words of a question that mean nothing to the rules, a few at most."""
    parsed = take_apart(question, known, Times(now, zone))
    who = ("who",) if parsed.meant.startswith("who") else ()
    return (*who, *parsed.unknown)[:_MOST_TOLD]


def _as_written(question: str, now: datetime) -> Inquiry | None:
    """The inquiry, where somebody typed the line of one instead of a question."""
    written = _FIELD_VALUE.search(question) or re.search(r"^\w+ .*\b(?:by|where|top) ", question)
    if not written or re.search(r"[?]|\b(?:the|how|did|is)\b", question.lower()):
        return None
    try:
        return parse_line(question, now)
    except OrcaError:
        return None


def _job_for_who(parsed: Parsed) -> bool:
    """Whether ``who is the slowest`` asks for a job and no person; it is read as one then."""
    rivals = len(parsed.named) > 1 and parsed.has("more", "less")
    if parsed.unknown or not (rivals or parsed.has(*_OF_JOBS)):
        return False
    parsed.meant = re.sub(r"^who\b", "which job", parsed.meant)
    parsed.spoken = re.sub(r"^who\w*", "which job", parsed.spoken)
    parsed.notes.append("nobody's name is recorded: who is taken for which job")
    return True


def _confidence(parsed: Parsed, weight: float) -> float:
    """How sure the cues are, less for every word that nobody understood."""
    left = len(parsed.unknown)
    everything = float(parsed.meant == "list any")
    share = parsed.understood / (parsed.understood + left) if parsed.understood + left else everything
    return min(weight / _ENOUGH, 1.0) * math.pow(share, _STRICT) * parsed.doubt
