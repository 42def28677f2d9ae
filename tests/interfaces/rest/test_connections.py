"""Connections: those that wait for nothing end, and cost the others nothing."""

import asyncio
import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from http.client import HTTPConnection
from typing import Any

import pytest
import uvicorn

from orcaops.interfaces.rest import connections
from orcaops.interfaces.rest.connections import Connection

BEGUN = b"POST / HTTP/1.1\r\nHost: here\r\n"
ENDED = b"Content-Length: 3\r\n\r\n"


_HEADERS = {"POST": [(b"connection", b"close")], "GET": [(b"transfer-encoding", b"chunked")]}


async def answer(scope: Any, receive: Any, send: Any) -> None:
    """Tells how long the body was; more of it than anybody takes for a GET of /flood."""
    size, more = 0, True
    while more:
        message = await receive()
        size += len(message.get("body", b""))
        more = message.get("more_body", False)
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS[scope["method"]]})
    flood = scope["path"] == "/flood"
    for _ in range(10_000 if flood else 0):
        await send({"type": "http.response.body", "body": b"x" * 65536, "more_body": True})
    await send({"type": "http.response.body", "body": str(size).encode()})


@pytest.fixture
def server() -> Iterator[uvicorn.Server]:
    listener = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(answer, http=Connection, lifespan="off", log_config=None, timeout_keep_alive=60)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    running.config.port = listener.getsockname()[1]
    yield running
    running.should_exit = True
    thread.join(60)
    listener.close()


Connect = Callable[[bytes], socket.socket]


@pytest.fixture
def connect(server: uvicorn.Server) -> Iterator[Connect]:
    with contextlib.ExitStack() as stack:

        def connect(said: bytes) -> socket.socket:
            peer = socket.socket()
            stack.callback(peer.close)
            peer.settimeout(60)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            peer.connect(("127.0.0.1", server.config.port))
            peer.sendall(said)
            return peer

        yield connect


def said_by(peer: socket.socket) -> bytes:
    said = bytearray()
    while piece := peer.recv(4096):
        said += piece
    return bytes(said)


def asked(server: uvicorn.Server) -> bytes:
    connection = HTTPConnection("127.0.0.1", server.config.port, timeout=60)
    connection.request("POST", "/", b"abcd")
    with contextlib.closing(connection):
        return connection.getresponse().read()


@pytest.mark.parametrize("said", [b"", b"G", BEGUN, BEGUN + b"X-A: b"])
def test_headers_that_do_not_come_are_not_waited_for(
    server: uvicorn.Server, connect: Connect, monkeypatch: pytest.MonkeyPatch, said: bytes
) -> None:
    monkeypatch.setattr(connections, "HEADERS_WITHIN_S", 0.1)
    assert said_by(connect(said)) == b""


def test_nor_when_they_come_letter_by_letter(
    server: uvicorn.Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "HEADERS_WITHIN_S", 0.3)
    peer, since = connect(BEGUN), time.monotonic()
    with contextlib.suppress(OSError):
        while time.monotonic() - since < 60:
            peer.sendall(b"x")
            time.sleep(0.02)
    assert time.monotonic() - since < 60


def test_a_body_that_stops_is_not_waited_for(
    server: uvicorn.Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BODY_GOES_ON_WITHIN_S", 0.1)
    assert not said_by(connect(BEGUN + ENDED + b"a")).startswith(b"HTTP/1.1 200")


def test_but_one_that_goes_on_is(
    server: uvicorn.Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "BODY_GOES_ON_WITHIN_S", 2.0)
    peer = connect(BEGUN + b"Content-Length: 40\r\n\r\n")
    for _ in range(40):
        time.sleep(0.06)
        peer.sendall(b"a")
    assert b"\r\n40\r\n" in said_by(peer)


def test_an_answer_that_nobody_takes_is_given_up(
    server: uvicorn.Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "TAKEN_WITHIN_S", 0.2)
    connect(b"GET /flood HTTP/1.1\r\nHost: here\r\n\r\n")
    deadline = time.monotonic() + 60
    while not server.server_state.connections:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    while server.server_state.connections:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert asked(server) == b"4"


def test_one_too_many_is_told_so_and_the_others_are_served(
    server: uvicorn.Server, connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connections, "most_connections", lambda: 3)
    held = [connect(BEGUN) for _ in range(3)]
    deadline = time.monotonic() + 60
    while len(server.server_state.connections) < 3:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert said_by(connect(b"")).startswith(b"HTTP/1.1 503 ")
    held[0].sendall(ENDED + b"abc")
    assert b"\r\n3\r\n" in said_by(held[0])


def test_a_connection_that_waits_for_its_next_request_is_watched_by_the_server_alone(
    server: uvicorn.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between requests a client may be silent for as long as the keep-alive allows."""
    monkeypatch.setattr(connections, "HEADERS_WITHIN_S", 0.2)
    assert asked(server) == b"4"
    assert asyncio.run(_two_requests(server.config.port, 0.5)) == 2


async def _two_requests(port: int, pause_s: float) -> int:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for number in range(2):
        writer.write(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        if not await reader.readline():
            return number
        await asyncio.sleep(pause_s)
    writer.close()
    return 2
