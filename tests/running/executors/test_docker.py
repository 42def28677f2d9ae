"""The docker executor where no engine answers; what it does with one is tested live."""

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.job import JobSpec
from orcaops.running.executor import Failure, Halt, HaltReason
from orcaops.running.executors.docker import DockerExecutor
from orcaops.testing.executors import RecordingObserver

from .test_process import job


@pytest.fixture
def executor(tmp_path: Path) -> DockerExecutor:
    return DockerExecutor(base_url=f"unix://{tmp_path}/nobody.sock", engine_wait_s=120.0)


@pytest.fixture
def impatient(tmp_path: Path) -> DockerExecutor:
    return DockerExecutor(base_url=f"unix://{tmp_path}/nobody.sock", engine_wait_s=0.1)


def test_a_job_is_told_to_start_the_engine(impatient: DockerExecutor, tmp_path: Path) -> None:
    outcome = impatient.run(job("true", image="busybox"), RecordingObserver(tmp_path), Halt())
    assert outcome.failure is Failure.INFRASTRUCTURE
    assert "Start the engine" in str(outcome.message)


def test_a_run_that_is_adopted_is_lost(impatient: DockerExecutor, tmp_path: Path) -> None:
    run = job("true", image="busybox").changed(engine_ref="0123")
    outcome = impatient.adopt(run, RecordingObserver(tmp_path), Halt(), seen_until=None)
    assert outcome.failure is Failure.ENGINE_LOST


def test_nobody_can_say_that_a_job_never_began(impatient: DockerExecutor) -> None:
    assert not impatient.never_began(job("true", image="busybox"))


def test_a_job_that_is_cancelled_waits_no_longer(executor: DockerExecutor, tmp_path: Path) -> None:
    halt, since = Halt(), time.monotonic()
    threading.Timer(0.1, halt.request, [HaltReason.CANCELLED]).start()
    executor.run(job("true", image="busybox"), RecordingObserver(tmp_path), halt)
    assert time.monotonic() - since < 30


def test_whoever_adopts_can_be_stopped(executor: DockerExecutor, tmp_path: Path) -> None:
    halt, since = Halt(), time.monotonic()
    threading.Timer(0.1, halt.request, [HaltReason.CANCELLED]).start()
    executor.adopt(job("true", image="busybox"), RecordingObserver(tmp_path), halt, seen_until=None)
    assert time.monotonic() - since < 30


@pytest.mark.parametrize(
    "ask",
    [
        lambda executor: executor.held_image("busybox"),
        lambda executor: executor.drop_image("busybox"),
        lambda executor: executor.prepare(JobSpec(image="busybox", command=("true",))),
        lambda executor: executor.reap([]),
        lambda executor: executor.standing(),
    ],
)
def test_what_cannot_be_answered_says_what_to_do(
    executor: DockerExecutor, ask: Callable[[DockerExecutor], object]
) -> None:
    with pytest.raises(OrcaError) as caught:
        ask(executor)
    assert caught.value.code is ErrorCode.UNAVAILABLE
    assert "Start the engine" in caught.value.hint


def test_nothing_stands_ready(executor: DockerExecutor) -> None:
    assert executor.prepared() == executor.stood() == []
