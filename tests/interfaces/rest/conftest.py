"""The real application over HTTP, with executors that follow a script instead of running anything."""

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from orcaops import app as wiring
from orcaops.app import App
from orcaops.config import load
from orcaops.guarding.tokens import Token
from orcaops.interfaces.rest.api import create_api
from orcaops.interfaces.rest.serve import Server, address_of, bound
from orcaops.running.executor import Capabilities
from orcaops.running.executors.scripted import Script, ScriptedExecutor

HERE = "http://127.0.0.1"


def scripted(name: str, **able: Any) -> ScriptedExecutor:
    executor = ScriptedExecutor(
        default=Script(output=("hello\n",)), capabilities=Capabilities(**able), clock=wiring.now
    )
    executor.name = name
    return executor


@pytest.fixture(scope="module")
def executors() -> dict[str, ScriptedExecutor]:
    """What stands for the engines, by name."""
    every = {"memory": True, "cpus": True, "pids": True, "mounts": True}
    return {
        "docker": scripted("docker", isolates=True, images=True, networks=None, adopts=False, **every),
        "process": scripted("process", isolates=False, images=False, networks=None, adopts=False, **every),
    }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, executors: dict[str, ScriptedExecutor]) -> Iterator[App]:
    """The application, started as a server starts it."""
    home = tmp_path_factory.mktemp("served")
    configuration = load({"home": home / "orcaops"}, environment={}, folder=home, user_file=home / "none")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(wiring, "_executors", lambda *_: executors)
        app = wiring.build(configuration)
    app.start()
    yield app
    app.close()


@pytest.fixture(scope="module")
def client(house: App) -> Iterator[TestClient]:
    """Asks the API without a network in between."""
    with TestClient(create_api(house), base_url=HERE, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def submitted(client: TestClient) -> Callable[..., dict[str, Any]]:
    """Submits a job and waits for its end."""

    def submit(**spec: Any) -> dict[str, Any]:
        accepted = client.post("/orcaops/jobs", json={"command": ["true"]} | spec)
        assert accepted.status_code == 202, accepted.text
        place = accepted.headers["Location"]
        run: dict[str, Any] = client.get(place, params={"wait": 10} if "?" not in place else {}).json()
        return run

    return submit


@pytest.fixture(scope="module")
def served(house: App) -> Iterator[Callable[[str | None], str]]:
    """Serves the application on loopback for real; gives the address."""
    running: list[tuple[Server, threading.Thread]] = []

    def serve(token: str | None = None) -> str:
        up = threading.Event()
        listener = bound("127.0.0.1", 0)
        api = create_api(house, token=None if token is None else Token.of(token))
        server = Server(api, listening=up.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        address = address_of(listener)
        thread.start()
        assert up.wait(20)
        running.append((server, thread))
        return address

    yield serve
    for server, thread in running:
        server.should_exit = True
        thread.join(20)
        assert not thread.is_alive()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A place for a file."""
    return tmp_path / "file"
