"""Telling over HTTP: deliveries, test notices, and whether automation is paused."""

from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from orcaops.app import App
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.notice import Notice


@pytest.fixture
def failed(house: App) -> str:
    """A notice that its channel did not take; returns its workspace."""
    at = datetime.now(UTC)
    notice = Notice(
        id="refused", workspace="told", severity=Severity.WARNING, title="t", body="b", at=at, subject="test"
    )
    with house.store.write() as transaction:
        transaction.deliveries.add(notice, ["gone"], at=at)
        claimed = transaction.deliveries.claim(["gone"], at, until=at)
        if claimed is not None:
            transaction.deliveries.settle(claimed, "failed", at=at, reason="it is gone")
    return "told"


def test_what_was_given_up_is_listed_and_tried_again(client: TestClient, failed: str) -> None:
    asked = {"workspace": failed, "state": "failed"}
    [delivery] = client.get("/orcaops/notices", params=asked).json()["items"]
    assert (delivery["channel"], delivery["reason"]) == ("gone", "it is gone")
    assert client.get("/orcaops/notices", params={"workspace": "empty"}).json()["items"] == []
    assert client.get("/orcaops/notices", params=asked | {"q": "go*e"}).json()["total"] is None
    assert client.get("/orcaops/notices", params=asked | {"q": "nothing"}).json()["items"] == []
    assert client.get("/orcaops/notices", params=asked | {"cursor": "none"}).status_code == 404
    assert 'orcaops_notices_undelivered{channel="gone"} 1.0' in client.get("/metrics").text
    retried = client.post("/orcaops/notices/retry", params={"workspace": failed})
    assert retried.json() == {"count": 1}
    assert client.get("/orcaops/notices", params=asked).json()["items"] == []
    [waiting] = client.get("/orcaops/notices", params={"workspace": failed}).json()["items"]
    assert waiting["state"] == "waiting"


def test_a_test_notice_says_what_became_of_it_and_is_sent_once_for_a_key(client: TestClient) -> None:
    headers = {"Idempotency-Key": "one"}
    first = client.post("/orcaops/notices/test", headers=headers)
    assert first.json()["items"] == [{"channel": "log", "sent": True, "reason": ""}]
    assert client.post("/orcaops/notices/test", headers=headers).content == first.content


def test_an_incident_pauses_automation_in_its_workspace(client: TestClient, house: App) -> None:
    asked = {"workspace": "burning"}
    assert client.get("/orcaops/automation", params=asked).json() == {"paused": False, "reason": None}
    with house.store.write() as transaction:
        transaction.anomalies.put_many(
            [
                Anomaly(
                    id="fire",
                    workspace="burning",
                    job_id="j",
                    type="incident",
                    severity=Severity.CRITICAL,
                    title="Incident: 6 different jobs fail together",
                    description="d",
                    detected_at=datetime.now(UTC),
                    key="k",
                    detector="anomaly_incident",
                )
            ]
        )
    answer = client.get("/orcaops/automation", params=asked).json()
    assert answer["paused"] is True
    assert "6 different jobs" in answer["reason"]
    body = {"resolution": "the registry is back", "not_a_problem": True}
    ended = client.post("/orcaops/anomalies/fire/resolve", params=asked, json=body)
    assert ended.json()["resolution"] == "the registry is back"
    assert client.get("/orcaops/automation", params=asked).json()["paused"] is False
