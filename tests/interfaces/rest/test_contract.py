"""The OpenAPI document is valid, complete, and says what the server does."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openapi_spec_validator import validate
from pydantic import TypeAdapter
from starlette.testclient import TestClient

from orcaops.app import App
from orcaops.guarding.tokens import Token
from orcaops.interfaces.rest.api import create_api
from orcaops.model.quantities import Duration, Size, parse_duration, parse_size

Document = dict[str, Any]


@pytest.fixture(scope="module")
def document(client: TestClient) -> Document:
    answer: Document = client.get("/openapi.json").json()
    return answer


def operations(document: Document) -> list[tuple[str, str, Document]]:
    return [
        (path, method, operation)
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def test_it_is_valid(document: Document) -> None:
    assert document["openapi"].startswith("3.1")
    validate(document)


def test_the_contract_is_there(document: Document) -> None:
    wanted = """
        POST /orcaops/jobs|GET /orcaops/jobs|GET /orcaops/jobs/{job_id}|POST /orcaops/jobs/{job_id}/cancel
        GET /orcaops/jobs/{job_id}/logs|GET /orcaops/jobs/{job_id}/logs/stream
        GET /orcaops/jobs/{job_id}/summary
        GET /orcaops/jobs/{job_id}/artifacts|POST /orcaops/jobs/import|POST /orcaops/predictions
        GET /orcaops/baselines|GET /orcaops/baselines/{key}|DELETE /orcaops/baselines/{key}
        GET /orcaops/anomalies|POST /orcaops/anomalies/{anomaly_id}/acknowledge
        POST /orcaops/anomalies/{anomaly_id}/resolve|GET /orcaops/recommendations
        POST /orcaops/recommendations/{recommendation_id}/dismiss
        POST /orcaops/recommendations/{recommendation_id}/apply|GET /healthz|GET /readyz|GET /metrics
    """
    there = {f"{method.upper()} {path}" for path, method, _ in operations(document)}
    assert {line.strip() for line in wanted.replace("|", "\n").splitlines() if line.strip()} <= there


def test_every_operation_is_described(document: Document) -> None:
    ids = [operation["operationId"] for _, _, operation in operations(document)]
    assert len(ids) == len(set(ids))
    for path, method, operation in operations(document):
        assert operation["summary"], path
        assert operation["description"], path
        assert len(operation["tags"]) == 1, path
        for parameter in operation.get("parameters", []):
            assert "null" not in str(parameter["schema"].get("anyOf", "")), (path, parameter["name"])
        assert any(status.startswith("2") for status in operation["responses"]), (method, path)


def test_every_failure_is_a_problem_document(document: Document) -> None:
    for path, _, operation in operations(document):
        for status, answer in operation["responses"].items():
            if status[0] in "45":
                shared = document["components"]["responses"][answer["$ref"].rpartition("/")[2]]
                assert list(shared["content"]) == ["application/problem+json"], path
    assert "HTTPValidationError" not in document["components"]["schemas"]


def test_posts_take_a_key(document: Document) -> None:
    for path, method, operation in operations(document):
        if method == "post":
            names = {parameter["name"] for parameter in operation["parameters"]}
            assert "Idempotency-Key" in names, path


def test_every_key_stands_for_one_request(document: Document, client: TestClient) -> None:
    """Of those that need no body: with one it is not looked at before that can be read."""
    used = {"Idempotency-Key": "the-only-one"}
    assert client.post("/orcaops/notices/retry", headers=used).status_code == 200
    asked = []
    for path, method, operation in operations(document):
        bodiless = not operation.get("requestBody", {}).get("required")
        if (
            method != "post"
            or not bodiless
            or path in ("/orcaops/notices/retry", "/orcaops/jobs/{job_id}/rerun")
        ):
            continue  # rerun looks the job up first
        answer = client.post(re.sub(r"\{.*?\}", "x", path), headers=used)
        assert (answer.status_code, answer.json()["where"]) == (409, "Idempotency-Key"), path
        asked.append(path)
    assert len(asked) > 9


def test_every_list_takes_a_filter_and_comes_in_pages(document: Document) -> None:
    lists = 0
    for path, method, operation in operations(document):
        content = operation["responses"].get("200", {}).get("content", {})
        schema = content.get("application/json", {}).get("schema", {}).get("$ref", "")
        if method != "get" or "/Page_" not in schema or path.endswith("/logs"):  # whose lines have offsets
            continue
        names = {parameter["name"] for parameter in operation["parameters"]}
        assert {"workspace", "q", "limit", "cursor"} <= names, path
        lists += 1
    assert lists > 12


def test_links_lead_somewhere(document: Document) -> None:
    ids = {operation["operationId"]: operation for _, _, operation in operations(document)}
    links = [
        link
        for operation in ids.values()
        for answer in operation["responses"].values()
        for link in answer.get("links", {}).values()
    ]
    assert links
    for link in links:
        names = {parameter["name"] for parameter in ids[link["operationId"]]["parameters"]}
        assert set(link["parameters"]) <= names


def test_executors_are_those_that_there_are(document: Document) -> None:
    spec = document["components"]["schemas"]["JobSpecRequest"]
    assert spec["properties"]["executor"]["anyOf"][0]["enum"] == ["docker", "process"]
    assert spec["additionalProperties"] is False


def test_the_token_is_asked_for_where_it_is(house: App, document: Document) -> None:
    assert document["security"] == []
    guarded = create_api(house, token=Token.of("x")).openapi()
    assert guarded["security"] == [{"token": []}]
    assert guarded["paths"]["/healthz"]["get"]["security"] == []
    assert "security" not in guarded["paths"]["/orcaops/jobs"]["get"]


@given(st.data())
def test_sizes_and_durations_that_the_document_allows_are_accepted(data: st.DataObject) -> None:
    for kind, read in ((Size, parse_size), (Duration, parse_duration)):
        [pattern] = [
            choice["pattern"] for choice in TypeAdapter(kind).json_schema()["anyOf"] if "pattern" in choice
        ]
        assert read(data.draw(st.from_regex(re.compile(pattern, re.ASCII), fullmatch=True))) > 0
