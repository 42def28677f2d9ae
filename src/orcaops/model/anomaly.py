"""Anomaly: something unusual, with numbers as evidence."""

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

from pydantic import Field, NonNegativeInt

from orcaops.model.identity import Id
from orcaops.model.job import DEFAULT_WORKSPACE, Workspace
from orcaops.model.quantities import Finite, UtcTime
from orcaops.model.word import Word


class Severity(StrEnum):
    """How much an anomaly deserves attention."""

    INFO = "info"
    WARNING = "warning"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0, 1 or 2: to compare severities."""
        return list(Severity).index(self)


class Anomaly(Word):
    """One episode of something unusual on one key, however many runs belong to it.

    The id follows from detector, key and the run that began the episode, so that judging the
    same facts again gives the same anomaly. ``expected`` and ``actual`` are in ``unit``.
    ``acknowledged`` and ``resolution`` come from decisions that people made; everything else is
    derived from facts.

    ``part_of`` is the anomaly that speaks for this one, where another tells of the same runs and says more;
    it is then listed and not told.

    ``muted_by`` is an anomaly that somebody called no problem, where that holds for this one too; it is
    then listed and not told, for the reason ``muted_because``. ``confirmed`` says whether the run did the
    same when ``confirming_job_id`` ran it once more. ``told`` says whether people were told; null where
    nobody was to be, as of what was imported.
    """

    id: Id
    job_id: Id
    type: str
    severity: Severity
    title: str
    description: str
    expected: Any = None
    actual: Any = None
    unit: str | None = None
    deviation_percent: Finite | None = None
    detected_at: UtcTime
    acknowledged: bool = False
    resolution: str | None = None
    note: str | None = None
    key: str
    workspace: Workspace = DEFAULT_WORKSPACE
    detector: str
    detector_version: int = 1
    job_ids: tuple[Id, ...] = ()
    run_count: NonNegativeInt = 1
    open: bool = True
    last_seen_at: UtcTime | None = None
    closed_at: UtcTime | None = None
    part_of: Id | None = None
    muted_by: Id | None = None
    muted_because: str | None = None
    confirmed: bool | None = None
    confirmed_because: str | None = None
    confirming_job_id: Id | None = None
    told: bool | None = None
    told_because: str | None = None
    evidence: dict[str, Any] = Field(default_factory=dict)


def speaking(anomalies: Sequence[Anomaly]) -> list[Anomaly]:
    """Those of the anomalies of which none of the others speaks: what to say of them in few lines."""
    here = {anomaly.id for anomaly in anomalies}
    return [anomaly for anomaly in anomalies if anomaly.part_of not in here]
