"""Who may ask: the token, and without one nobody but this machine's user."""

from collections.abc import Iterator

import pytest
from starlette.testclient import TestClient

from orcaops.app import App
from orcaops.guarding.tokens import Token
from orcaops.interfaces.rest.access import is_loopback
from orcaops.interfaces.rest.api import create_api

PLACES = ["/orcaops/jobs", "/docs", "/openapi.json", "/", "/metrics", "/nope", "/mcp", "/healthz/"]


@pytest.fixture(scope="module")
def guarded(house: App) -> Iterator[TestClient]:
    with TestClient(create_api(house, token=Token.of("right")), base_url="http://example.org") as client:
        yield client


@pytest.mark.parametrize("path", PLACES)
def test_everything_asks_for_the_token(guarded: TestClient, path: str) -> None:
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic right"}):
        answer = guarded.get(path, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "unauthenticated")
        assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert guarded.get(path, headers={"Authorization": "Bearer right"}).status_code != 401


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_a_load_balancer_needs_none(guarded: TestClient, path: str) -> None:
    assert guarded.get(path).status_code == 200


def test_the_token_is_not_taken_from_the_address(guarded: TestClient) -> None:
    assert guarded.get("/orcaops/jobs?token=right&access_token=right").status_code == 401


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "127.0.0.1:8750", "localhost", "LOCALHOST:1", "[::1]:80", "127.1.2.3"]
)
def test_an_open_server_answers_this_machine(client: TestClient, host: str) -> None:
    assert client.get("/orcaops/jobs", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "127.0.0.1.evil.example", "10.0.0.1", "", "localhost@evil.example", "[", "0.0.0.0"],
)
def test_an_open_server_answers_no_other_name(client: TestClient, host: str) -> None:
    answer = client.get("/orcaops/jobs", headers={"Host": host})
    assert (answer.status_code, answer.json()["where"]) == (403, "Host")


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "https://127.0.0.1.evil.example", ""])
def test_an_open_server_answers_no_web_page_from_elsewhere(client: TestClient, origin: str) -> None:
    answer = client.post("/orcaops/jobs", json={"command": ["true"]}, headers={"Origin": origin})
    assert (answer.status_code, answer.json()["where"]) == (403, "Origin")


def test_a_page_of_this_machine_is_answered(client: TestClient) -> None:
    assert client.get("/orcaops/jobs", headers={"Origin": "http://localhost:3000"}).status_code == 200


def test_mounted_applications_are_behind_it_too(house: App) -> None:
    async def mounted(scope: object, receive: object, send: object) -> None:
        raise AssertionError("reached")

    api = create_api(house, token=Token.of("right"), mounts={"/mcp": mounted})  # type: ignore[dict-item]
    with TestClient(api) as client:
        assert client.post("/mcp").status_code == 401


def test_names_are_not_looked_up() -> None:
    assert not is_loopback("localhost.evil.example")
    assert is_loopback("::1")
    assert is_loopback("[::1]")
