"""Recommendation: one change worth making, with proof."""

from enum import StrEnum
from typing import Any, Literal

from pydantic import Field

from orcaops.model.identity import Id
from orcaops.model.job import DEFAULT_WORKSPACE, Workspace
from orcaops.model.quantities import Finite, UtcTime
from orcaops.model.word import Word


class Priority(StrEnum):
    """How soon a recommendation deserves to be looked at."""

    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"


class Recommendation(Word):
    """One change worth making.

    The id follows from advisor, key and field, so that asking twice gives the same one.
    ``impact`` is the expected effect in the user's terms; its interval stands in ``evidence``.
    ``state`` follows from decisions: ``open``, ``dismissed`` or ``applied``.
    """

    id: Id
    type: Literal["performance", "cost", "reliability", "security"]
    priority: Priority
    title: str
    description: str
    impact: str
    action: str
    evidence: dict[str, Any] = Field(default_factory=dict)
    created_at: UtcTime
    key: str
    workspace: Workspace = DEFAULT_WORKSPACE
    advisor: str
    field: str
    score: Finite = 0.0
    state: Literal["open", "dismissed", "applied"] = "open"
