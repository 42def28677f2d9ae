"""Solution: something that may end a failure, and how often it was followed by success."""

from typing import Annotated, Literal, Self

from pydantic import ConfigDict, NonNegativeFloat, NonNegativeInt, StringConstraints, model_validator

from orcaops.model.identity import Id
from orcaops.model.job import DEFAULT_WORKSPACE, Workspace
from orcaops.model.quantities import Finite
from orcaops.model.word import Word

RETRY = "retry"
"""The key of doing nothing but try again: the control that every solution is compared with."""

Advice = Annotated[
    str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]*[^\s\x00][^\x00]*$")
]


class Atom(Word):
    """One difference between two runs; ``name`` says of what (an environment name, a command's word …).

    ``before`` and ``after`` are its values where they may be told: sizes in bytes, times in seconds.
    """

    kind: str
    name: str = ""
    before: str | None = None
    after: str | None = None

    @property
    def key(self) -> str:
        """What is the same change in two places: a raised limit is one whatever the figures."""
        if self.kind in MEASURED:
            return f"{self.kind}:{direction(self.before, self.after)}"
        if self.kind in ("commit", "digest", "command"):
            return self.kind
        return f"{self.kind}:{self.name}={self.after if self.after is not None else ''}"


MEASURED = frozenset({"memory", "cpus", "pids", "timeout", "idle_timeout"})
"""Kinds whose values are numbers: no value means no limit."""


def direction(before: str | None, after: str | None) -> Literal["raised", "lowered"]:
    """Which way a limit went; without a limit is highest.

    >>> direction("512", "1024"), direction("512", None)
    ('raised', 'raised')
    """
    if after is None:
        return "raised"
    return "raised" if before is not None and float(after) > float(before) else "lowered"


class Effect(Word):
    """How often something was followed by success: ``helped`` of ``n`` cases.

    ``rate`` is the posterior mean (with what is known of the category where the signature is rare; old cases
    count less) and ``low`` to ``high`` the central 80 % interval. Null without any case.
    """

    n: NonNegativeInt = 0
    helped: NonNegativeInt = 0
    rate: Finite | None = None
    low: Finite | None = None
    high: Finite | None = None


class Solution(Word):
    """Something that may end a failure.

    ``standing``: ``untried`` without a case; ``tried`` with too little evidence; ``offered`` if it beats a
    plain retry with probability above .8; ``suggested`` with two successes under two commits besides;
    ``validated`` with five and its lower bound above the retry's rate. ``retry`` is the control. ``action``
    names what OrcaOps could do itself; ``change`` is what a learned one changes.
    """

    id: Id
    text: str
    source: Literal["shipped", "taught", "learned"]
    pattern_id: Id | None = None
    signature: str | None = None
    change: Atom | None = None
    action: Literal["retry", "raise_memory", "raise_timeout", "pull_again", "free_disk"] | None = None
    standing: Literal["untried", "tried", "offered", "suggested", "validated"] = "untried"
    effect: Effect = Effect()
    retry: Effect = Effect()
    sentence: str = ""
    explored: bool = False


class SolutionTaught(Word):
    """Advice that a person gives for a known failure, or for one signature of failures."""

    model_config = ConfigDict(
        json_schema_extra={
            "oneOf": [
                {
                    "required": ["pattern_id"],
                    "properties": {"pattern_id": {"not": {"type": "null"}}, "signature": {"type": "null"}},
                },
                {
                    "required": ["signature"],
                    "properties": {"signature": {"not": {"type": "null"}}, "pattern_id": {"type": "null"}},
                },
            ]
        }
    )

    text: Advice
    pattern_id: Id | None = None
    signature: Id | None = None

    @model_validator(mode="after")
    def _for_one(self) -> Self:
        if (self.pattern_id is None) == (self.signature is None):
            raise ValueError("give either pattern_id or signature: what it is a solution for")
        return self


class TaughtSolution(SolutionTaught):
    """The same as it is kept."""

    id: Id
    workspace: Workspace = DEFAULT_WORKSPACE


class FeedbackGiven(Word):
    """Whether a solution helped, with which job, and what there is to say about it."""

    helped: bool
    job_id: Id | None = None
    note: Annotated[str, StringConstraints(max_length=1000, pattern=r"^[^\x00]*$")] | None = None


class Tally(Word):
    """Pseudo-observations behind an effect: weights, with ageing, and whole cases."""

    successes: NonNegativeFloat = 0.0
    failures: NonNegativeFloat = 0.0
    n: NonNegativeInt = 0
    helped: NonNegativeInt = 0
