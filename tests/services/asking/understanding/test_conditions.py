"""Conditions: outcomes with an "or" between them, and what ran at a time."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from orcaops.services.asking.understanding.names import Known
from orcaops.services.asking.understanding.reading import RuleReader

NOW = datetime(2026, 11, 18, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("question", "where"),
    [
        ("all timed out or cancelled jobs", "status:timed_out OR status:cancelled"),
        ("runs that failed, timed out or got lost", "status:failed OR status:timed_out OR status:lost"),
        ("runs with KeyError or ValueError", "KeyError OR ValueError"),
        ("which jobs are running", "status:running"),
        ("what was running yesterday", "after:2026-11-17 before:2026-11-18"),
        ("what's red right now", "status:failed"),
    ],
)
def test_which_runs(question: str, where: str) -> None:
    found = RuleReader().read(question, Known({"name": ("deploy",)}), NOW, ZoneInfo("UTC"))
    assert found[0].inquiry.where == where
