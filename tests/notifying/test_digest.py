"""The digest: an episode is told once, and once more when it gets worse; what comes together is one."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from orcaops.model.anomaly import Anomaly, Severity
from orcaops.notifying.digest import end_of, grouped, notice_of, told_ids


def anomaly(**more: Any) -> Anomaly:
    at = datetime(2026, 1, 1, tzinfo=UTC)
    given = {"id": "a", "job_id": "j", "type": "duration", "severity": Severity.WARNING, "title": "slow"}
    return Anomaly(**{**given, "description": "d", "detected_at": at, "key": "k", "detector": "x", **more})


def test_the_same_episode_has_the_same_notice_until_it_gets_worse() -> None:
    first, again = notice_of(anomaly()), notice_of(anomaly(run_count=3))
    worse = notice_of(anomaly(severity=Severity.CRITICAL))
    assert first.id == again.id != worse.id != end_of(anomaly()).id
    assert {first.id, worse.id} < set(told_ids(anomaly()))
    assert first.subject_ids == ("a",)


def test_a_notice_names_the_job_and_what_to_do() -> None:
    notice = notice_of(anomaly(key="name:nightly"))
    assert notice.title == "slow (name:nightly)"
    assert notice.body.endswith("orcaops anomalies show a")


def test_of_one_episode_the_last_word_counts() -> None:
    begun, over = notice_of(anomaly(severity=Severity.CRITICAL)), end_of(anomaly())
    assert grouped([begun, over]) == over.model_copy(update={"severity": Severity.CRITICAL})


@given(st.lists(st.tuples(st.integers(0, 40), st.sampled_from(Severity)), min_size=1, max_size=60))
def test_a_group_is_as_severe_as_its_parts_and_names_each_episode_once(
    parts: list[tuple[int, Severity]],
) -> None:
    notices = [notice_of(anomaly(id=f"a{number}", severity=severity)) for number, severity in parts]
    group = grouped(notices)
    assert group.severity.rank == max(severity.rank for _, severity in parts)
    assert sorted(group.subject_ids) == sorted({f"a{number}" for number, _ in parts})
    assert grouped(list(reversed(notices))).id == group.id or len(set(group.subject_ids)) == 1
    assert len(group.body.splitlines()) <= 41
