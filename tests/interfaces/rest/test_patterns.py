"""What is known of failures, taught and asked about over HTTP."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from orcaops.running.executors.scripted import Script, ScriptedExecutor

LEASE = {
    "id": "acme.lease",
    "pattern": r"worker (\d+) lost its lease",
    "title": "Worker {1} lost its lease",
    "examples": ["worker 4 lost its lease"],
    "solutions": ["Ask {1}"],
}


@pytest.fixture
def failed(
    executors: dict[str, ScriptedExecutor], submitted: Callable[..., dict[str, Any]]
) -> dict[str, Any]:
    """A job that failed of something unknown."""
    output = ("error: worker 4 lost its lease\n",)
    executors["process"].script("failing", Script(output=output, exit_code=1))
    return submitted(name="failing")


def test_what_is_taught_explains_what_failed(client: TestClient, failed: dict[str, Any]) -> None:
    taught = client.post("/orcaops/patterns", json=LEASE)
    assert taught.status_code == 200, taught.text
    assert taught.json()["source"] == "taught"
    assert client.get("/orcaops/patterns/acme.lease").json()["title"] == LEASE["title"]
    analysis = client.get(f"/orcaops/jobs/{failed['job_id']}/debug").json()
    assert analysis["likely_causes"][0]["pattern_id"] == "acme.lease"
    (solution,) = client.get("/orcaops/patterns/acme.lease/solutions").json()["items"]
    said = client.post(
        f"/orcaops/solutions/{solution['id']}/feedback", json={"helped": True, "job_id": failed["job_id"]}
    )
    assert (said.json()["n"], said.json()["helped"]) == (1, 1)
    assert client.get("/orcaops/knowledge/coverage").status_code == 200
    assert client.delete("/orcaops/patterns/acme.lease").status_code == 204
    assert client.get("/orcaops/patterns/acme.lease").status_code == 404


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"pattern": "("}, 422),
        ({"pattern": ".*"}, 409),
        ({"examples": []}, 422),
        ({"unknown": 1}, 422),
        ({"id": "disk.full"}, 409),
    ],
)
def test_what_cannot_be_taught_is_a_problem(client: TestClient, change: dict[str, Any], status: int) -> None:
    answer = client.post("/orcaops/patterns", json=LEASE | change)
    assert answer.status_code == status
    assert answer.json()["hint"] or answer.json()["errors"]


def test_solutions_are_for_one_thing(client: TestClient) -> None:
    assert client.post("/orcaops/solutions", json={"text": "x", "pattern_id": "disk.full"}).status_code == 200
    assert client.post("/orcaops/solutions", json={"text": "x", "pattern_id": "no.such"}).status_code == 404
    assert client.post("/orcaops/solutions", json={"text": "x"}).status_code == 422
    both = {"text": "x", "pattern_id": "disk.full", "signature": "s"}
    assert client.post("/orcaops/solutions", json=both).status_code == 422
    unknown = client.post("/orcaops/solutions/nothing/feedback", json={"helped": True})
    assert unknown.status_code == 404


def test_knowledge_goes_out_and_comes_in(client: TestClient) -> None:
    client.post("/orcaops/patterns", json=LEASE)
    document = client.get("/orcaops/knowledge").json()
    there = {"workspace": "team"}
    count = len(document["patterns"])
    assert LEASE["id"] in {one["id"] for one in document["patterns"]}
    assert client.post("/orcaops/knowledge", json=document, params=there).json()["patterns"] == count
    assert client.post("/orcaops/knowledge", json=document, params=there).json()["known"] >= count
    assert client.get("/orcaops/patterns/acme.lease", params={"workspace": "third"}).status_code == 404


def test_proposals_that_are_not_there(client: TestClient) -> None:
    assert client.get("/orcaops/knowledge/proposals").json()["items"] == []
    for verb, body in (("accept", None), ("dismiss", {"reason": "no"}), ("edit", {"title": "x"})):
        answer = client.post(f"/orcaops/knowledge/proposals/nothing/{verb}", json=body)
        assert answer.status_code == 404, verb


def test_failures_like_one(client: TestClient, failed: dict[str, Any]) -> None:
    assert client.get(f"/orcaops/jobs/{failed['job_id']}/similar").json()["items"] == []
    assert client.get("/orcaops/jobs/nobody/similar").status_code == 404
