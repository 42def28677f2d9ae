"""Whether the server lives and is ready, as those see it who ask without a token."""

import shutil

import pytest
from starlette.testclient import TestClient

from orcaops.app import App
from orcaops.running.executor import Health
from orcaops.running.executors.scripted import ScriptedExecutor


def test_it_lives_and_is_ready(client: TestClient) -> None:
    assert client.get("/healthz").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready", "degraded": []}


def test_a_learner_that_fails_does_not_stop_it(
    house: App, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(house.upkeep), "health", lambda _: {"learner x": "secret /path"})
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["degraded"]) == (200, ["learner x"])
    assert "/path" not in answer.text


def test_a_full_disk_is_told(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    full = shutil.disk_usage("/")._replace(free=1 << 20)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: full)
    assert client.get("/readyz").json()["degraded"] == ["disk"]


def test_an_engine_that_does_not_answer_is_told(
    client: TestClient, executors: dict[str, ScriptedExecutor], monkeypatch: pytest.MonkeyPatch
) -> None:
    gone = Health(usable=False, sentence="no engine at /secret/path")
    monkeypatch.setattr(executors["docker"], "probe", lambda: gone)
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["degraded"]) == (200, ["executor docker"])
    assert "/path" not in answer.text


def test_without_its_store_it_is_not_ready(
    house: App, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(house.upkeep), "health", lambda _: {"store": "secret /path"})
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()["code"]) == (503, "unavailable")
    assert "/path" not in answer.text
    assert "Retry-After" in answer.headers


def test_while_nothing_is_worked_off_it_is_not_ready(
    house: App, client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(house.dispatcher), "started", property(lambda _: False))
    assert client.get("/readyz").status_code == 503
