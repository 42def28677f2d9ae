"""Diagnosis: what was read off a failed run's log (a fact), and what is concluded from it (an opinion)."""

from typing import Annotated

from pydantic import Field, NonNegativeInt, StringConstraints

from orcaops.model.identity import Id
from orcaops.model.job import DEFAULT_WORKSPACE, Workspace
from orcaops.model.quantities import Finite, UtcTime
from orcaops.model.solution import Atom
from orcaops.model.word import Word

LONGEST_LINE = 300
MOST_LINES = 30


class EvidenceLine(Word):
    """One telling line; ``offset`` names it in the stored log, for as long as that is kept."""

    offset: NonNegativeInt
    text: Annotated[str, StringConstraints(max_length=LONGEST_LINE)]


class Evidence(Word):
    """What a failed run's log told, read once when the run ended: a fact of the run.

    The log may be gone later; this stays. ``lines`` are the telling ones, most telling first, secrets masked.
    ``signature`` (fine) and ``family`` (coarse) say which failure it is, by the shipped patterns alone, so
    that teaching one changes no signature; ``label`` is the signature in words. ``patterns`` are the
    specific known failures in the lines, by the knowledge base of version ``knowledge``.
    """

    job_id: Id
    workspace: Workspace = DEFAULT_WORKSPACE
    lines: Annotated[tuple[EvidenceLine, ...], Field(max_length=MOST_LINES)] = ()
    line_count: NonNegativeInt = 0
    compared: bool = False
    signature: str
    family: str
    kind: str
    label: str
    text: str
    frame: str | None = None
    tool: str | None = None
    infrastructure_probability: Finite
    reasons: tuple[str, ...] = ()
    patterns: tuple[Id, ...] = ()
    knowledge: str


class PassingLines(Word):
    """Lines of a passing run that sound like a failure: what a pattern must not fire on. A fact."""

    workspace: Workspace = DEFAULT_WORKSPACE
    key: str
    job_id: Id
    at: UtcTime
    lines: tuple[str, ...]


class Diagnosis(Word):
    """What a failed run is taken to have failed of: an opinion, rebuilt from evidence and records.

    ``patterns`` are the specific known failures, by the knowledge base of version ``knowledge``; none means
    that nothing explains it. ``ended_by`` is the next success of the same key within twenty runs and seven
    days, ``changed`` the difference to it (nothing: it was a retry). ``circumstance`` tells independent
    occurrences apart: the commit, or the run itself where that is unknown.
    """

    job_id: Id
    workspace: Workspace = DEFAULT_WORKSPACE
    key: str
    number: NonNegativeInt
    at: UtcTime
    signature: str
    family: str
    kind: str
    text: str
    tool: str | None = None
    infrastructure_probability: Finite
    patterns: tuple[Id, ...] = ()
    knowledge: str = ""
    has_lines: bool = False
    by_engine: str | None = None
    circumstance: str
    runs_after: NonNegativeInt = 0
    awaited: bool = True
    ended_by: Id | None = None
    changed: tuple[Atom, ...] = ()

    @property
    def explained(self) -> bool:
        """Whether a specific pattern or the engine's own word says what it was."""
        return bool(self.patterns) or self.by_engine is not None


class Trial(Word):
    """What was different in the first run after a failure, and whether that run succeeded.

    ``atoms`` without an element is a plain retry: the control.
    """

    job_id: Id
    next_job_id: Id
    workspace: Workspace = DEFAULT_WORKSPACE
    number: NonNegativeInt
    at: UtcTime
    signature: str
    family: str
    circumstance: str
    atoms: tuple[Atom, ...] = ()
    helped: bool
