"""Stories: of anomalies about the same runs one speaks, and nothing worse is hidden behind it."""

from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from orcaops.learning.stories import speaker, takes_part
from orcaops.model.anomaly import Anomaly, Severity, speaking

START = datetime(2026, 1, 1, tzinfo=UTC)


def found(detector: str, kind: str, begun: int, last: int, closed: int | None = None, **more: Any) -> Anomaly:
    at = [START + timedelta(hours=hours) for hours in (begun, last)]
    fields: dict[str, Any] = {
        "id": f"{detector}-{begun}",
        "job_id": f"job-{begun}",
        "type": kind,
        "severity": Severity.WARNING,
        "title": "t",
        "description": "d",
        "detected_at": at[0],
        "last_seen_at": at[1],
        "closed_at": None if closed is None else START + timedelta(hours=closed),
        "open": closed is None,
        "key": "k",
        "detector": detector,
    }
    return Anomaly(**(fields | more))


DROP = found("anomaly_degradation", "degradation", 1, 9, severity=Severity.CRITICAL)
NEWS = found("anomaly_error", "error", 1, 9, severity=Severity.CRITICAL)
AGAIN = found("anomaly_repeat_failure", "repeat_failure", 1, 9)


def test_one_breakage_seen_by_three_is_told_by_one() -> None:
    for seen in permutations([DROP, NEWS, AGAIN]):
        assert [speaker(anomaly, seen) for anomaly in (DROP, NEWS, AGAIN)] == [None, DROP.id, DROP.id]
    assert speaker(AGAIN, [AGAIN, NEWS]) == NEWS.id


def test_an_incident_speaks_for_failures_of_every_job() -> None:
    incident = found("anomaly_incident", "incident", 0, 9, severity=Severity.CRITICAL, key="another")
    seen = [incident, DROP, NEWS]
    assert [speaker(anomaly, seen) for anomaly in seen] == [None, incident.id, incident.id]
    elsewhere = NEWS.model_copy(update={"workspace": "other"})
    assert speaker(elsewhere, seen) is None


@pytest.mark.parametrize(
    "other",
    [
        DROP.model_copy(update={"severity": Severity.WARNING}),  # milder
        DROP.model_copy(update={"detected_at": START + timedelta(hours=2)}),  # began later
        DROP.model_copy(update={"open": False, "closed_at": START + timedelta(hours=5)}),  # over before
        DROP.model_copy(update={"key": "another"}),
        DROP.model_copy(update={"type": "improvement"}),
        NEWS,
    ],
)
def test_each_speaks_for_itself_where_the_other_does_not_cover_it(other: Anomaly) -> None:
    assert speaker(NEWS, [other, NEWS]) is None


def test_a_lasting_change_speaks_for_slow_runs_and_for_cpu_time() -> None:
    lasting = found("regression", "regression", 1, 5, evidence={"metric": "duration"})
    slow = found("anomaly_duration", "duration", 1, 4, closed=9)
    cpu = found("regression", "regression", 1, 6, id="cpu", evidence={"metric": "cpu"})
    memory = found("regression", "regression", 1, 6, id="memory", evidence={"metric": "memory"})
    seen = [lasting, slow, cpu, memory]
    assert [speaker(anomaly, seen) for anomaly in seen] == [None, lasting.id, lasting.id, None]
    assert speaker(slow, [memory, slow]) is None


def test_a_silence_speaks_for_the_time_it_took() -> None:
    silent, slow = found("anomaly_stalled", "stalled", 1, 1), found("anomaly_duration", "duration", 1, 1)
    assert [speaker(anomaly, [slow, silent]) for anomaly in (silent, slow)] == [None, silent.id]
    assert takes_part(silent)


def test_few_lines_leave_out_what_another_says() -> None:
    part = NEWS.model_copy(update={"part_of": DROP.id})
    assert speaking([part, DROP]) == [DROP]
    assert speaking([part]) == [part]  # who speaks for it is not here


def test_what_nobody_knows_takes_no_part() -> None:
    assert not takes_part(found("mine", "error", 1, 1))
    assert takes_part(AGAIN)
