"""The docker executor where no engine answers; what it does with one is tested live."""

import io
import struct
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from orcaops.model.run import Run
from orcaops.running.containers import comeback
from orcaops.running.engine.errors import EngineGoneError
from orcaops.running.engine.identity import ImageIdentity
from orcaops.running.engine.reaching import EngineFacts
from orcaops.running.executor import Failure, Halt, HaltReason, Outcome
from orcaops.running.executors.docker import DockerExecutor
from orcaops.testing.executors import RecordingObserver

from .test_process import job


@pytest.fixture
def executor(tmp_path: Path) -> DockerExecutor:
    return DockerExecutor(base_url=f"unix://{tmp_path}/nobody.sock", engine_wait_s=120.0)


@pytest.fixture
def impatient(tmp_path: Path) -> DockerExecutor:
    return DockerExecutor(base_url=f"unix://{tmp_path}/nobody.sock", engine_wait_s=0.1)


def test_a_run_whose_engine_does_not_come_back_is_lost(impatient: DockerExecutor, tmp_path: Path) -> None:
    run = job("true", image="busybox").changed(engine_ref="0123")
    outcome = impatient.adopt(run, RecordingObserver(tmp_path), Halt(), seen_until=None)
    assert outcome.failure is Failure.ENGINE_LOST


def test_an_engine_that_comes_later_is_waited_for(
    executor: DockerExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers: list[EngineGoneError | None] = [EngineGoneError("not yet"), EngineGoneError("not yet"), None]

    def ping() -> None:
        if (error := answers.pop(0)) is not None:
            raise error

    monkeypatch.setattr(comeback, "_LOOK_AGAIN_S", 0.01)
    monkeypatch.setattr(executor, "_taken_over", lambda *_: Outcome(exit_code=0))
    monkeypatch.setattr(executor._engine, "ping", ping)
    executor.adopt(job("true", image="busybox"), RecordingObserver(tmp_path), Halt(), seen_until=None)
    assert answers == []


def test_whoever_waits_for_an_engine_can_be_stopped(executor: DockerExecutor, tmp_path: Path) -> None:
    halt, since = Halt(), time.monotonic()
    threading.Timer(0.1, halt.request, [HaltReason.CANCELLED]).start()
    executor.adopt(job("true", image="busybox"), RecordingObserver(tmp_path), halt, seen_until=None)
    assert time.monotonic() - since < 30


class TestAnEngineThatIsGoneBeforeTheContainerIsMade:
    def test_is_waited_for_and_the_job_runs(
        self, executor: DockerExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tries: list[str] = []

        def start(run: Run, *_: object) -> Outcome:
            tries.append(run.job_id)
            if len(tries) == 1:
                raise EngineGoneError("it is being started anew")
            return Outcome(exit_code=0)

        monkeypatch.setattr(executor._engine, "ping", lambda: None)
        monkeypatch.setattr(executor, "_started_cold", start)
        run = job("true", image="busybox")
        assert executor.run(run, RecordingObserver(tmp_path), Halt()).exit_code == 0
        assert tries == [run.job_id] * 2

    def test_is_told_if_it_does_not_come_back(self, impatient: DockerExecutor, tmp_path: Path) -> None:
        outcome = impatient.run(job("true", image="busybox"), RecordingObserver(tmp_path), Halt())
        assert outcome.failure is Failure.INFRASTRUCTURE
        assert "Start the engine" in str(outcome.message)

    def test_is_not_waited_for_by_a_job_that_is_cancelled(
        self, executor: DockerExecutor, tmp_path: Path
    ) -> None:
        halt, since = Halt(), time.monotonic()
        threading.Timer(0.1, halt.request, [HaltReason.CANCELLED]).start()
        executor.run(job("true", image="busybox"), RecordingObserver(tmp_path), halt)
        assert time.monotonic() - since < 30


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


class TestAnEngineThatGoesAwayWhileAJobRuns:
    @pytest.fixture(autouse=True)
    def _at_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(comeback, "_LOOK_AGAIN_S", 0.01)

    def outcome_of(
        self, executor: DockerExecutor, engine: RestartedEngine, observer: RecordingObserver
    ) -> Outcome:
        executor._engine = engine  # type: ignore[assignment]
        run = job("true", image="busybox").changed(job_id="job-1")
        return executor.run(run, observer, Halt())

    def test_and_keeps_its_containers_finds_it_again_and_nothing_is_told_twice(
        self, executor: DockerExecutor, tmp_path: Path
    ) -> None:
        engine, observer = RestartedEngine(5, keeps=True), RecordingObserver(tmp_path)
        outcome = self.outcome_of(executor, engine, observer)
        assert (outcome.failure, outcome.exit_code) == (None, 5)
        assert observer.text() == b"one\ntwo\nthree\n"
        assert len(observer.all("unheard")) == 3, "that nothing came meanwhile was no silence of the job"
        assert engine.asked == ["start", "logs"], "it was started once"
        assert engine.removed == ["the-container"]

    @pytest.mark.parametrize("status", [143, 137, 255, 1])
    def test_and_ends_its_containers_has_lost_it(
        self, executor: DockerExecutor, tmp_path: Path, status: int
    ) -> None:
        outcome = self.outcome_of(
            executor, engine := RestartedEngine(status, keeps=False), RecordingObserver(tmp_path)
        )
        assert outcome.failure is Failure.ENGINE_LOST
        assert f"the status {status}" in str(outcome.message)
        assert engine.removed == ["the-container"]

    def test_but_not_what_had_succeeded(self, executor: DockerExecutor, tmp_path: Path) -> None:
        outcome = self.outcome_of(executor, RestartedEngine(0, keeps=False), RecordingObserver(tmp_path))
        assert (outcome.failure, outcome.exit_code) == (None, 0)

    @pytest.mark.parametrize(("status", "lost"), [(143, True), (0, False)])
    def test_is_seen_by_who_adopts_the_run_too(
        self, executor: DockerExecutor, tmp_path: Path, status: int, lost: bool
    ) -> None:
        executor._engine = RestartedEngine(status, keeps=False)  # type: ignore[assignment]
        executor._engine.asked.append("logs")  # type: ignore[attr-defined]  # it is back
        run = job("true", image="busybox").changed(job_id="job-1", engine_ref="the-container")
        outcome = executor.adopt(run, RecordingObserver(tmp_path), Halt(), seen_until=None)
        assert (outcome.failure is Failure.ENGINE_LOST) is lost
