"""The server process: what it refuses, how it says where it listens, and its orderly end."""

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import orjson
import pytest

from orcaops import app as wiring
from orcaops.config import load
from orcaops.interfaces.rest.serve import address_of, bound, check_exposure, serve
from orcaops.model.errors import ErrorCode, OrcaError

PROGRAM = """
import sys
from orcaops import app, config
from orcaops.interfaces.rest.serve import serve
serve(app.build(config.load()), host="127.0.0.1", port=0, token=sys.argv[1] if sys.argv[1:] else None)
print("ended", file=sys.stderr)
"""


class Process:
    """A server as a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, *arguments], stderr=subprocess.PIPE, env=dict(os.environ)
        )
        assert self.process.stderr is not None
        self.first_line = self.process.stderr.readline().decode()
        found = re.fullmatch(r"OrcaOps listens on http://127\.0\.0\.1:(\d+)\n", self.first_line)
        assert found, self.first_line + self.process.stderr.read().decode()
        self.port = int(found[1])

    def ask(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        headers = {"Content-Type": "application/json"} if body is not None else {}
        connection.request(
            method, path, body=orjson.dumps(body) if body is not None else None, headers=headers
        )
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, orjson.loads(content)

    def end(self, number: int) -> tuple[int, str]:
        self.process.send_signal(number)
        _, errors = self.process.communicate(timeout=120)
        return self.process.returncode, errors.decode()


@contextmanager
def process(*arguments: str) -> Iterator[Process]:
    server = Process(*arguments)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.process.kill()
            server.process.communicate()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_orderly_with_followers_and_a_running_job(orcaops_home: Path, number: int) -> None:
    with process() as server:
        status, run = server.ask("POST", "/orcaops/jobs", {"command": ["sleep", "600"]})
        assert status == 202
        follower = HTTPConnection("127.0.0.1", server.port, timeout=60)
        follower.request("GET", f"/orcaops/jobs/{run['job_id']}/logs/stream")
        answer = follower.getresponse()
        assert answer.readline().startswith(b":")
        began = time.monotonic()
        code, errors = server.end(number)
        assert (code, errors) == (0, "ended\n")
        assert time.monotonic() - began < 120
        answer.read()
        follower.close()
    with process() as server:  # what could not outlive the first has its honest end
        _, again = server.ask("GET", f"/orcaops/jobs/{run['job_id']}?wait=20")
        assert again["status"] in ("cancelled", "lost")
        assert server.end(signal.SIGTERM)[0] == 0


def test_a_token_is_asked_for(orcaops_home: Path) -> None:
    with process("s3cret") as server:
        assert server.ask("GET", "/orcaops/jobs")[0] == 401
        assert server.ask("GET", "/readyz")[0] == 200


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.1", "example.org"])
def test_beyond_loopback_it_refuses_to_start_without_a_token(host: str) -> None:
    with pytest.raises(OrcaError) as refused:
        check_exposure(host, has_token=False)
    assert refused.value.code is ErrorCode.FORBIDDEN
    assert "ORCAOPS_TOKEN" in refused.value.hint
    check_exposure(host, has_token=True)


def test_loopback_needs_none() -> None:
    for host in ("127.0.0.1", "localhost", "::1"):
        check_exposure(host, has_token=False)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"host": "0.0.0.0"}, ErrorCode.FORBIDDEN),
        ({"host": "127.0.0.1", "token": ""}, ErrorCode.INVALID),
        ({"host": "127.0.0.1", "token": "a b"}, ErrorCode.INVALID),
        ({"host": "no.such.host.invalid", "token": "t"}, ErrorCode.INVALID),
    ],
)
def test_what_it_refuses_to_start_with(tmp_path: Path, arguments: dict[str, str], code: ErrorCode) -> None:
    app = wiring.build(
        load({"home": tmp_path / "h"}, environment={}, folder=tmp_path, user_file=tmp_path / "n")
    )
    with pytest.raises(OrcaError) as refused:
        serve(app, port=0, **arguments)  # type: ignore[arg-type]
    assert refused.value.code is code


def test_a_taken_port_is_said() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        with pytest.raises(OrcaError) as refused:
            bound("127.0.0.1", taken.getsockname()[1])
    assert refused.value.code is ErrorCode.UNAVAILABLE
    assert "127.0.0.1" in refused.value.message


@pytest.mark.parametrize(("host", "shown"), [("127.0.0.1", "http://127.0.0.1:"), ("::1", "http://[::1]:")])
def test_the_address_has_the_real_port(host: str, shown: str) -> None:
    with bound(host, 0) as listener:
        assert address_of(listener) == f"{shown}{listener.getsockname()[1]}"


def test_no_thread_stays() -> None:
    assert not [thread.name for thread in threading.enumerate() if thread.name == "feed"]


def test_headers_without_end_are_not_kept(orcaops_home: Path) -> None:
    with (
        process("a-token") as server,
        socket.create_connection(("127.0.0.1", server.port), timeout=60) as peer,
    ):
        peer.sendall(b"GET /orcaops/jobs HTTP/1.1\r\nHost: x\r\nX: ")
        sent = 0
        with contextlib.suppress(ConnectionError):
            while sent < 64:
                peer.sendall(b"a" * 2**20)
                sent += 1
        assert sent < 64, "the server read on"
