"""Decision: what somebody decided about an opinion or a fact, signed."""

from typing import Any

from pydantic import Field, NonNegativeInt

from orcaops.model.identity import Id
from orcaops.model.job import DEFAULT_WORKSPACE, Workspace
from orcaops.model.quantities import UtcTime
from orcaops.model.word import Word


class Decision(Word):
    """Appended, never changed: who decided what about which subject, when and why.

    ``subject`` is ``anomaly``, ``baseline``, ``recommendation``, ``optimization`` or ``image``; ``verb`` what
    was decided (``acknowledge``, ``resolve``, ``reopen``, ``reset``, ``dismiss``, ``apply`` …).
    ``after_number`` is the last number of the learning order when it was taken, so that replaying
    history meets it at the same place.
    """

    id: Id
    workspace: Workspace = DEFAULT_WORKSPACE
    subject: str
    subject_id: str
    verb: str
    by: str
    at: UtcTime
    reason: str | None = None
    details: dict[str, Any] = Field(default_factory=dict)
    after_number: NonNegativeInt = 0
