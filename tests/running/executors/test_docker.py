"""The docker executor where no engine answers; what it does with one is tested live."""

import threading
import time
from pathlib import Path

import pytest

from orcaops.model.run import Run
from orcaops.running.engine.errors import EngineGoneError
from orcaops.running.executor import Failure, Halt, HaltReason, Outcome
from orcaops.running.executors import docker
from orcaops.running.executors.docker import DockerExecutor
from orcaops.testing.executors import RecordingObserver

from .test_process import job


@pytest.fixture
def executor(tmp_path: Path) -> DockerExecutor:
    return DockerExecutor(base_url=f"unix://{tmp_path}/nobody.sock")


def test_a_run_whose_engine_does_not_come_back_is_lost(
    executor: DockerExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(docker, "_COMES_WITHIN_S", 0.1)
    run = job("true", image="busybox").changed(engine_ref="0123")
    outcome = executor.adopt(run, RecordingObserver(tmp_path), Halt(), seen_until=None)
    assert outcome.failure is Failure.ENGINE_LOST


def test_an_engine_that_comes_later_is_waited_for(
    executor: DockerExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = [EngineGoneError("not yet"), EngineGoneError("not yet"), None]

    def ping() -> None:
        if (error := answers.pop(0)) is not None:
            raise error

    monkeypatch.setattr(docker, "_LOOK_AGAIN_S", 0.01)
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

    def test_is_told_if_it_does_not_come_back(
        self, executor: DockerExecutor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(docker, "_COMES_WITHIN_S", 0.1)
        outcome = executor.run(job("true", image="busybox"), RecordingObserver(tmp_path), Halt())
        assert outcome.failure is Failure.INFRASTRUCTURE
        assert "Start the engine" in str(outcome.message)

    def test_is_not_waited_for_by_a_job_that_is_cancelled(
        self, executor: DockerExecutor, tmp_path: Path
    ) -> None:
        halt, since = Halt(), time.monotonic()
        threading.Timer(0.1, halt.request, [HaltReason.CANCELLED]).start()
        executor.run(job("true", image="busybox"), RecordingObserver(tmp_path), halt)
        assert time.monotonic() - since < 30
