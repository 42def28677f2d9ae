"""Every failure is a problem document, and says nothing that it must not."""

import logging
from typing import get_args

import pytest
from starlette.testclient import TestClient

from orcaops.app import App
from orcaops.interfaces.rest.problems import CODE, MEANING, STATUS, Problem, problem, problem_of
from orcaops.model.errors import ErrorCode, OrcaError, unavailable


def test_every_error_code_has_one_status() -> None:
    assert set(ErrorCode) <= set(STATUS)
    assert len(CODE) == len(STATUS)
    assert set(get_args(Problem.model_fields["code"].annotation)) == set(map(str, STATUS)) == set(MEANING)


@pytest.mark.parametrize("code", list(ErrorCode))
def test_a_problem_has_all_its_fields(code: ErrorCode) -> None:
    answer = problem_of(OrcaError(code, "what", where="place", hint="next"))
    document = Problem.model_validate_json(bytes(answer.body))
    assert answer.media_type == "application/problem+json"
    assert (document.status, document.code) == (answer.status_code, code)
    assert document.type == f"/docs#problem-{code}"
    if code is not ErrorCode.INTERNAL:
        assert (document.detail, document.where, document.hint) == ("what", "place", "next")


@pytest.mark.parametrize("code", list(STATUS))
def test_every_problem_says_what_to_do_next(code: str) -> None:
    assert Problem.model_validate_json(bytes(problem(code, "what").body)).hint


def test_what_is_wrong_inside_stays_inside(caplog: pytest.LogCaptureFixture) -> None:
    answer = problem_of(OrcaError(ErrorCode.INTERNAL, "the secret is hunter2", where="/var/lib/x"))
    assert b"hunter2" not in answer.body
    assert b"/var/lib" not in answer.body
    assert "hunter2" in caplog.text


def test_an_unexpected_exception_is_told_to_the_log_only(
    house: App, client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def breaks(*_: object, **__: object) -> None:
        raise RuntimeError("the secret is hunter2")

    monkeypatch.setattr(type(house.jobs), "page", breaks)
    with caplog.at_level(logging.ERROR):
        answer = client.get("/orcaops/jobs")
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "hunter2" not in answer.text


def test_headers_that_belong_to_a_status() -> None:
    assert int(problem_of(unavailable("x")).headers["Retry-After"]) > 0
    assert problem("unauthenticated", "x").headers["WWW-Authenticate"].startswith("Bearer")


def test_whatever_it_is_made_from_it_can_be_sent() -> None:
    answer = problem("invalid", "\ud800" + "x" * 10_000, where="\udfff")
    assert len(Problem.model_validate_json(bytes(answer.body)).detail) <= 2000


@pytest.mark.parametrize(
    "path",
    ["/nope", "/orcaops", "/orcaops/", "/orcaops/jobs/", "//", "/orcaops/jobs/a/b/c"],
)
def test_addresses_where_nothing_is(client: TestClient, path: str) -> None:
    answer = client.get(f"http://127.0.0.1{path}")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")
    assert answer.headers["Content-Type"] == "application/problem+json"


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("DELETE", "/orcaops/jobs", "GET, HEAD, POST"),
        ("PUT", "/orcaops/baselines/image:a/b|command:c", "DELETE, GET, HEAD"),
        ("GET", "/orcaops/jobs/import", "POST"),
        ("POST", "/orcaops/jobs/export", "GET, HEAD"),
        ("GET", "/orcaops/jobs/x/cancel", "POST"),
        ("TRACE", "/orcaops/anomalies", "GET, HEAD"),
        ("OPTIONS", "/healthz", "GET, HEAD"),
        ("POST", "/docs", "GET, HEAD"),
    ],
)
def test_a_method_that_an_address_does_not_know(
    client: TestClient, method: str, path: str, allowed: str
) -> None:
    answer = client.request(method, path)
    assert (answer.status_code, answer.json()["code"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == allowed


def test_all_that_is_wrong_is_said_at_once(client: TestClient) -> None:
    answer = client.post("/orcaops/jobs", json={"command": [], "cpus": -1, "nonsense": 1})
    problem = answer.json()
    assert {flaw["where"] for flaw in problem["errors"]} == {"body.command", "body.cpus", "body.nonsense"}
    assert problem["where"] in {flaw["where"] for flaw in problem["errors"]}
