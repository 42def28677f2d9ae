"""The API as a whole: what is mounted beside it, and what it enters and leaves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.responses import PlainTextResponse
from starlette.testclient import TestClient
from starlette.types import Receive, Scope, Send

from orcaops.app import App
from orcaops.interfaces.rest.api import create_api


async def hello(scope: Scope, receive: Receive, send: Send) -> None:
    await PlainTextResponse(f"hello at {scope['root_path']}")(scope, receive, send)


def test_others_are_mounted_beside_it(house: App) -> None:
    api = create_api(house, mounts={"/mcp": hello})
    with TestClient(api, base_url="http://127.0.0.1") as client:
        assert client.get("/mcp").text == "hello at /mcp"
        assert client.post("/mcp/").text == "hello at /mcp"
        assert "/mcp" in client.get("/").text
        assert client.get("/orcaops/jobs").status_code == 200


def test_lifespans_are_entered_in_order_and_left_in_the_other(house: App) -> None:
    seen: list[str] = []

    @asynccontextmanager
    async def named(name: str) -> AsyncIterator[None]:
        seen.append(f"in {name}")
        yield
        seen.append(f"out {name}")

    api = create_api(house, lifespans=[lambda: named("a"), lambda: named("b")])
    with TestClient(api):
        assert seen == ["in a", "in b"]
    assert seen == ["in a", "in b", "out b", "out a"]


def test_addresses_are_exact(client: TestClient) -> None:
    assert client.get("/orcaops/jobs/", follow_redirects=False).status_code == 404
