"""MCP over HTTP, mounted into the server: both revisions, the token, web pages, dropped streams."""

import contextlib
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from typing import Any
from urllib.parse import urlsplit

import anyio
import httpx2
import pytest
from mcp.client import Client
from mcp.client.streamable_http import streamable_http_client

from orcaops.app import App
from orcaops.running.executors.scripted import Script, ScriptedExecutor
from tests.interfaces.mcp.conftest import TOOLS

Serve = Callable[..., str]

TOKEN = "a-token-that-is-long-enough-for-a-test-0123456789"
CALL: dict[str, dict[str, Any]] = {
    "2025-11-25": {},
    "2026-07-28": {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    },
}


def talk(
    address: str, session: Callable[[Client], Coroutine[Any, Any, None]], mode: str, **headers: str
) -> None:
    async def main() -> None:
        with anyio.fail_after(30):
            async with httpx2.AsyncClient(headers=headers) as http:
                async with Client(streamable_http_client(address, http_client=http), mode=mode) as client:
                    await session(client)

    anyio.run(main)


def initialize(address: str, **headers: str) -> httpx2.Response:
    message = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-11-25",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    accept = {"Accept": "application/json, text/event-stream"}
    return httpx2.post(address, json=message, headers=accept | headers)


@pytest.mark.parametrize("mode", ["legacy", "auto", "2026-07-28"])
def test_a_whole_conversation(served: Serve, mode: str) -> None:
    async def session(client: Client) -> None:
        assert client.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
        assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
        result = await client.call_tool("orcaops_run_job", {"command": ["over", "http"]})
        assert result.structured_content["job"]["status"] == "succeeded"
        assert (await client.call_tool("orcaops_get_job", {"job_id": "unknown"})).is_error

    talk(served(), session, mode)


def test_progress_comes_over_the_stream(
    served: Serve, executors: dict[str, ScriptedExecutor], revision: str
) -> None:
    executors["process"].script("slow", Script(waits_s=2.5))

    async def session(client: Client) -> None:
        told: list[float] = []

        async def progress(done: float, _total: float | None, _message: str | None) -> None:
            told.append(done)

        await client.call_tool(
            "orcaops_run_job", {"command": ["x"], "name": "slow"}, progress_callback=progress
        )
        assert len(told) >= 2
        assert told == sorted(told)

    talk(served(), session, revision)


def test_a_server_that_only_reads(served: Serve) -> None:
    async def session(client: Client) -> None:
        names = {tool.name for tool in (await client.list_tools()).tools}
        assert "orcaops_run_job" not in names
        assert "orcaops_get_job" in names

    talk(served(read_only=True), session, "auto")


def test_the_token_is_asked_for_here_too(served: Serve) -> None:
    address = served(token=TOKEN)
    assert initialize(address).status_code == 401
    assert initialize(address, Authorization="Bearer wrong").status_code == 401
    assert initialize(address, Authorization=f"Bearer {TOKEN}").status_code == 200

    async def session(client: Client) -> None:
        assert (await client.list_tools()).tools

    talk(address, session, "auto", Authorization=f"Bearer {TOKEN}")


def test_web_pages_from_elsewhere_are_kept_out(served: Serve) -> None:
    address = served()
    assert initialize(address, Origin="https://evil.example").status_code == 403
    assert initialize(address, Host="evil.example").status_code == 403
    assert initialize(address, Origin="http://localhost:6274").status_code == 200
    with_token = served(token=TOKEN)
    bearer = {"Authorization": f"Bearer {TOKEN}"}
    assert initialize(with_token, Origin="https://evil.example", **bearer).status_code == 403
    assert initialize(with_token, Origin="null", **bearer).status_code == 403
    assert initialize(with_token, **bearer).status_code == 200


def test_a_client_that_goes_in_the_middle_of_its_message_is_no_fault_of_ours(
    served: Serve, caplog: pytest.LogCaptureFixture
) -> None:
    url = served()
    address = urlsplit(url)
    head = f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
    head += "Accept: application/json, text/event-stream\r\nContent-Length: 1000\r\n\r\n{"
    for _ in range(3):
        with socket.create_connection((address.hostname or "", address.port or 0), timeout=60) as peer:
            peer.sendall(head.encode())
            time.sleep(0.1)
    assert initialize(url).status_code == 200
    assert not [record for record in caplog.records if record.levelname == "ERROR"]


def test_blanks_around_a_header_are_no_part_of_it(served: Serve) -> None:
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": CALL["2026-07-28"]}}
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "  tools/list  ",
        "Content-Type": "application/json",
    }
    address = urlsplit(served())
    with contextlib.closing(http.client.HTTPConnection(address.netloc, timeout=60)) as connection:
        connection.request("POST", address.path, json.dumps(message), headers)
        assert connection.getresponse().status == 200


def test_there_is_nothing_but_messages(served: Serve) -> None:
    address = served()
    accept = {"Accept": "text/event-stream"}
    for answer in (httpx2.get(address, headers=accept), httpx2.delete(address)):
        assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
        assert answer.json()["error"]["code"] == -32600
    assert initialize(f"{address}/elsewhere").status_code == 404
    assert initialize(f"{address}/").status_code == 200


def test_too_much_is_refused(served: Serve) -> None:
    headers = {"Accept": "application/json, text/event-stream", "Content-Type": "application/json"}
    assert httpx2.post(served(), content=b" " * (17 * 1024 * 1024), headers=headers).status_code == 413


@pytest.mark.parametrize("version", CALL)
def test_a_dropped_stream_ends_the_call_and_not_the_job(
    served: Serve,
    house: App,
    executors: dict[str, ScriptedExecutor],
    monkeypatch: pytest.MonkeyPatch,
    version: str,
) -> None:
    executors["process"].script("dropped", Script(hangs=True))
    asked = threading.Event()  # set whenever a waiting call looks after its job
    get = type(house.jobs).get

    def watched(*args: Any, **kwargs: Any) -> Any:
        asked.set()
        return get(*args, **kwargs)

    arguments = {"command": ["x"], "name": "dropped", "wait_seconds": 600, "labels": {"v": version}}
    params = {"name": "orcaops_run_job", "arguments": arguments, "_meta": CALL[version]}
    body = json.dumps({"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": params})
    address = urlsplit(served())
    with socket.create_connection((address.hostname, address.port)) as connection:
        connection.sendall(
            f"POST {address.path} HTTP/1.1\r\nHost: {address.netloc}\r\nContent-Type: application/json\r\n"
            "Accept: application/json, text/event-stream\r\n"
            f"MCP-Protocol-Version: {version}\r\nMcp-Method: tools/call\r\nMcp-Name: orcaops_run_job\r\n"
            f"Content-Length: {len(body)}\r\n\r\n{body}".encode()
        )
        monkeypatch.setattr(type(house.jobs), "get", watched)
        deadline = time.monotonic() + 60
        running = house.jobs.page("default", q=f"label:v={version} status:running").items
        while not running:
            assert time.monotonic() < deadline
            running = house.jobs.page("default", q=f"label:v={version} status:running").items
        assert asked.wait(60)
    while asked.wait(1.0):  # waiting calls look at least four times a second
        assert time.monotonic() < deadline, "the call goes on"
        asked.clear()
    job_id = running[0].job_id
    assert get(house.jobs, "default", job_id).status == "running"
    assert house.jobs.cancel("default", job_id, by="test").status == "cancelled"
