"""Reaching: where an engine is looked for."""

import pytest

from orcaops.running.engine.api import Engine
from orcaops.running.engine.errors import EngineGoneError


def test_a_user_without_a_folder_has_no_engine_in_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(_: object) -> None:
        raise KeyError("no such user")

    for name in ("HOME", "DOCKER_HOST"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", unknown)
    monkeypatch.setattr("orcaops.running.engine.reaching._LOCAL_SOCKETS", ("~/.docker/run/docker.sock",))
    with pytest.raises(EngineGoneError, match="was found at any of the usual places"):
        Engine().ping()
