"""What a supervisor sees of one run: phases, steps, output, and when it is too late to stop it."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.override import OptimizedField, Override
from orcaops.model.run import LogSummary, PhaseName, Run, Status, Step
from orcaops.running.clock import RunClock
from orcaops.running.deadlines import Deadline, Deadlines
from orcaops.running.executor import Halt, HaltReason
from orcaops.running.observation import Observation

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SPEC = JobSpec(commands=(("a",), ("b",)))


class TickingClock:
    """One second passes with every reading of the monotonic clock."""

    def __init__(self) -> None:
        self._ticks = 0

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        self._ticks += 1
        return float(self._ticks)


class Noted(Deadlines):
    """Deadlines that come due when a test says so."""

    def __init__(self) -> None:
        super().__init__()
        self.asked: list[tuple[float, Callable[[], None]]] = []

    def after(self, delay_s: float, callback: Callable[[], None]) -> Deadline:
        self.asked.append((delay_s, callback))
        return Deadline(callback)


class Recorder:
    def __init__(self, folder: Path) -> None:
        self.noted: list[Run] = []
        self.folders_asked_for = 0
        self.written = 0
        self._folder = folder

    def running(self, run: Run) -> None:
        self.noted.append(run)

    def finished(self, run: Run) -> None:
        raise AssertionError("not an observation's business")

    def open_log(self, run: Run) -> "Recorder":
        return self

    def write(self, stream: Stream, data: bytes, at: datetime) -> None:
        if data == b"too much":
            raise OSError("full")
        self.written += len(data)

    def close(self) -> LogSummary:
        return LogSummary(stdout_bytes=self.written)

    def artifact_dir(self, run: Run) -> Path:
        self.folders_asked_for += 1
        return self._folder


@pytest.fixture
def recorder(tmp_path: Path) -> Recorder:
    return Recorder(tmp_path)


@pytest.fixture
def halt() -> Halt:
    return Halt()


@pytest.fixture
def observation(recorder: Recorder, halt: Halt) -> Iterator[Observation]:
    run = Run(job_id="job-1", key="k", status=Status.QUEUED, submitted_at=NOW, effective=SPEC)
    deadlines = Deadlines()
    yield Observation(
        run, SPEC, recorder=recorder, deadlines=deadlines, halt=halt, clock=RunClock(TickingClock())
    )
    deadlines.close()


def step(exit_code: int | None) -> Step:
    return Step(command=("a",), started_at=NOW, duration_s=0.0, exit_code=exit_code)


def test_phases_follow_one_another_and_are_added_up(observation: Observation) -> None:
    for name in (PhaseName.CREATE, PhaseName.RUN, PhaseName.CREATE, PhaseName.CLEAN_UP):
        observation.phase(name)
    observation.finish()
    phases = observation.seen().phases
    assert list(phases) == [PhaseName.CREATE, PhaseName.RUN, PhaseName.CLEAN_UP]
    assert phases[PhaseName.CREATE].duration_s > phases[PhaseName.RUN].duration_s > 0
    assert phases[PhaseName.CREATE].started_at < phases[PhaseName.RUN].started_at


def test_only_a_pull_and_the_place_are_noted(observation: Observation, recorder: Recorder) -> None:
    observation.phase(PhaseName.CREATE)
    assert recorder.noted == []
    observation.phase(PhaseName.PULL)
    observation.placed("ref")
    observation.started(NOW)
    observation.finish()
    assert [(run.status, run.engine_ref) for run in recorder.noted] == [
        (Status.RUNNING, None),
        (Status.RUNNING, "ref"),
    ]


def test_a_halt_counts_until_the_last_command_has_ended(observation: Observation, halt: Halt) -> None:
    observation.step(step(0))
    assert observation.halted is None
    halt.request(HaltReason.CANCELLED)
    observation.step(step(0))
    assert observation.halted is HaltReason.CANCELLED


@pytest.mark.parametrize("results", [(0, 0), (1,), (None,)])
def test_a_halt_after_the_last_command_does_not(
    observation: Observation, halt: Halt, results: tuple[int | None, ...]
) -> None:
    for result in results:
        observation.step(step(result))
    halt.request(HaltReason.CANCELLED)
    assert observation.halted is None


def test_the_first_start_is_the_start(observation: Observation) -> None:
    observation.started(NOW)
    observation.started(NOW + timedelta(seconds=5))
    assert observation.started_at == NOW


def test_after_trouble_nothing_more_is_written(observation: Observation, recorder: Recorder) -> None:
    for data in (b"one", b"too much", b"two"):
        observation.output(Stream.STDOUT, data, NOW)
    observation.finish()
    assert observation.trouble == "part of its output could not be kept: full"
    assert observation.seen().log == LogSummary(stdout_bytes=3)


def test_the_folder_is_asked_for_once_and_only_if_needed(
    observation: Observation, recorder: Recorder, tmp_path: Path
) -> None:
    assert recorder.folders_asked_for == 0
    assert observation.artifact_dir == observation.artifact_dir == tmp_path
    assert recorder.folders_asked_for == 1


def test_more_time_replaces_the_deadline_and_a_late_one_is_refused(recorder: Recorder, halt: Halt) -> None:
    spec = JobSpec(command=("a",), timeout=0.3)
    change = Override(optimization_id="o", field=OptimizedField.TIMEOUT, own=60.0, before=60.0, after=0.3)
    run = Run(
        job_id="j", key="k", status=Status.QUEUED, submitted_at=NOW, effective=spec, overrides=(change,)
    )
    deadlines = Noted()
    found = Observation(run, spec, recorder=recorder, deadlines=deadlines, halt=halt, clock=RunClock())
    found.placed("ref")
    found.started(NOW)
    ((first_s, too_late),) = deadlines.asked
    assert found.loosen({"timeout": 60.0})
    too_late()  # it comes due in the very moment
    assert not halt.requested
    (_, (second_s, _)) = deadlines.asked
    assert (first_s, second_s) == (pytest.approx(0.3), pytest.approx(60.0, abs=30.0))
    assert (found.run.overrides, found.run.engine_ref) == ((), "ref")
    assert found.tighter is not None
    assert found.tighter.overrides == (change,)
    assert recorder.noted[-1] == found.run
    halt.request(HaltReason.CANCELLED)
    assert not found.loosen({"timeout": None})
    found.finish()
    deadlines.close()
