"""Recommendations over HTTP, and what is decided about them."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from orcaops.app import App

pytestmark = pytest.mark.usefixtures("advised")


def listed(client: TestClient, **asked: Any) -> list[str]:
    return [item["id"] for item in client.get("/orcaops/recommendations", params=asked).json()["items"]]


def test_the_most_worthwhile_comes_first(client: TestClient) -> None:
    assert listed(client)[0] == "r1"
    assert client.get("/orcaops/recommendations/r1").json()["title"] == "less memory"


def test_a_part_of_the_key_is_searched_for(client: TestClient) -> None:
    key = client.get("/orcaops/recommendations/r1").json()["key"]
    assert "r1" in listed(client, q=key[1:-1])
    assert listed(client, q="in no key of these") == []


def test_one_is_dismissed(client: TestClient) -> None:
    answer = client.post("/orcaops/recommendations/r1/dismiss", json={"reason": "needed at night"})
    assert (answer.status_code, answer.json()["state"]) == (200, "dismissed")
    assert "r1" not in listed(client)
    assert "r1" in listed(client, state="dismissed")
    assert "r1" in listed(client, state="all")


def test_one_is_applied_once(client: TestClient, house: App) -> None:
    headers = {"Idempotency-Key": "apply-1"}
    answers = [client.post("/orcaops/recommendations/r1/apply", headers=headers) for _ in range(2)]
    assert [answer.json()["state"] for answer in answers] == ["applied", "applied"]
    with house.store.read() as transaction:
        decisions = transaction.decisions.about("default", "recommendation", "r1")
    assert sum(decision.verb == "apply" for decision in decisions) == 1


@pytest.mark.parametrize("body", [{}, {"reason": ""}, {"reason": " "}, {"why": "x"}])
def test_a_dismissal_says_why(client: TestClient, body: dict[str, str]) -> None:
    assert client.post("/orcaops/recommendations/r1/dismiss", json=body).status_code == 422


def test_who_sends_no_body_is_told_what_is_missing(client: TestClient) -> None:
    refused = client.post("/orcaops/recommendations/r1/dismiss")
    assert (refused.status_code, refused.json()["where"]) == (422, "body.reason")


def test_one_that_nothing_can_try_is_refused(client: TestClient) -> None:
    answer = client.post("/orcaops/recommendations/r1/try")
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")
    assert client.post("/orcaops/recommendations/nothing/try").status_code == 404


def test_jobs_that_are_advised_soon(client: TestClient, house: App) -> None:
    job = client.post("/orcaops/jobs", json={"command": ["true"], "name": "soon"}).json()
    house.jobs.wait("default", job["job_id"], timeout_s=60)
    house.absorber.absorb_all()
    page = client.get("/orcaops/recommendations/nearly").json()
    assert {"key": "name:soon", "workspace": "default", "have": 1, "need": 10} in page["items"]
    assert page["next_cursor"] is None


def test_unknown_recommendations(client: TestClient) -> None:
    assert client.get("/orcaops/recommendations/nothing").status_code == 404
    assert client.post("/orcaops/recommendations/nothing/apply").status_code == 404
    assert client.post("/orcaops/recommendations/nothing/dismiss", json={"reason": "x"}).status_code == 404
