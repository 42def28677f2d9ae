"""Notice: what people are told, once; Delivery: how it gets there; Reached: whether a channel works."""

from typing import Any, Literal

from pydantic import Field, NonNegativeInt

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


DeliveryState = Literal["waiting", "sending", "sent", "failed"]


class Delivery(Word):
    """One notice on its way through one channel.

    ``attempts`` counts those begun; ``next_at`` is when to try (again), or, while ``sending``, when
    whoever tries has lost the right to; ``reason`` is why the last attempt failed.
    """

    notice: Notice
    channel: str
    state: DeliveryState
    attempts: NonNegativeInt
    created_at: UtcTime
    next_at: UtcTime
    settled_at: UtcTime | None = None
    reason: str | None = None


class Reached(Word):
    """What became of a test notice in one channel."""

    channel: str
    sent: bool
    reason: str = ""
