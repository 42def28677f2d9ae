"""Events: the time since the last deployment is that of a run, and is told where it is not known."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from orcaops.services.asking.understanding.names import Known
from orcaops.services.asking.understanding.reading import RuleReader

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)
AT = datetime(2026, 11, 17, 8, 5, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "search"),
    [
        ("what failed since the deploy", "name:deploy"),
        ("what broke after the last green deploy?", "name:deploy status:succeeded"),
        ("what failed since our last release of deploy", "name:deploy"),
    ],
)
def test_since_a_run(question: str, search: str) -> None:
    asked: list[str] = []

    def last(found: str) -> datetime:
        asked.append(found)
        return AT

    reading = RuleReader().read(question, Known({"name": ("deploy",)}, last=last), NOW, ZoneInfo("UTC"))[0]
    assert reading.inquiry.line == "list where status:failed after:2026-11-17T08:05:00Z"
    assert search in asked


def test_an_event_of_an_unknown_time_is_no_filter_and_is_told() -> None:
    known = Known({"name": ("deploy",)}, last=lambda search: None)
    reading = RuleReader().read("which jobs failed since the deploy", known, NOW, ZoneInfo("UTC"))[0]
    assert reading.inquiry.line == "list where status:failed"
    assert reading.confidence < 0.8
    assert "no run where name:deploy is known: the time is not regarded" in reading.notes
