"""The digest: an episode is told once, and once more when it gets worse."""

from datetime import UTC, datetime
from typing import Any

from orcaops.model.anomaly import Anomaly, Severity
from orcaops.notifying.digest import notices_of


def anomaly(**more: Any) -> Anomaly:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    given = {"id": "a", "job_id": "j", "type": "duration", "severity": Severity.WARNING, "title": "slow"}
    return Anomaly(**{**given, "description": "d", "detected_at": at, "key": "k", "detector": "x", **more})


def test_the_same_episode_has_the_same_notice_until_it_gets_worse() -> None:
    (first,), (again,) = list(notices_of([anomaly()])), list(notices_of([anomaly(run_count=3)]))
    (worse,) = notices_of([anomaly(severity=Severity.CRITICAL)])
    assert first.id == again.id != worse.id
    assert first.subject_ids == ("a",)


def test_what_is_over_or_only_worth_a_look_is_not_told() -> None:
    assert not list(notices_of([anomaly(open=False), anomaly(severity=Severity.INFO)]))
