"""A recommendation to remove an idle sandbox is carried out, if still nobody uses it."""

from datetime import timedelta

import pytest

from orcaops.app import App, now
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.recommendation import Recommendation
from orcaops.model.sandbox import Sandbox, SandboxSpec, SandboxState


class Engine:
    """An engine that notes what it was told to remove."""

    def __init__(self) -> None:
        self.removed: list[str] = []

    def remove(self, sandbox_id: str) -> None:
        self.removed.append(sandbox_id)


@pytest.fixture
def engine(app: App, monkeypatch: pytest.MonkeyPatch) -> Engine:
    engine = Engine()
    monkeypatch.setattr(app.sandboxes, "_engine", lambda: ("docker", engine))
    return engine


def put(app: App, *, idle_for: timedelta, state: SandboxState = SandboxState.RUNNING) -> None:
    at = now() - idle_for
    with app.store.write() as transaction:
        transaction.sandboxes.put(
            Sandbox(
                id="forgotten",
                image="x:1",
                state=state,
                spec=SandboxSpec(image="x:1"),
                created_at=at,
                used_at=at,
                expires_at=at + timedelta(days=1),
                idle_limit_s=60.0,
                reason="removed by ann" if state.final else None,
            )
        )


def advised(app: App) -> Recommendation:
    (found,) = app.advice.recommendations("default", state=None).items
    return found


def test_applying_removes_it_and_says_so(app: App, engine: Engine) -> None:
    put(app, idle_for=timedelta(hours=1))
    applied = app.advice.apply("default", advised(app).id, by="ann")
    assert applied.state == "applied"
    assert "was removed" in str(applied.remark)
    assert "by hand" not in str(applied.remark)
    gone = app.sandboxes.get("default", "forgotten")
    assert (gone.state, engine.removed) == (SandboxState.REMOVED, ["forgotten"])
    assert applied.id in str(gone.reason)
    assert advised(app).state == "applied"


def test_one_that_is_used_again_stays(app: App, engine: Engine) -> None:
    put(app, idle_for=timedelta(hours=1))
    found = advised(app)
    put(app, idle_for=timedelta(seconds=5))
    with pytest.raises(OrcaError, match="not idle any more") as caught:
        app.advice.apply("default", found.id, by="ann")
    assert caught.value.code is ErrorCode.CONFLICT
    assert (app.sandboxes.get("default", "forgotten").state, engine.removed) == (SandboxState.RUNNING, [])


def test_one_that_is_gone_is_said_to_be(app: App, engine: Engine) -> None:
    put(app, idle_for=timedelta(hours=1))
    found = advised(app)
    put(app, idle_for=timedelta(hours=1), state=SandboxState.REMOVED)
    assert "gone already: removed by ann" in str(app.advice.apply("default", found.id, by="me").remark)
    assert not engine.removed


def test_dismissing_it_leaves_it(app: App, engine: Engine) -> None:
    put(app, idle_for=timedelta(hours=1))
    app.advice.dismiss("default", advised(app).id, by="ann", reason="I need it")
    assert not engine.removed
    assert app.sandboxes.get("default", "forgotten").state is SandboxState.RUNNING
