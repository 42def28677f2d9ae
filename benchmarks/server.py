"""A server of our own for as long as it is measured: a free port of the loopback, a temporary home."""

import contextlib
import http.client
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.row import NotMeasured

START_S = 60.0


def command() -> str:
    """The installed ``orcaops``, beside the Python that runs this."""
    path = Path(sys.executable).with_name("orcaops")
    if not path.exists():
        raise NotMeasured(f"there is no {path.name} command beside {sys.executable}: run scripts/install dev")
    return str(path)


@dataclass(frozen=True, slots=True)
class Server:
    """Where it listens and which process it is."""

    port: int
    pid: int

    def ask(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Status and decoded answer of one request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=120)
        try:
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, {"Content-Type": "application/json"} if sent else {})
            answer = connection.getresponse()
            text = answer.read()
            return answer.status, json.loads(text) if "json" in answer.headers.get(
                "Content-Type", ""
            ) else text
        finally:
            connection.close()


def free_port() -> int:
    """A port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def healthy(server: Server) -> bool:
    """Whether ``/healthz`` answers 200."""
    try:
        return server.ask("GET", "/healthz")[0] == http.HTTPStatus.OK
    except OSError:
        return False


@contextlib.contextmanager
def serving(**settings: str) -> Iterator[Server]:
    """A healthy server that ends with the block; ``settings`` are further environment variables."""
    with tempfile.TemporaryDirectory() as folder, (Path(folder) / "said").open("w+") as said:
        port = free_port()
        started = subprocess.Popen(
            [command(), "serve", "--host", "127.0.0.1", "--port", str(port)],
            env={**os.environ, "ORCAOPS_HOME": f"{folder}/home", **settings},
            stdin=subprocess.DEVNULL,
            stdout=said,
            stderr=subprocess.STDOUT,
            cwd=folder,
        )
        server = Server(port, started.pid)
        try:
            deadline = time.monotonic() + START_S
            while not healthy(server):
                if started.poll() is not None or time.monotonic() > deadline:
                    said.seek(0)
                    raise RuntimeError(
                        f"`orcaops serve` does not answer: {said.read()[-500:].strip() or 'it is silent'}"
                    )
                time.sleep(0.05)
            yield server
        finally:
            started.terminate()
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()
