"""FailurePattern: a known way to fail, its cause, its solutions and how often each helped."""

from pydantic import Field, NonNegativeInt

from orcaops.model.identity import Id
from orcaops.model.quantities import UtcTime
from orcaops.model.word import Word


class FailurePattern(Word):
    """A known way to fail. ``pattern`` is a regular expression in RE2 syntax."""

    id: Id
    pattern: str
    category: str
    title: str
    description: str
    solutions: tuple[str, ...] = ()
    occurrences: NonNegativeInt = 0
    last_seen: UtcTime | None = None
    infrastructure: bool = False
    examples: tuple[str, ...] = ()
    counter_examples: tuple[str, ...] = ()
    tags: tuple[str, ...] = Field(default_factory=tuple)
