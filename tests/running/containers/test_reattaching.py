"""A run is brought to its end though its engine goes away, and what it told is told once."""

import io
import struct
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orcaops.model.job import JobSpec
from orcaops.model.run import Run, Status
from orcaops.running.containers import comeback
from orcaops.running.containers.fleet import Fleet
from orcaops.running.containers.reattaching import ReattachingRun
from orcaops.running.containers.request import Ceilings
from orcaops.running.engine.errors import EngineGoneError
from orcaops.running.engine.identity import ImageIdentity
from orcaops.running.engine.reaching import EngineFacts
from orcaops.running.executor import Failure, Halt
from orcaops.testing.executors import RecordingObserver


class RestartedEngine:
    """An engine that goes away while a job runs and comes back, and in which the container has gone on.

    ``status`` is how that ended, and ``keeps`` whether the engine is one whose containers outlive it.
    """

    def __init__(self, status: int, *, keeps: bool) -> None:
        self.status = status
        self.keeps = keeps
        self.away = 0
        self.removed: list[str] = []
        self.asked: list[str] = []

    def __getattr__(self, name: str) -> Any:
        raise AssertionError(f"nobody asks for {name}")

    def ping(self) -> None:
        if self.away:
            self.away -= 1
            raise EngineGoneError("not yet")

    def facts(self) -> EngineFacts:
        return EngineFacts("Docker", "28", "1.47", 2, "cgroupfs", local=False)

    def life(self) -> tuple[str, bool]:
        return ("2026-01-01T10:00:00Z" if self.keeps else "2026-01-01T12:00:10Z"), self.keeps

    def stats(self, _container: str) -> Iterator[dict[str, Any]]:
        return iter(())

    def create(self, _name: str, _body: object) -> tuple[str, list[str]]:
        return "the-container", []

    def attach(self, _container: str) -> Any:
        return Pieces(io.BytesIO(_piece(b"one\ntwo\n")))

    def start(self, _container: str) -> None:
        self.asked.append("start")

    def wait(self, _container: str) -> int:
        if "logs" not in self.asked:
            self.away = 3
            raise EngineGoneError("it is being started anew")
        return self.status

    def inspect(self, _container: str) -> dict[str, Any]:
        return {
            "Id": "the-container",
            "Name": "/orcaops-job",
            "Image": "sha256:1",
            "Config": {"Labels": {"orcaops.home": "default", "orcaops.job_id": "job-1"}, "User": ""},
            "State": {
                "Status": "exited",
                "ExitCode": self.status,
                "StartedAt": "2026-01-01T12:00:00Z",
                "FinishedAt": "2026-01-01T12:00:05Z",
            },
        }

    def logs(self, _container: str, *, since: str, follow: bool = True) -> Any:
        self.asked.append("logs")
        lines = (b"one\n", b"two\n", b"three\n")
        return Pieces(io.BytesIO(b"".join(_piece(b"2026-01-01T12:00:01Z " + line) for line in lines)))

    def identity(self, image_id: str, _image: str) -> ImageIdentity:
        return ImageIdentity(image_id, image_id, None, None)

    def remove(self, container: str) -> None:
        self.removed.append(container)


class Pieces:
    """A connection to an engine, or its log."""

    def __init__(self, source: io.BytesIO) -> None:
        self.read = self.receive = source.read

    def close(self) -> None: ...


def _piece(data: bytes) -> bytes:
    return struct.pack(">BxxxL", 1, len(data)) + data


class BackAgain(RestartedEngine):
    """The same engine, once it is back; ``home`` is whose the container is."""

    def __init__(self, status: int, *, keeps: bool, home: str = "default") -> None:
        super().__init__(status, keeps=keeps)
        self.home = home

    def wait(self, _container: str) -> int:
        return self.status

    def inspect(self, container: str) -> dict[str, Any]:
        facts = super().inspect(container)
        facts["Config"]["Labels"]["orcaops.home"] = self.home
        return facts


class GoneAtFirst(BackAgain):
    """An engine that goes away the first time that it is asked for something, before it has done it."""

    def __init__(self, at: str, *, away: int = 3) -> None:
        super().__init__(5, keeps=True)
        self.at = at
        self.goes_for = away
        self.tried: list[str] = []

    def create(self, name: str, body: object) -> tuple[str, list[str]]:
        self.goes("create")
        return super().create(name, body)

    def start(self, container: str) -> None:
        self.goes("start")
        super().start(container)

    def inspect(self, container: str) -> dict[str, Any]:
        facts = super().inspect(container)
        if "start" not in self.asked:
            facts["State"]["Status"] = "created"
        return facts

    def goes(self, at: str) -> None:
        self.tried.append(at)
        if at == self.at and self.tried.count(at) == 1:
            self.away = self.goes_for
            raise EngineGoneError("it is being started anew")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(comeback, "_LOOK_AGAIN_S", 0.01)


@pytest.fixture
def observer(tmp_path: Path) -> RecordingObserver:
    return RecordingObserver(tmp_path)


def run_on(
    engine: Any, observer: RecordingObserver, *, within_s: float = 120.0, ref: str | None = None
) -> ReattachingRun:
    """A run that is followed on this engine, for which it is waited that long."""
    spec = JobSpec(image="busybox", command=("true",))
    run = Run(
        job_id="job-1",
        key="k",
        status=Status.QUEUED,
        submitted_at=datetime.now(UTC),
        effective=spec,
        engine_ref=ref,
    )
    fleet = Fleet(engine, "default", Ceilings(pids=512, memory_bytes=None))
    return ReattachingRun(fleet, run, spec, observer, Halt(), engine_wait_s=within_s)


class TestAnEngineThatIsGoneBeforeTheJobBegins:
    def test_is_waited_for_and_the_job_runs(self, observer: RecordingObserver) -> None:
        engine = GoneAtFirst("create")
        outcome = run_on(engine, observer).cold()
        assert (outcome.failure, outcome.exit_code) == (None, 5)
        assert engine.tried == ["create", "create", "start"]

    def test_and_that_has_made_the_container_already_starts_it_after_all(
        self, observer: RecordingObserver
    ) -> None:
        engine = GoneAtFirst("start")
        outcome = run_on(engine, observer).cold()
        assert (outcome.failure, outcome.exit_code) == (None, 5)
        assert engine.tried == ["create", "start", "create", "start"]

    @pytest.mark.parametrize(
        ("at", "told"), [("create", Failure.INFRASTRUCTURE), ("start", Failure.ENGINE_LOST)]
    )
    def test_is_told_if_it_does_not_come_back(
        self, observer: RecordingObserver, at: str, told: Failure
    ) -> None:
        engine = GoneAtFirst(at, away=1_000_000)
        assert run_on(engine, observer, within_s=0.05).cold().failure is told


class TestAnEngineThatGoesAwayWhileAJobRuns:
    def test_and_keeps_its_containers_finds_it_again_and_nothing_is_told_twice(
        self, observer: RecordingObserver
    ) -> None:
        engine = RestartedEngine(5, keeps=True)
        outcome = run_on(engine, observer).cold()
        assert (outcome.failure, outcome.exit_code) == (None, 5)
        assert observer.text() == b"one\ntwo\nthree\n"
        assert len(observer.all("unheard")) == 3, "that nothing came meanwhile was no silence of the job"
        assert engine.asked == ["start", "logs"], "it was started once"
        assert engine.removed == ["the-container"]

    @pytest.mark.parametrize("status", [143, 137, 255, 1])
    def test_and_ends_its_containers_has_lost_it(self, observer: RecordingObserver, status: int) -> None:
        engine = RestartedEngine(status, keeps=False)
        outcome = run_on(engine, observer).cold()
        assert outcome.failure is Failure.ENGINE_LOST
        assert f"the status {status}" in str(outcome.message)
        assert engine.removed == ["the-container"]

    def test_but_not_what_had_succeeded(self, observer: RecordingObserver) -> None:
        outcome = run_on(RestartedEngine(0, keeps=False), observer).cold()
        assert (outcome.failure, outcome.exit_code) == (None, 0)


class TestWhoAdoptsARun:
    @pytest.mark.parametrize(("status", "lost"), [(143, True), (0, False)])
    def test_sees_that_its_container_ended_with_the_engine(
        self, observer: RecordingObserver, status: int, lost: bool
    ) -> None:
        engine = BackAgain(status, keeps=False)
        outcome = run_on(engine, observer, ref="the-container").adopted(seen_until=None)
        assert (outcome.failure is Failure.ENGINE_LOST) is lost

    def test_waits_for_an_engine_that_comes_later(self, observer: RecordingObserver) -> None:
        engine = BackAgain(5, keeps=True)
        engine.away = 2
        outcome = run_on(engine, observer, ref="the-container").adopted(seen_until=None)
        assert (outcome.failure, outcome.exit_code, engine.away) == (None, 5, 0)

    def test_touches_nobody_elses_container(self, observer: RecordingObserver) -> None:
        engine = BackAgain(5, keeps=True, home="another")
        outcome = run_on(engine, observer, ref="the-container").adopted(seen_until=None)
        assert outcome.failure is Failure.ENGINE_LOST
        assert "no container that had started is left" in str(outcome.message)
        assert engine.removed == []
