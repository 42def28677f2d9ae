"""The scripted executor does as it is told, and takes no time."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.run import PhaseName, Run, Status
from orcaops.running.executor import Failure, Halt, HaltReason
from orcaops.running.executors.scripted import Script, ScriptedExecutor
from orcaops.testing.executors import RecordingObserver


@pytest.fixture
def observer(tmp_path: Path) -> RecordingObserver:
    return RecordingObserver(tmp_path)


def job(**fields: object) -> Run:
    spec = JobSpec.model_validate({"command": ["pytest", "-q"], **fields})
    return Run(job_id="job-1", key="k", status=Status.QUEUED, submitted_at=datetime.now(UTC), effective=spec)


def test_a_long_run_takes_no_time_and_is_the_same_each_time(observer: RecordingObserver) -> None:
    since = time.monotonic()
    script = Script(output=("a\n", (Stream.STDERR, b"b\n")), exit_code=1, takes_s=3600)
    outcomes = [
        ScriptedExecutor({"pytest -q": script}).run(job(), RecordingObserver(observer.artifact_dir), Halt())
        for _ in range(2)
    ]
    assert outcomes[0] == outcomes[1]
    assert (outcomes[0].exit_code, outcomes[0].steps[0].duration_s) == (1, 3600)
    assert time.monotonic() - since < 60


def test_a_script_is_found_by_name_then_by_command_then_the_default(observer: RecordingObserver) -> None:
    executor = ScriptedExecutor({"nightly": Script(exit_code=1)}, default=Script(exit_code=3))
    executor.script("pytest -q", Script(exit_code=2))
    codes = [
        executor.run(run, observer, Halt()).exit_code
        for run in (job(name="nightly"), job(), job(command=["x"]))
    ]
    assert codes == [1, 2, 3]
    assert len(executor.runs) == 3


def test_runs_follow_one_another(observer: RecordingObserver) -> None:
    executor = ScriptedExecutor(default=Script(takes_s=10))
    first, second = (executor.run(job(), observer, Halt()) for _ in range(2))
    assert first.finished_at is not None
    assert second.started_at is not None
    assert second.started_at > first.finished_at


def test_output_is_spread_over_the_run(observer: RecordingObserver) -> None:
    outcome = ScriptedExecutor(default=Script(output=("a", "b"), takes_s=10)).run(job(), observer, Halt())
    assert outcome.started_at is not None
    times = [(at - outcome.started_at).total_seconds() for _, _, at in observer.all("output")]
    assert times == [5.0, 10.0]


def test_it_stops_at_the_first_step_that_fails(observer: RecordingObserver) -> None:
    commands = [["a"], ["b"]]
    executor = ScriptedExecutor()
    assert len(executor.run(job(command=None, commands=commands), observer, Halt()).steps) == 2
    executor.script("a && b", Script(exit_code=1))
    assert len(executor.run(job(command=None, commands=commands), observer, Halt()).steps) == 1


@pytest.mark.parametrize(("ignores_term", "signal"), [(False, 15), (True, 9)])
def test_a_hanging_job_ends_by_halt(observer: RecordingObserver, ignores_term: bool, signal: int) -> None:
    halt = Halt(0.05)
    observer.on_output(lambda _: halt.request(HaltReason.CANCELLED) and None)
    script = Script(hangs=True, output=("ready",), ignores_term=ignores_term)
    outcome = ScriptedExecutor(default=script).run(job(), observer, halt)
    assert (outcome.exit_code, outcome.signal) == (None, signal)


def test_a_halt_before_the_start_starts_nothing(observer: RecordingObserver) -> None:
    halt = Halt()
    halt.request(HaltReason.CANCELLED)
    outcome = ScriptedExecutor().run(job(), observer, halt)
    assert outcome.started_at is None
    assert observer.all("started") == []


@pytest.mark.parametrize("phase", [PhaseName.PULL, PhaseName.CREATE, PhaseName.START, PhaseName.RUN])
def test_it_fails_where_it_is_told_to(observer: RecordingObserver, phase: PhaseName) -> None:
    script = Script(pulls=True, fails_in=phase, failure=Failure.ENGINE_LOST, message="gone")
    outcome = ScriptedExecutor(default=script).run(job(), observer, Halt())
    assert (outcome.failure, outcome.message) == (Failure.ENGINE_LOST, "gone")
    assert observer.all("phase")[-1] is phase


def test_what_is_left_behind_is_reaped(observer: RecordingObserver) -> None:
    executor = ScriptedExecutor()
    executor.run(job(), observer, Halt())
    assert executor.reap([]) == []
    executor.leave("dead")
    executor.leave("living")
    assert executor.reap(["living"], dry_run=True) == ["scripted job dead"]
    assert executor.reap(["living"]) == ["scripted job dead"]
    assert executor.reap(["living"]) == []
