"""A job gets its container also where a dead owner's still takes the name, unless that never ends."""

from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from orcaops.model.job import JobSpec
from orcaops.model.run import Run, Status
from orcaops.running.containers import attempt as attempt_module
from orcaops.running.containers import leftovers
from orcaops.running.containers.attempt import ContainerAttempt
from orcaops.running.containers.meter import SetUpShares
from orcaops.running.engine.errors import EngineRefusedError
from orcaops.running.executor import Halt
from orcaops.testing.executors import RecordingObserver


class BusyEngine:
    """An engine that is still making a container of that name: it is taken, and cannot be seen."""

    def __init__(self, until_s: float) -> None:
        self.now_s = 0.0
        self._until_s = until_s

    def facts(self) -> Any:
        return SimpleNamespace(name="Docker")

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds

    def create(self, _name: str, _body: dict[str, Any]) -> tuple[str, list[str]]:
        if self.now_s < self._until_s:
            raise EngineRefusedError("the name is in use", 409)
        return "container", []

    def inspect(self, _name: str) -> dict[str, Any]:
        raise EngineRefusedError("no such container", 404)

    def remove(self, _container: str) -> None: ...


def created(engine: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> RecordingObserver:
    """What an observer saw of a job that was to get its container from this engine."""
    clock = SimpleNamespace(sleep=engine.sleep, monotonic=lambda: engine.now_s)
    monkeypatch.setattr(leftovers, "time", clock)
    monkeypatch.setattr(attempt_module, "time", clock, raising=False)
    spec, observer = JobSpec(image="x", command=("true",)), RecordingObserver(folder)
    run = Run(job_id="j", key="k", status=Status.QUEUED, submitted_at=datetime.now(UTC), effective=spec)
    with ContainerAttempt(engine, run, spec, "word", None, SetUpShares(), observer, Halt()) as attempt:
        attempt.create({"Labels": {}, "HostConfig": {}})
    if attempt.outcome.failure is not None:
        raise RuntimeError(attempt.outcome.message)
    return observer


def test_a_name_that_comes_free_late_is_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert created(BusyEngine(20.0), tmp_path, monkeypatch).all("placed") == ["container"]


def test_but_not_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(RuntimeError, match="in use"):
        created(BusyEngine(1e9), tmp_path, monkeypatch)
