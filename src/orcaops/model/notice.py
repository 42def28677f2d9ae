"""Notice: what people are told, once."""

from typing import Any

from pydantic import Field

from orcaops.model.anomaly import Severity
from orcaops.model.identity import Id
from orcaops.model.job import DEFAULT_WORKSPACE, Workspace
from orcaops.model.quantities import UtcTime
from orcaops.model.word import Word


class Notice(Word):
    """One message for people; its id follows from what it is about, so it is sent once."""

    id: Id
    workspace: Workspace = DEFAULT_WORKSPACE
    severity: Severity
    title: str
    body: str
    at: UtcTime
    subject: str
    subject_ids: tuple[str, ...] = ()
    facts: dict[str, Any] = Field(default_factory=dict)
