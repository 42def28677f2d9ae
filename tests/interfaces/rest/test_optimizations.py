"""Changes on probation over HTTP."""

import pytest
from starlette.testclient import TestClient

from orcaops.app import App, now
from orcaops.model.optimization import Optimization, State
from orcaops.model.override import OptimizedField


@pytest.fixture(autouse=True)
def proposed(house: App) -> None:
    """Two proposals and one canary."""
    at = now()
    with house.store.write() as transaction:
        transaction.optimizations.put_many(
            [
                Optimization(
                    id=name,
                    key=f"name:{name}",
                    field=OptimizedField.MEMORY,
                    title="less memory",
                    state=state,
                    own=100,
                    before=100,
                    after=70,
                    proposed_at=at,
                    changed_at=at,
                )
                for name, state in (("p1", State.PROPOSED), ("p2", State.PROPOSED), ("c1", State.CANARY))
            ]
        )


def test_they_are_listed_and_looked_up(client: TestClient) -> None:
    listed = client.get("/orcaops/optimizations", params={"state": "proposed"}).json()["items"]
    assert {item["id"] for item in listed} == {"p1", "p2"}
    assert client.get("/orcaops/optimizations", params={"key": "name:c1"}).json()["total"] == 1
    assert client.get("/orcaops/optimizations", params={"q": "me:p"}).json()["total"] == 2
    found = client.get("/orcaops/optimizations/p1").json()
    assert (found["title"], found["state"], found["after"]) == ("less memory", "proposed", 70)
    assert client.get("/orcaops/optimizations/p9").status_code == 404
    assert client.get("/orcaops/optimizations", params={"state": "odd"}).status_code == 422


def test_one_is_approved_once(client: TestClient) -> None:
    headers = {"Idempotency-Key": "approve-1"}
    answers = [client.post("/orcaops/optimizations/p1/approve", headers=headers) for _ in range(2)]
    assert [answer.json()["state"] for answer in answers] == ["canary", "canary"]
    again = client.post("/orcaops/optimizations/p1/approve", json={"reason": "twice"})
    assert (again.status_code, again.json()["code"]) == (409, "conflict")


def test_one_is_rejected_and_one_taken_back(client: TestClient) -> None:
    rejected = client.post("/orcaops/optimizations/p2/reject", json={"reason": "month end"}).json()
    assert (rejected["state"], rejected["history"][-1]["reason"]) == ("rejected", "month end")
    back = client.post("/orcaops/optimizations/c1/rollback").json()
    assert (back["state"], back["quarantine_runs"]) == ("rolled_back", 20)
    assert client.post("/orcaops/optimizations/c1/rollback").status_code == 409


@pytest.mark.parametrize("body", [{"why": "x"}, {"reason": 3}, []])
def test_other_bodies_are_refused(client: TestClient, body: object) -> None:
    assert client.post("/orcaops/optimizations/p1/approve", json=body).status_code == 422


def test_modes(client: TestClient) -> None:
    chosen = client.post("/orcaops/optimization-modes", json={"mode": "off", "field": "memory"})
    assert chosen.status_code == 200
    items = {item["field"]: item for item in client.get("/orcaops/optimization-modes").json()["items"]}
    assert (items["memory"]["mode"], items["timeout"]["mode"]) == ("off", "suggest")
    refused = client.post("/orcaops/optimizations/p1/approve")
    assert (refused.status_code, refused.json()["hint"]) == (
        409,
        "orcaops optimize --mode suggest --field memory",
    )
    everything = client.post("/orcaops/optimization-modes", json={"mode": "suggest"}).json()["items"]
    assert {item["mode"] for item in everything} == {"suggest"}
    assert client.post("/orcaops/optimization-modes", json={"mode": "wild"}).status_code == 422
