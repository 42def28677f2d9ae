"""Incidents pause what is automatic, until they are over, resolved, or forgotten."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orcaops.app import App
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.services.absorbing.incidents import Incidents

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def keep(app: App, **more: Any) -> Incidents:
    given = {"id": "i", "job_id": "j", "type": "incident", "severity": Severity.CRITICAL}
    given |= {"title": "Incident: 6 different jobs fail together", "description": "d", "key": "k"}
    given |= {"detected_at": NOW - timedelta(hours=1), "detector": "anomaly_incident", **more}
    with app.store.write() as transaction:
        transaction.anomalies.put_many([Anomaly.model_validate(given)])
    return Incidents(app.store, clock=lambda: NOW)


def test_an_incident_pauses_and_says_why_and_how_to_go_on(app: App) -> None:
    incidents = keep(app)
    reason = incidents.automation_paused("default")
    assert reason is not None
    assert "6 different jobs fail together" in reason
    assert "2026-03-02 11:00" in reason
    assert incidents.automation_paused("other") is None


@pytest.mark.parametrize(
    "more",
    [{"open": False}, {"last_seen_at": NOW - timedelta(hours=3)}, {"type": "error"}],
)
def test_what_is_over_or_forgotten_or_none_pauses_nothing(app: App, more: dict[str, Any]) -> None:
    assert keep(app, **more).automation_paused("default") is None


def test_somebody_may_end_the_pause_and_take_that_back(app: App) -> None:
    incidents = keep(app)
    app.insights.resolve("default", "i", by="me", resolution="registry is back")
    assert incidents.automation_paused("default") is None
    app.insights.reopen("default", "i", by="me")
    assert incidents.automation_paused("default") is not None
