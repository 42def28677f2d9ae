"""The real application over MCP, with executors that follow a script instead of running anything."""

import threading
from collections.abc import Callable, Coroutine, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client import Client

from orcaops import app as wiring
from orcaops.app import App
from orcaops.config import load
from orcaops.guarding.tokens import Token
from orcaops.interfaces.mcp.http import mcp_app
from orcaops.interfaces.mcp.server import create_server
from orcaops.interfaces.rest.api import create_api
from orcaops.interfaces.rest.serve import Server, address_of, bound
from orcaops.running.executor import Capabilities
from orcaops.running.executors.scripted import Script, ScriptedExecutor

REVISIONS = ("legacy", "2026-07-28")
"""How the SDK's client opens: with the handshake of 2025-11-25, or without one."""

TOOLS = {
    "orcaops_run_job",
    "orcaops_get_job",
    "orcaops_list_jobs",
    "orcaops_get_summary",
    "orcaops_cancel_job",
    "orcaops_debug_job",
    "orcaops_get_logs",
    "orcaops_record_outcome",
    "orcaops_predict_job",
    "orcaops_get_baselines",
    "orcaops_get_anomalies",
    "orcaops_resolve_anomaly",
    "orcaops_get_recommendations",
    "orcaops_decide_recommendation",
}

Session = Callable[[Client], Coroutine[Any, Any, None]]


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


@pytest.fixture(params=REVISIONS)
def revision(request: pytest.FixtureRequest) -> str:
    """Each current revision of the protocol in turn."""
    revision: str = request.param
    return revision


@pytest.fixture
def talk(house: App) -> Callable[..., None]:
    """Lets a client talk to the application in this process, within a bounded time."""

    def talk(session: Session, *, mode: str = "2026-07-28", read_only: bool = False) -> None:
        async def main() -> None:
            with anyio.fail_after(30):
                async with Client(create_server(house, read_only=read_only), mode=mode) as client:
                    await session(client)

        anyio.run(main)

    return talk


@pytest.fixture(scope="module")
def served(house: App) -> Iterator[Callable[..., str]]:
    """Serves the application on loopback for real; gives the address of its MCP interface."""
    running: list[tuple[Server, threading.Thread]] = []

    def serve(token: str | None = None, read_only: bool = False) -> str:
        up = threading.Event()
        listener = bound("127.0.0.1", 0)
        agents, lifespan = mcp_app(house, read_only=read_only)
        api = create_api(
            house,
            token=None if token is None else Token.of(token),
            mounts={"/mcp": agents},
            lifespans=[lifespan],
        )
        server = Server(api, listening=up.set)
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        address = address_of(listener)
        thread.start()
        assert up.wait(60)
        running.append((server, thread))
        return f"{address}/mcp"

    yield serve
    for server, thread in running:
        server.should_exit = True
        thread.join(60)
        assert not thread.is_alive()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A place for a file."""
    return tmp_path / "file"
