"""``GET /orcaops/jobs/{id}/tests`` over real (imported) runs."""

from typing import Any
from urllib.parse import quote

import pytest
from starlette.testclient import TestClient

from orcaops.model.test_case import TestCase

REPORT = (
    '<testsuites><testsuite name="rest-suite" timestamp="2026-02-01T00:00:00" time="3">'
    '<testcase classname="a.B" name="x" time="0.25"/>'
    '<testcase classname="a.B" name="y"><error message="boom"/></testcase>'
    "</testsuite></testsuites>"
)
KEY = "name:rest-suite"


@pytest.fixture(scope="module")
def job_id(client: TestClient) -> str:
    imported = client.post(
        "/orcaops/jobs/import",
        params={"format": "junit"},
        content=REPORT,
        headers={"Content-Type": "application/octet-stream"},
    )
    assert imported.status_code == 200, imported.text
    [run] = client.get("/orcaops/jobs", params={"q": "name:rest-suite"}).json()["items"]
    return str(run["job_id"])


def listed(client: TestClient, job_id: str, **asked: Any) -> Any:
    return client.get(f"/orcaops/jobs/{job_id}/tests", params=asked)


def test_tests_of_a_job(client: TestClient, job_id: str) -> None:
    page = listed(client, job_id).json()
    assert [TestCase.model_validate(item).id for item in page["items"]] == ["a.B::y", "a.B::x"]
    assert (page["total"], page["next_cursor"]) == (2, None)
    record = client.get(f"/orcaops/jobs/{job_id}").json()
    assert (record["tests"]["total"], record["tests"]["failed"]) == (2, 1)


def test_pages_and_filters(client: TestClient, job_id: str) -> None:
    first = listed(client, job_id, limit=1).json()
    rest = listed(client, job_id, limit=1, cursor=first["next_cursor"]).json()
    assert [item["id"] for item in first["items"] + rest["items"]] == ["a.B::y", "a.B::x"]
    assert [item["id"] for item in listed(client, job_id, status="passed").json()["items"]] == ["a.B::x"]
    assert [item["id"] for item in listed(client, job_id, q="a*x").json()["items"]] == ["a.B::x"]
    assert [item["id"] for item in listed(client, job_id, q="boom").json()["items"]] == ["a.B::y"]


@pytest.mark.parametrize(
    ("asked", "status"),
    [({"status": "green"}, 422), ({"unknown": "1"}, 422), ({"cursor": "zz"}, 404), ({"limit": "0"}, 422)],
)
def test_what_makes_no_sense_is_refused(
    client: TestClient, job_id: str, asked: dict[str, str], status: int
) -> None:
    answer = listed(client, job_id, **asked)
    assert answer.status_code == status
    assert answer.json()["code"]


def test_an_unknown_job(client: TestClient) -> None:
    assert listed(client, "no-such-job").status_code == 404


def test_baselines_of_tests(client: TestClient, job_id: str) -> None:
    page = client.get("/orcaops/baselines", params={"tests_of": KEY}).json()
    assert [item["key"] for item in page["items"]] == [f"{KEY}|test:a.B::x", f"{KEY}|test:a.B::y"]
    one = client.get(f"/orcaops/baselines/{quote(page['items'][0]['key'], safe='')}")
    assert one.json() == page["items"][0]
    of_jobs = client.get("/orcaops/baselines", params={"q": "rest-suite"}).json()
    assert [item["key"] for item in of_jobs["items"]] == [KEY]
