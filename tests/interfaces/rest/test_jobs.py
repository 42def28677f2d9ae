"""Jobs over HTTP: accepted, waited for, cancelled, run again; and whatever cannot be is told why."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from orcaops.app import App
from orcaops.model.run import Run
from orcaops.running.executors.scripted import Script, ScriptedExecutor

Submit = Callable[..., dict[str, Any]]


def test_a_job_is_accepted_and_comes_to_its_end(client: TestClient) -> None:
    answer = client.post("/orcaops/jobs", json={"command": ["echo", "hi"], "labels": {"team": "a"}})
    assert answer.status_code == 202
    accepted = Run.model_validate_json(answer.content)
    assert accepted.command == "echo hi"
    assert accepted.prediction is not None
    assert answer.headers["Location"] == f"/orcaops/jobs/{accepted.job_id}"
    final = Run.model_validate_json(client.get(answer.headers["Location"], params={"wait": 10}).content)
    assert (final.job_id, final.status, final.exit_code) == (accepted.job_id, "succeeded", 0)


def test_a_wait_ends_with_its_time(client: TestClient, executors: dict[str, ScriptedExecutor]) -> None:
    executors["process"].script("sleeper", Script(hangs=True))
    job_id = client.post("/orcaops/jobs", json={"command": ["sleep"], "name": "sleeper"}).json()["job_id"]
    assert client.get(f"/orcaops/jobs/{job_id}", params={"wait": 0.05}).json()["status"] in (
        "queued",
        "running",
    )
    cancelled = client.post(f"/orcaops/jobs/{job_id}/cancel")
    assert (cancelled.status_code, cancelled.json()["status"]) == (200, "cancelled")
    again = client.post(f"/orcaops/jobs/{job_id}/cancel")
    assert again.json()["finished_at"] == cancelled.json()["finished_at"]


@pytest.mark.parametrize("wait", ["-1", "61", "nan", "inf", "soon", ""])
def test_what_cannot_be_waited(client: TestClient, submitted: Submit, wait: str) -> None:
    answer = client.get(f"/orcaops/jobs/{submitted()['job_id']}", params={"wait": wait})
    assert (answer.status_code, answer.json()["where"]) == (422, "query.wait")


def test_the_same_key_is_the_same_job(client: TestClient) -> None:
    def submit(spec: dict[str, Any]) -> Any:
        return client.post("/orcaops/jobs", json=spec, headers={"Idempotency-Key": "once-and-no-more"})

    first, second = submit({"command": ["true"]}), submit({"command": ["true"]})
    assert first.status_code == second.status_code == 202
    assert first.json()["job_id"] == second.json()["job_id"]
    other = submit({"command": ["false"]})
    assert (other.status_code, other.json()["code"]) == (409, "conflict")


def test_a_rerun_is_a_new_job(client: TestClient, submitted: Submit) -> None:
    run = submitted(command=["echo", "again"])
    headers = {"Idempotency-Key": "rerun-1"}
    answers = [client.post(f"/orcaops/jobs/{run['job_id']}/rerun", headers=headers) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [202, 202]
    assert answers[0].json()["job_id"] == answers[1].json()["job_id"] != run["job_id"]
    assert answers[0].json()["parent_job_id"] == run["job_id"]


def test_jobs_are_listed_in_pages(client: TestClient, submitted: Submit) -> None:
    ids = [submitted(name="paged")["job_id"] for _ in range(5)]
    found, cursor = [], None
    while True:
        asked = {"q": "name:paged", "limit": 2} | ({"cursor": cursor} if cursor else {})
        page = client.get("/orcaops/jobs", params=asked).json()
        assert page["total"] == 5
        found += [run["job_id"] for run in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert found == ids[::-1]


def test_jobs_are_counted(client: TestClient, submitted: Submit) -> None:
    submitted(name="counted")
    facets = client.get("/orcaops/jobs/facets", params={"q": "name:counted"}).json()["facets"]
    assert facets["status"] == {"succeeded": 1}


def test_workspaces_are_apart(client: TestClient, submitted: Submit) -> None:
    answer = client.post("/orcaops/jobs", json={"command": ["true"], "workspace": "other"})
    job_id = answer.json()["job_id"]
    assert answer.headers["Location"] == f"/orcaops/jobs/{job_id}?workspace=other"
    assert client.get(f"/orcaops/jobs/{job_id}").status_code == 404
    assert client.get(answer.headers["Location"]).status_code == 200
    listed = client.get("/orcaops/jobs", params={"workspace": "other"}).json()
    assert [run["job_id"] for run in listed["items"]] == [job_id]


def test_a_job_is_summarised(client: TestClient, submitted: Submit) -> None:
    summary = client.get(f"/orcaops/jobs/{submitted(name='told')['job_id']}/summary").json()
    assert summary["line"].startswith("told succeeded")


def test_artifacts_are_listed_and_downloaded(
    client: TestClient, submitted: Submit, executors: dict[str, ScriptedExecutor]
) -> None:
    executors["process"].script("maker", Script(artifacts={"out/a b.html": b"<script>alert(1)</script>"}))
    job_id = submitted(name="maker", artifacts=["out/*"])["job_id"]
    [artifact] = client.get(f"/orcaops/jobs/{job_id}/artifacts").json()["items"]
    assert artifact["path"] == "out/a b.html"
    answer = client.get(f"/orcaops/jobs/{job_id}/artifacts/out/a%20b.html")
    assert answer.content == b"<script>alert(1)</script>"
    assert answer.headers["Content-Type"] == "application/octet-stream"  # never a page of ours
    assert answer.headers["Content-Disposition"].startswith("attachment")
    part = client.get(f"/orcaops/jobs/{job_id}/artifacts/out/a%20b.html", headers={"Range": "bytes=1-6"})
    assert (part.status_code, part.content) == (206, b"script")
    for path in ("out/none", "%2e%2e/%2e%2e/orcaops.db", "..%2f..%2forcaops.db", "/etc/passwd"):
        assert client.get(f"/orcaops/jobs/{job_id}/artifacts/{path}").status_code == 404


JSON = {"Content-Type": "application/json"}
BAD_SPECS: list[tuple[Any, str]] = [
    ({}, "body"),
    ([], "body"),
    ("text", "body"),
    (None, "body"),
    ({"command": []}, "body.command"),
    ({"command": "echo hi"}, "body.command"),
    ({"command": [1]}, "body.command.0"),
    ({"command": ["a\x00b"]}, "body.command.0"),
    ({"command": ["true"], "commands": [["true"]]}, "body"),
    ({"commnd": ["true"]}, "body"),
    ({"command": ["true"], "memory": "lots"}, "body.memory"),
    ({"command": ["true"], "memory": 10**30}, "body.memory"),
    ({"command": ["true"], "memory": 0}, "body.memory"),
    ({"command": ["true"], "cpus": "1"}, "body.cpus"),
    ({"command": ["true"], "cpus": 10**400}, "body"),
    ({"command": ["true"], "pids": 1.5}, "body.pids"),
    ({"command": ["true"], "timeout": -1}, "body.timeout"),
    ({"command": ["true"], "workspace": "../x"}, "body.workspace"),
    ({"command": ["true"], "parent_job_id": "a/../b"}, "body.parent_job_id"),
    ({"command": ["true"], "executor": "nowhere"}, "executor"),
]


def test_what_an_executor_cannot_keep_is_a_conflict(client: TestClient) -> None:
    answer = client.post("/orcaops/jobs", json={"image": "x", "command": ["true"], "executor": "process"})
    assert (answer.status_code, answer.json()["code"], answer.json()["where"]) == (409, "conflict", "image")


@pytest.mark.parametrize(("spec", "where"), BAD_SPECS)
def test_a_malformed_job_is_told_what_is_wrong(client: TestClient, spec: Any, where: str) -> None:
    before = client.get("/orcaops/jobs").json()["total"]
    answer = client.post("/orcaops/jobs", json=spec)
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "invalid"), problem
    assert problem["where"].startswith(where)
    assert problem["detail"]
    assert problem["hint"]
    assert client.get("/orcaops/jobs").json()["total"] == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xfe",
        b'{"command": ["\\ud800"]}',
        b'{"command": ["true"], "cpus": NaN}',
        b"[" * 100_000,
    ],
)
def test_what_is_no_json_is_refused(client: TestClient, body: bytes) -> None:
    answer = client.post("/orcaops/jobs", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")


def test_a_whole_number_is_a_whole_number(client: TestClient) -> None:
    answer = client.post("/orcaops/jobs", content=b'{"command":["true"],"pids":16.0}', headers=JSON)
    assert (answer.status_code, answer.json()["requested"]["pids"]) == (202, 16)


def test_a_secret_is_not_told_again(client: TestClient) -> None:
    answer = client.post("/orcaops/jobs", json={"command": ["true"], "env": {"A B": "hunter2-secret"}})
    assert answer.status_code == 422
    assert "hunter2" not in answer.text


@pytest.mark.parametrize("method", ["get", "post"])
@pytest.mark.parametrize(
    "job_id", ["nothing", "a..b", "-", "%2e%2e", "x" * 129, "%00", "a%2Fb", "%ff", "a%0a"]
)
def test_unknown_jobs(client: TestClient, job_id: str, method: str) -> None:
    address = f"/orcaops/jobs/{job_id}" + ("/cancel" if method == "post" else "")
    answer = client.request(method, address)
    assert answer.status_code in (404, 422)
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("query", "answered"),
    [
        ("cursor=x", (404, "not_found")),
        ("cursor=AAAA", (404, "not_found")),
        ("limit=0", (422, "invalid")),
        ("limit=1001", (422, "invalid")),
        ("limit=1_0", (422, "invalid")),
        ("limit=9" + "9" * 5000, (422, "invalid")),
    ],
)
@pytest.mark.parametrize("place", ["jobs", "baselines", "anomalies", "recommendations"])
def test_pages_that_cannot_be(client: TestClient, place: str, query: str, answered: tuple[int, str]) -> None:
    answer = client.get(f"/orcaops/{place}?{query}")
    assert (answer.status_code, answer.json()["code"]) == answered


def test_an_unknown_field_of_a_search(client: TestClient) -> None:
    for place in ("jobs", "jobs/facets", "jobs/export"):
        answer = client.get(f"/orcaops/{place}?q=stauts:failed")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), place
        assert "status" in answer.json()["hint"]


@pytest.mark.parametrize("q", ["status:failed (", "duration:>soon", "%00", "a" * 5000])
def test_searches_that_say_nothing(client: TestClient, q: str) -> None:
    for place in ("jobs", "jobs/facets", "jobs/export"):
        answer = client.get(f"/orcaops/{place}?q={q}")
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid"), place


def test_what_the_policy_forbids(house: App, client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    from orcaops.guarding.policy import Policy, Rule

    monkeypatch.setattr(house.jobs._accepting, "_policy", Policy(commands=Rule(deny=("rm",))))
    answer = client.post("/orcaops/jobs", json={"command": ["rm", "-rf", "x"]})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


def test_a_full_queue_says_when_to_come_again(
    house: App, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(house.jobs, "_queue_limit", 0)
    answer = client.post("/orcaops/jobs", json={"command": ["true"]})
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert int(answer.headers["Retry-After"]) > 0
