"""Episodes: several unusual runs of one key that are one anomaly.

An episode is a JSON-safe dictionary inside a detector's memory. It begins with the first unusual
run, goes on while unusual runs follow each other closely, and ends by itself after ``patience``
runs as usual. Its anomaly has one id from beginning to end.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.identity import content_id
from orcaops.model.sample import Sample

Episode = dict[str, Any]

_KEPT_RUNS = 20


def begun(sample: Sample, finding: Mapping[str, Any]) -> Episode:
    """A new episode; ``finding`` is what its detector needs to describe it, JSON-safe."""
    at = sample.at_s
    return {
        "job": sample.job_id,
        "at": at,
        "jobs": [sample.job_id],
        "count": 1,
        "last_at": at,
        "quiet": 0,
        "finding": dict(finding),
    }


def continued(episode: Episode, sample: Sample, finding: Mapping[str, Any] | None = None) -> Episode:
    """The episode with one more unusual run; ``finding`` replaces what it says."""
    jobs = episode["jobs"]
    if sample.job_id in jobs[-1:]:
        count = episode["count"]
    else:
        jobs = [*jobs[:1], *jobs[1:][-(_KEPT_RUNS - 2) :], sample.job_id]
        count = episode["count"] + 1
    return {
        **episode,
        "jobs": jobs,
        "count": count,
        "last_at": sample.at_s,
        "quiet": 0,
        "finding": episode["finding"] if finding is None else dict(finding),
    }


def rested(episode: Episode) -> Episode:
    """The episode after one more run as usual."""
    return {**episode, "quiet": episode["quiet"] + 1}


def shown(
    episode: Episode,
    sample: Sample,
    *,
    detector: str,
    version: int,
    kind: str,
    severity: Severity,
    title: str,
    description: str,
    expected: Any,
    actual: Any,
    unit: str | None,
    deviation_percent: float | None,
    evidence: dict[str, Any],
    series: str = "",
    closed: bool = False,
) -> Anomaly:
    """The anomaly of an episode; ``sample`` says whose it is and, if ``closed``, when it ended.

    ``series`` keeps apart the episodes of a detector that can find several at one run.
    """
    return Anomaly(
        id=content_id(detector + series, sample.workspace, sample.key, episode["job"]),
        job_id=episode["job"],
        type=kind,
        severity=severity,
        title=title,
        description=description,
        expected=expected,
        actual=actual,
        unit=unit,
        deviation_percent=deviation_percent,
        detected_at=datetime.fromtimestamp(episode["at"], UTC),
        key=sample.key,
        workspace=sample.workspace,
        detector=detector,
        detector_version=version,
        job_ids=tuple(episode["jobs"]),
        run_count=episode["count"],
        open=not closed,
        last_seen_at=datetime.fromtimestamp(episode["last_at"], UTC),
        closed_at=sample.at if closed else None,
        evidence=evidence,
    )
