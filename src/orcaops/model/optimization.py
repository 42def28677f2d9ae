"""Optimization and Override: a change on probation, and how it is laid over a job."""

from enum import StrEnum
from typing import Any

from pydantic import Field

from orcaops.model.identity import Id
from orcaops.model.job import DEFAULT_WORKSPACE, Workspace
from orcaops.model.quantities import UtcTime
from orcaops.model.word import Word


class OptimizationState(StrEnum):
    """Where a change on probation stands."""

    PROPOSED = "proposed"
    CANARY = "canary"
    KEPT = "kept"
    ROLLED_BACK = "rolled_back"


class Override(Word):
    """A layer laid over a job's specification at submission; taking it away is the rollback."""

    optimization_id: Id
    change: dict[str, Any]


class Optimization(Word):
    """One change of one field for one key, and how far it has come."""

    id: Id
    key: str
    workspace: Workspace = DEFAULT_WORKSPACE
    field: str
    before: Any = None
    after: Any = None
    state: OptimizationState
    share: float = Field(default=0.0, ge=0, le=1)
    created_at: UtcTime
    changed_at: UtcTime
    why: str = ""
    evidence: dict[str, Any] = Field(default_factory=dict)
