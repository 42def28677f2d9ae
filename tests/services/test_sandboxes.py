"""Sandboxes: what is refused before any engine is asked, and what happens while one is asked."""

from collections.abc import Callable
from types import SimpleNamespace

import pytest

from orcaops.app import App
from orcaops.model.errors import OrcaError
from orcaops.model.sandbox import Sandbox, SandboxSpec, SandboxState


@pytest.mark.parametrize("name", ["two words", "../x", "a:b", "-rf", ".", "ä", "x" * 129])
def test_a_name_that_no_command_line_could_say_is_refused(app: App, name: str) -> None:
    with pytest.raises(OrcaError, match="cannot be called") as caught:
        app.sandboxes.create(SandboxSpec(image="x", name=name), by="me")
    assert (caught.value.code, caught.value.where) == ("invalid", "name")


class Engine:
    """An engine in which something happens ``meanwhile``, while it is asked."""

    def __init__(self) -> None:
        self.there: dict[str, str] = {}
        self.meanwhile: Callable[[], object] = lambda: None

    def create(self, sandbox_id: str, _spec: SandboxSpec) -> tuple[str, None]:
        self.there[sandbox_id] = "running"
        return "ref", None

    def found(self) -> list[SimpleNamespace]:
        found = [SimpleNamespace(sandbox_id=name, state=state) for name, state in self.there.items()]
        self.meanwhile()
        return found

    def stop(self, sandbox_id: str, _grace_s: float) -> None:
        self.there[sandbox_id] = "stopped"
        self.meanwhile()

    def remove(self, sandbox_id: str) -> None:
        self.there.pop(sandbox_id, None)


@pytest.fixture
def engine(app: App, monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine()
    monkeypatch.setattr(app.sandboxes, "_engine", lambda: ("docker", engine))
    return engine


def create(app: App) -> Sandbox:
    return app.sandboxes.create(SandboxSpec(image="x"), by="me")


def state(app: App, place: Sandbox) -> SandboxState:
    return app.sandboxes.get("default", place.id).state


def test_one_that_is_made_while_the_engine_is_asked_is_not_lost(app: App, engine: Engine) -> None:
    made: list[Sandbox] = []
    engine.meanwhile = lambda: made.append(create(app))
    assert app.sandboxes.sweep() == []
    assert state(app, made[0]) is SandboxState.RUNNING
    assert list(engine.there) == [made[0].id]


def test_one_that_the_engine_has_no_more_is_lost(app: App, engine: Engine) -> None:
    place = create(app)
    engine.there.clear()
    assert len(app.sandboxes.sweep()) == 1
    assert state(app, place) is SandboxState.LOST


def test_one_that_is_removed_while_it_is_stopped_stays_removed(app: App, engine: Engine) -> None:
    place = create(app)
    engine.meanwhile = lambda: app.sandboxes.remove("default", place.id, by="ann")
    app.sandboxes.stop("default", place.id, by="me")
    assert state(app, place) is SandboxState.REMOVED


def test_a_command_that_begins_while_it_is_stopped_is_counted(app: App, engine: Engine) -> None:
    place = create(app)
    engine.meanwhile = lambda: app.sandboxes._touch(place, executions=1)
    app.sandboxes.stop("default", place.id, by="me")
    found = app.sandboxes.get("default", place.id)
    assert (found.state, found.executions) == (SandboxState.STOPPED, 1)
