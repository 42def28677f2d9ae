"""Forecasts over HTTP."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from starlette.testclient import TestClient

from orcaops.model.forecast import Forecast


def test_of_nothing_nothing_is_said(client: TestClient) -> None:
    answer = client.get("/orcaops/forecast?workspace=nobody")
    assert answer.status_code == 200
    assert answer.json()["abstention"]["need"] == 1


def test_hours_ahead(client: TestClient) -> None:
    now = datetime.now(UTC).replace(minute=0, second=0, microsecond=0)
    lines = [
        {"name": "hourly", "started_at": (now - timedelta(hours=n)).isoformat(), "duration_s": 5}
        for n in range(1, 80)
    ]
    client.post(
        "/orcaops/jobs/import?format=jsonl",
        content="\n".join(map(json.dumps, lines)).encode(),
        headers={"Content-Type": "application/jsonl"},
    )
    forecast = Forecast.from_stored(client.get("/orcaops/forecast?hours=7").content)
    assert len(forecast.hours) == 7
    of_them = client.get("/orcaops/forecast", params={"hours": 7, "q": "name:hourly"}).json()
    assert of_them["runs_seen"] == forecast.runs_seen
    assert "abstention" in client.get("/orcaops/forecast", params={"q": "name:another"}).json()


@pytest.mark.parametrize(
    "query", ["hours=0", "hours=745", "hours=x", "at=2026-01-01", "horus=3", "q=duration:>"]
)
def test_what_cannot_be_asked(client: TestClient, query: str) -> None:
    answer = client.get(f"/orcaops/forecast?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
