"""Remedy: what OrcaOps itself can do about a failure, and what came of it."""

from enum import StrEnum

from pydantic import NonNegativeInt

from orcaops.model.identity import Id
from orcaops.model.quantities import UtcTime
from orcaops.model.run import Status
from orcaops.model.word import Word


class Action(StrEnum):
    """What OrcaOps can do: each runs the job again."""

    RETRY = "retry"
    RAISE_MEMORY = "raise_memory"
    RAISE_TIMEOUT = "raise_timeout"
    PULL_AGAIN = "pull_again"
    FREE_DISK = "free_disk"  # what `orcaops gc` removes goes first


class Remedy(Word):
    """A proposed action: ``does`` says what it would do, from ``before`` to ``after`` where a value changes.

    ``solution_id`` is the solution that asks for it. ``allowed`` is false where it would be refused, and
    ``why_not`` says why. ``job_id`` is the run that followed, once it has been taken.
    """

    action: Action
    does: str
    before: str | None = None
    after: str | None = None
    solution_id: Id | None = None
    allowed: bool = True
    why_not: str | None = None
    job_id: Id | None = None


class FixAsked(Word):
    """Which proposed action to take; null takes the only one that is allowed."""

    action: Action | None = None


class RemedyTaken(Word):
    """An action that was taken: by whom, when, why, what it changed, and the run that followed.

    ``status`` is that run's; it is not final where a server runs it. ``removed`` is what cleaning up removed.
    """

    decision_id: Id
    failed_job_id: Id
    action: Action
    by: str
    at: UtcTime
    why: str
    before: str | None = None
    after: str | None = None
    solution_id: Id | None = None
    job_id: Id
    status: Status
    removed: tuple[str, ...] = ()
    freed_bytes: NonNegativeInt = 0
