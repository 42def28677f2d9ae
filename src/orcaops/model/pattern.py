"""FailurePattern: a known way to fail, its cause, its solutions and how often each helped."""

from typing import Annotated, Literal

from pydantic import Field, NonNegativeInt, StringConstraints

from orcaops.model.identity import Id
from orcaops.model.quantities import Finite, UtcTime
from orcaops.model.solution import Advice, TaughtSolution
from orcaops.model.word import Word

MOST_TAUGHT = 2000
"""Patterns, and solutions, that one workspace may be taught."""

Line = Annotated[str, StringConstraints(min_length=1, max_length=2000, pattern=r"^[^\x00]*$")]
Tag = Annotated[str, StringConstraints(min_length=1, max_length=40, pattern=r"^[^\x00]*$")]


class FailurePattern(Word):
    """A known way to fail. ``pattern`` is a regular expression in RE2 syntax.

    ``occurrences`` and ``last_seen`` count the failed runs of the workspace that it explains.
    ``passing_hits`` of the latest passing runs with telling lines show it too: it loses rank for that.
    ``stale`` says that it has explained something once, but nothing for half a year.
    """

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
    source: Literal["shipped", "taught", "learned"] = "shipped"
    passing_hits: NonNegativeInt = 0
    stale: bool = False


class PatternProposal(Word):
    """A failure that recurs and that nothing explains, as a pattern that a person may accept.

    ``pattern`` is null where none was found that fires on no passing run; ``why`` says so then.
    """

    id: Id
    signature: str
    title: str
    category: str
    pattern: str | None
    why: str
    description: str = ""
    solutions: tuple[str, ...] = ()
    infrastructure: bool = False
    examples: tuple[str, ...] = ()
    occurrences: NonNegativeInt
    circumstances: NonNegativeInt
    job_ids: tuple[Id, ...] = ()
    edited: bool = False


class UnexplainedFailures(Word):
    """Failures with one signature that nothing explains; ``job_ids`` are the latest ten."""

    signature: str
    text: str
    count: NonNegativeInt
    job_ids: tuple[Id, ...]


class KnowledgeCoverage(Word):
    """How much of what failed is explained by a specific pattern; catch-alls do not count.

    ``share`` is ``explained`` of ``failures``, null where nothing failed. ``by_engine`` counts what the
    engine itself reported (killed at its memory limit, timed out …) and no pattern explains; ``silent`` are
    failures without any line. ``firing_on_passing`` and ``stale`` are patterns to look at again.
    """

    failures: NonNegativeInt
    explained: NonNegativeInt
    share: Finite | None
    by_pattern: dict[str, NonNegativeInt] = Field(default_factory=dict)
    by_engine: dict[str, NonNegativeInt] = Field(default_factory=dict)
    silent: NonNegativeInt = 0
    unexplained: tuple[UnexplainedFailures, ...] = ()
    firing_on_passing: dict[str, NonNegativeInt] = Field(default_factory=dict)
    stale: tuple[Id, ...] = ()


Expression = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4000, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$"),
    Field(json_schema_extra={"format": "regex"}),
]
"""A regular expression as RE2 has it."""


class PatternTaught(Word):
    """A pattern as a person teaches it. Without an ``id`` it gets one from its title."""

    pattern: Expression
    title: Annotated[
        str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")
    ]
    examples: Annotated[tuple[Line, ...], Field(min_length=1, max_length=20)]
    id: Id | None = None
    category: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] = "other"
    description: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")] = ""
    solutions: Annotated[tuple[Advice, ...], Field(max_length=20)] = ()
    infrastructure: bool = False
    counter_examples: Annotated[tuple[Line, ...], Field(max_length=20)] = ()
    tags: Annotated[tuple[Tag, ...], Field(max_length=20)] = ()


class ProposalEdited(Word):
    """What a person changes in a proposal; null leaves it as it is."""

    pattern: Expression | None = None
    title: (
        Annotated[
            str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")
        ]
        | None
    ) = None
    category: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")] | None = None
    description: Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00]*$")] | None = None
    solutions: Annotated[tuple[Advice, ...], Field(max_length=20)] | None = None
    infrastructure: bool | None = None


class KnowledgeDocument(Word):
    """What was taught in a workspace, to be carried elsewhere: patterns, and solutions for any pattern."""

    format: Literal["orcaops-knowledge-1"] = "orcaops-knowledge-1"
    patterns: Annotated[tuple[FailurePattern, ...], Field(max_length=MOST_TAUGHT)] = ()
    solutions: Annotated[tuple[TaughtSolution, ...], Field(max_length=MOST_TAUGHT)] = ()


class KnowledgeImported(Word):
    """What an import of knowledge did; ``problems`` says which entries were left out and why."""

    patterns: NonNegativeInt = 0
    solutions: NonNegativeInt = 0
    known: NonNegativeInt = 0
    problems: tuple[str, ...] = ()
