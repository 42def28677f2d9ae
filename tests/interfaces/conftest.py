"""The real application behind a door, with executors that follow a script instead of running anything."""

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from fastapi import FastAPI

from orcaops import app as wiring
from orcaops.app import App
from orcaops.config import load
from orcaops.interfaces.rest.serve import Server, address_of, bound
from orcaops.running.executor import Capabilities
from orcaops.running.executors.scripted import Script, ScriptedExecutor


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


@contextlib.contextmanager
def serving(make_api: Callable[..., FastAPI]) -> Iterator[Callable[..., str]]:
    """Serves on loopback for real what ``make_api`` makes; gives the address."""
    running: list[tuple[Server, threading.Thread]] = []

    def serve(*args: Any, **kwargs: Any) -> str:
        up = threading.Event()
        listener = bound("127.0.0.1", 0)
        server = Server(make_api(*args, **kwargs), listening=up.set)
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
