"""Parsed: a question taken apart into names, times, amounts, quotations and meanings."""

import re
from dataclasses import dataclass, field

from orcaops.services.asking.understanding.names import Named
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
    understood: int = 0  # how many words have a meaning

    def has(self, *meanings: str) -> bool:
        """Whether one of these meanings is there."""
        return any(re.search(rf"\b{meaning}\b", self.meant) for meaning in meanings)
