"""Parsed: a question taken apart into names, times, amounts, quotations and meanings."""

import re
from dataclasses import dataclass, field

from orcaops.services.asking.understanding.names import Named
from orcaops.services.asking.understanding.recurring import Recurring
from orcaops.services.asking.understanding.times import Span


@dataclass(slots=True)
class Parsed:
    """A question taken apart: what was recognised in it, and what is left."""

    meant: str = ""
    spoken: str = ""
    named: list[Named] = field(default_factory=list)
    spans: list[Span] = field(default_factory=list)
    amounts: list[str] = field(default_factory=list)
    quotations: list[str] = field(default_factory=list)
    top: int | None = None
    by: str | None = None
    unknown: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    anchors: list[Named] = field(default_factory=list)  # names of events that a time was counted from
    recurring: Recurring | None = None
    times_said: str | None = None  # such as "more than 5 times": how often something shall have been
    doubt: float = 1.0  # what is left of the confidence for what could not be regarded
    understood: int = 0  # how many words have a meaning

    @property
    def main_span(self) -> Span | None:
        """The time that runs are asked about: of several, the one that something is told since."""
        since = [span for span in self.spans if span.end is None and span.start is not None]
        several = len(self.spans) > 1 and since
        return since[-1] if several else self.spans[0] if self.spans else None

    def has(self, *meanings: str) -> bool:
        """Whether one of these meanings is there."""
        return any(re.search(rf"\b{meaning}\b", self.meant) for meaning in meanings)
