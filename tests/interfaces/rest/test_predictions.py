"""Predictions over HTTP: from what was learned, or an abstention."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

from orcaops.model.prediction import Abstained, DurationPrediction, Forecasts


def predicted(client: TestClient, spec: dict[str, Any]) -> Forecasts:
    answer = client.post("/orcaops/predictions", json=spec)
    assert answer.status_code == 200, answer.text
    assert set(answer.json()) == {"duration", "memory", "failure_risk", "cost"}
    return Forecasts.from_stored(answer.json())


def test_an_idempotency_key_stands_for_one_question(client: TestClient) -> None:
    def asked(name: str) -> Any:
        return client.post(
            "/orcaops/predictions", json={"command": [name]}, headers={"Idempotency-Key": "predict-1"}
        )

    first, again, other = asked("a"), asked("a"), asked("b")
    assert first.json() == again.json()
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


def test_nothing_is_known_of_a_new_job(client: TestClient) -> None:
    forecasts = predicted(client, {"command": ["never-seen-before"], "workspace": "fresh"})
    assert isinstance(forecasts.duration, Abstained)
    assert forecasts.duration.abstention.reason


def test_what_was_learned_is_told(client: TestClient) -> None:
    lines = [
        {"name": "known", "started_at": 1e9 + 3600 * n, "duration_s": 5, "status": "succeeded"}
        for n in range(20)
    ]
    client.post(
        "/orcaops/jobs/import?format=jsonl",
        content="\n".join(map(json.dumps, lines)).encode(),
        headers={"Content-Type": "application/jsonl"},
    )
    before = client.get("/orcaops/jobs").json()["total"]
    duration = predicted(client, {"command": ["x"], "name": "known"}).duration
    assert isinstance(duration, DurationPrediction)
    assert duration.estimated_seconds == pytest.approx(5, rel=0.05)
    assert client.get("/orcaops/jobs").json()["total"] == before  # nothing was run


@pytest.mark.parametrize("spec", [{}, {"command": ["x"], "nonsense": 1}, []])
def test_what_cannot_be_predicted(client: TestClient, spec: Any) -> None:
    answer = client.post("/orcaops/predictions", json=spec)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
