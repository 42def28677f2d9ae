"""Baselines and anomalies over HTTP, learned from real (imported) runs."""

import json
from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from orcaops.app import App
from orcaops.model.anomaly import Anomaly
from orcaops.model.baseline import Baseline

KEY = "image:team/build:1|command:make all"
pytestmark = pytest.mark.usefixtures("learned")


def the_anomaly(client: TestClient) -> dict[str, Any]:
    [anomaly] = client.get("/orcaops/anomalies", params={"key": KEY, "type": "duration"}).json()["items"]
    return dict(anomaly)


def test_a_baseline_by_its_key(client: TestClient) -> None:
    for key in (quote(KEY, safe=""), quote(KEY, safe="/:|"), KEY.replace(" ", "%20")):
        answer = client.get(f"/orcaops/baselines/{key}")
        baseline = Baseline.model_validate_json(answer.content)
        assert baseline.key == KEY
        assert baseline.sample_count >= 30
        assert baseline.duration_p50 == pytest.approx(10, abs=0.1)


def test_baselines_are_listed(client: TestClient) -> None:
    keys = [
        item["key"] for item in client.get("/orcaops/baselines", params={"q": "team/build"}).json()["items"]
    ]
    assert keys == [KEY]
    assert client.get("/orcaops/baselines", params={"workspace": "empty"}).json()["items"] == []


def test_a_baseline_is_reset_once(client: TestClient) -> None:
    client.post("/orcaops/jobs", json={"command": ["reset-me"], "workspace": "r"})
    lines = json.dumps({"name": "gone", "started_at": 1e9, "duration_s": 1, "workspace": "r"})
    headers = {"Content-Type": "text/plain"}
    client.post("/orcaops/jobs/import?format=jsonl&workspace=r", content=lines.encode(), headers=headers)
    place = "/orcaops/baselines/name:gone?workspace=r"
    assert client.get(place).status_code == 200
    assert client.delete("/orcaops/baselines/name:gone").status_code == 404  # another workspace
    gone = client.delete(place + "&reason=moved")
    assert (gone.status_code, gone.content) == (204, b"")
    assert client.get(place).status_code == 404
    assert client.delete(place).status_code == 404


@pytest.mark.parametrize("key", ["", "nothing", "a//b", "%2F", "%00", "x" * 5000, "%F0%9F%90%8B", "a%0a"])
def test_unknown_keys(client: TestClient, key: str) -> None:
    for method in ("GET", "DELETE"):
        assert client.request(method, f"/orcaops/baselines/{key}").status_code in (404, 422)


def test_the_slow_run_is_an_anomaly(client: TestClient) -> None:
    anomaly = Anomaly.model_validate(the_anomaly(client))
    assert anomaly.severity == "critical"
    assert anomaly.actual == pytest.approx(1000)
    assert client.get(f"/orcaops/anomalies/{anomaly.id}").json()["id"] == anomaly.id


def test_anomalies_are_filtered(client: TestClient) -> None:
    anomaly = the_anomaly(client)

    def ids(**asked: str) -> list[str]:
        answer = client.get("/orcaops/anomalies", params=asked)
        assert answer.status_code == 200, answer.text
        return [item["id"] for item in answer.json()["items"]]

    assert anomaly["id"] in ids(severity=anomaly["severity"])
    assert anomaly["id"] in ids(job_id=anomaly["job_id"])
    assert anomaly["id"] not in ids(type="memory")
    for name in ("acknowledged", "open", "resolved"):
        assert (anomaly["id"] in ids(**{name: "true"})) != (anomaly["id"] in ids(**{name: "false"}))


@pytest.mark.parametrize("query", ["severity=bad", "open=yes", "acknowledged=1", "job_id=a..b"])
def test_filters_that_cannot_be(client: TestClient, query: str) -> None:
    assert client.get(f"/orcaops/anomalies?{query}").status_code == 422


def test_an_anomaly_is_acknowledged_resolved_and_reopened(client: TestClient, house: App) -> None:
    place = f"/orcaops/anomalies/{the_anomaly(client)['id']}"
    answer = client.post(f"{place}/acknowledge", json={"note": "seen"}).json()
    assert (answer["acknowledged"], answer["note"]) == (True, "seen")
    answer = client.post(f"{place}/resolve", json={"resolution": "disk replaced"}).json()
    assert answer["resolution"] == "disk replaced"
    answer = client.post(f"{place}/reopen").json()  # a note is not needed
    assert (answer["acknowledged"], answer["resolution"]) == (False, None)


def test_the_same_key_decides_once(client: TestClient, house: App) -> None:
    anomaly_id = the_anomaly(client)["id"]

    def acknowledge(note: str) -> Any:
        headers = {"Idempotency-Key": "ack-1"}
        return client.post(
            f"/orcaops/anomalies/{anomaly_id}/acknowledge", json={"note": note}, headers=headers
        )

    def decisions() -> int:
        with house.store.read() as transaction:
            return len(transaction.decisions.about("default", "anomaly", anomaly_id))

    before = decisions()
    first, second = acknowledge("once"), acknowledge("once")
    assert first.json() == second.json()
    assert decisions() == before + 1
    assert acknowledge("twice").status_code == 409


@pytest.mark.parametrize(
    "body", [{}, {"resolution": ""}, {"resolution": "  "}, {"resolution": None}, {"note": "x"}]
)
def test_a_resolution_says_something(client: TestClient, body: dict[str, Any]) -> None:
    answer = client.post(f"/orcaops/anomalies/{the_anomaly(client)['id']}/resolve", json=body)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


@pytest.mark.parametrize("verb", ["acknowledge", "resolve", "reopen"])
def test_unknown_anomalies(client: TestClient, verb: str) -> None:
    body = {"resolution": "x"} if verb == "resolve" else {}
    assert client.post(f"/orcaops/anomalies/nothing/{verb}", json=body).status_code == 404
