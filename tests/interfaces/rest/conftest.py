"""The real application over HTTP, with executors that follow a script instead of running anything."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from starlette.testclient import TestClient

from orcaops import app as wiring
from orcaops.app import App
from orcaops.config import load
from orcaops.guarding.tokens import Token
from orcaops.interfaces.rest.api import create_api
from orcaops.interfaces.rest.serve import Server, address_of, bound
from orcaops.model.recommendation import Priority, Recommendation
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
        assert up.wait(60)
        running.append((server, thread))
        return address

    yield serve
    for server, thread in running:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture(scope="module")
def learned(client: TestClient) -> None:
    """Thirty runs of one key that took ten seconds, and one that took a thousand."""
    durations = [10.0 + 0.01 * (number % 3) for number in range(30)] + [1000.0]
    lines = [
        {
            "image": "team/build:1",
            "command": "make all",
            "started_at": (datetime(2026, 1, 1, tzinfo=UTC) + timedelta(hours=number)).isoformat(),
            "duration_s": duration,
            "status": "succeeded",
        }
        for number, duration in enumerate(durations)
    ]
    answer = client.post(
        "/orcaops/jobs/import?format=jsonl",
        content="\n".join(map(json.dumps, lines)).encode(),
        headers={"Content-Type": "application/x-ndjson"},
    )
    assert answer.json() == {"added": 31, "known": 0, "bad": 0, "problems": []}


def recommendation(identity: str, score: float) -> Recommendation:
    return Recommendation(
        id=identity,
        type="cost",
        priority=Priority.LOW,
        title="less memory",
        description="it never uses half of it",
        impact="half the memory",
        action="set memory to 256m",
        created_at=wiring.now(),
        key="name:x",
        advisor="test",
        field="memory",
        score=score,
    )


@pytest.fixture
def advised(house: App) -> None:
    """Two open recommendations, as an advisor would give them."""
    with house.store.write() as transaction:
        transaction.recommendations.put_many([recommendation("r1", 2.0), recommendation("r2", 1.0)])
        transaction.recommendations.decide("default", "r1", "open")
