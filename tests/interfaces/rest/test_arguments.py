"""Arguments are read strictly: parameters, bodies and keys."""

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError
from starlette.testclient import TestClient

from orcaops.interfaces.rest import arguments
from orcaops.interfaces.rest.arguments import Limit


@pytest.mark.parametrize(
    ("query", "where"),
    [
        ("nonsense=1", "query.nonsense"),
        ("limit=1&limit=2", "query.limit"),
        ("limit=1&limit=1", "query.limit"),
        ("q=%00", "query"),
        ("%00=1", "query"),
        ("workspace=../x", "query.workspace"),
        ("workspace=", "query.workspace"),
        ("limit=1.0", "query.limit"),
        ("limit=+1", "query.limit"),
        ("limit=%D9%A1", "query.limit"),  # an Arabic digit
        ("limit=true", "query.limit"),
    ],
)
def test_parameters_that_cannot_be(client: TestClient, query: str, where: str) -> None:
    answer = client.get(f"/orcaops/jobs?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
    assert answer.json()["where"].startswith(where)


@given(st.text())
def test_a_limit_is_digits_or_nothing(text: str) -> None:
    try:
        limit = TypeAdapter(Limit).validate_python(text)
    except ValidationError:
        assert not (text.isascii() and text.isdigit() and 1 <= int(text) <= 1000 and len(text) < 19)
    else:
        assert str(limit) == text.lstrip("0")


@pytest.mark.parametrize(
    "kind",
    ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "", "application/jsonp"],
)
def test_another_kind_of_body(client: TestClient, kind: str) -> None:
    answer = client.post("/orcaops/jobs", content=b'{"command":["true"]}', headers={"Content-Type": kind})
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize(
    "kind", ["application/json; charset=utf-8", "Application/JSON", "application/x+json"]
)
def test_kinds_of_json(client: TestClient, kind: str) -> None:
    answer = client.post("/orcaops/jobs", content=b'{"command":["true"]}', headers={"Content-Type": kind})
    assert answer.status_code == 202


def test_a_body_that_is_too_large(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arguments, "LARGEST_BODY_BYTES", 1000)
    body = b'{"command": ["' + b"x" * 2000 + b'"]}'

    def pieces() -> Iterator[bytes]:
        yield body[:900]
        yield body[900:]

    for content in (body, pieces()):  # with its length said, and without
        answer = client.post("/orcaops/jobs", content=content, headers={"Content-Type": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


@pytest.mark.parametrize("key", ["", " ", "a b", "x" * 256, "ключ".encode(), b"\x01"])
def test_keys_that_cannot_be(client: TestClient, key: str | bytes) -> None:
    headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
    answer = client.post("/orcaops/jobs", content=b'{"command":["true"]}', headers=headers)  # type: ignore[arg-type]
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
