"""From a claimed run to one honest final record."""

import threading
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orcaops.model.errors import conflict, unavailable
from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.run import Cause, LogSummary, PhaseName, Run, Status, Usage
from orcaops.running.executor import Failure, Halt, HaltReason
from orcaops.running.executors.process import ProcessExecutor
from orcaops.running.executors.scripted import Script, ScriptedExecutor
from orcaops.running.supervisor import Supervisor


class Sink:
    def __init__(self) -> None:
        self.pieces: list[tuple[Stream, bytes, datetime]] = []
        self.closed = 0
        self.breaks: Exception | None = None
        self.breaks_at_close: Exception | None = None

    def write(self, stream: Stream, data: bytes, at: datetime) -> None:
        if self.breaks is not None:
            raise self.breaks
        self.pieces.append((stream, data, at))

    def close(self) -> LogSummary:
        self.closed += 1
        if self.breaks_at_close is not None:
            raise self.breaks_at_close
        return LogSummary(stdout_bytes=sum(len(data) for _, data, _ in self.pieces))


class Records:
    """A recorder in memory, which breaks where it is told to."""

    def __init__(self, folder: Path) -> None:
        self.written: list[Run] = []
        self.sink = Sink()
        self.breaks: dict[str, Exception] = {}
        self._folder = folder

    def running(self, run: Run) -> None:
        self._break("running")
        self.written.append(run)

    def finished(self, run: Run) -> None:
        self._break("finished")
        self.written.append(run)

    def open_log(self, run: Run) -> Sink:
        self._break("open_log")
        return self.sink

    def artifact_dir(self, run: Run) -> Path:
        folder = self._folder / run.job_id
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _break(self, where: str) -> None:
        if where in self.breaks:
            raise self.breaks[where]


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(tmp_path / "artifacts")


def claimed(**fields: Any) -> Run:
    spec = JobSpec(**{"command": ("job",), **fields})
    return Run(
        job_id="job-1",
        key="name:job",
        status=Status.QUEUED,
        submitted_at=datetime.now(UTC) - timedelta(seconds=2),
        requested=spec,
        effective=spec,
        owner="somebody",
    )


def execute(records: Records, script: Script, halt: Halt | None = None, **fields: Any) -> Run:
    supervisor = Supervisor({"scripted": ScriptedExecutor(default=script)}, records)
    try:
        return supervisor.execute(claimed(**fields), halt or supervisor.halt())
    finally:
        supervisor.close()


def test_a_success_is_recorded_whole(records: Records) -> None:
    usage = Usage(cpu_seconds=1.5, memory_peak_bytes=100, exact=True, basis="cgroup_v2")
    script = Script(
        output=("one\n", (Stream.STDERR, b"two\n")),
        takes_s=12.5,
        usage=usage,
        image_digest="sha256:1",
        artifacts={"out/report.xml": b"<x/>"},
    )
    final = execute(records, script, image="busybox", artifacts=("out",))
    assert (final.status, final.cause, final.exit_code) == (Status.SUCCEEDED, Cause.SUCCESS, 0)
    assert final.duration_s == 12.5
    assert final.started_at is not None
    assert final.finished_at == final.started_at + timedelta(seconds=12.5)
    assert (final.usage, final.image_digest) == (usage, "sha256:1")
    assert final.executor == "scripted"
    assert final.engine_ref == "scripted:job-1"
    assert [step.exit_code for step in final.steps] == [0]
    assert final.log == LogSummary(stdout_bytes=8)
    assert [artifact.path for artifact in final.artifacts] == ["out/report.xml"]
    assert list(final.phases) == [
        PhaseName.QUEUE,
        PhaseName.CREATE,
        PhaseName.START,
        PhaseName.RUN,
        PhaseName.COLLECT,
    ]
    assert 1.9 < final.phases[PhaseName.QUEUE].duration_s < 60
    assert records.written[-1] == final
    assert Run.from_stored(final.model_dump_json()) == final


def test_a_trivial_run_costs_three_writes(records: Records) -> None:
    execute(records, Script())
    first, ended, last = records.written
    assert (first.status, first.engine_ref, first.executor) == (
        Status.RUNNING,
        "scripted:job-1",
        "scripted",
    )
    assert (ended.status, ended.changed(status=last.status, phases=last.phases)) == (Status.RUNNING, last)
    assert last.status.final


def test_how_it_ended_need_not_be_noted(records: Records) -> None:
    class Full(Records):
        def running(self, run: Run) -> None:
            if run.cause is not None:
                raise unavailable("the disk is full")
            super().running(run)

    full = Full(records._folder)
    final = execute(full, Script(exit_code=3))
    assert (final.status, final.exit_code) == (Status.FAILED, 3)
    assert full.written[-1] == final


def test_a_pull_is_told_before_it_begins(records: Records) -> None:
    execute(records, Script(pulls=True), image="busybox")
    assert [(run.status, run.engine_ref) for run in records.written[:2]] == [
        (Status.RUNNING, None),
        (Status.RUNNING, "scripted:job-1"),
    ]


@pytest.mark.parametrize(
    ("script", "status", "cause"),
    [
        (Script(exit_code=3), Status.FAILED, Cause.COMMAND_FAILED),
        (Script(signal=11), Status.FAILED, Cause.COMMAND_FAILED),
        (Script(signal=9, oom_killed=True), Status.FAILED, Cause.OOM_KILLED),
        (
            Script(
                fails_in=PhaseName.PULL,
                pulls=True,
                failure=Failure.IMAGE_UNAVAILABLE,
                message="no such image",
            ),
            Status.FAILED,
            Cause.IMAGE_UNAVAILABLE,
        ),
        (
            Script(fails_in=PhaseName.RUN, failure=Failure.ENGINE_LOST, message="it went away"),
            Status.LOST,
            Cause.ENGINE_LOST,
        ),
        (
            Script(fails_in=PhaseName.CREATE, message="no space left on device"),
            Status.FAILED,
            Cause.INFRASTRUCTURE,
        ),
    ],
)
def test_every_other_end_has_its_cause(
    records: Records, script: Script, status: Status, cause: Cause
) -> None:
    final = execute(records, script, image="busybox")
    assert (final.status, final.cause) == (status, cause)
    assert (final.exit_code, final.signal) == (
        (None, None) if script.fails_in else (None if script.signal else script.exit_code, script.signal)
    )
    assert final.message == script.message or final.cause is Cause.OOM_KILLED
    assert final.finished_at is not None
    assert records.sink.closed == 1


def test_an_executor_that_raises_is_an_infrastructure_failure(records: Records) -> None:
    final = execute(records, Script(fails_in=PhaseName.RUN, raises=ZeroDivisionError("a bug")))
    assert (final.status, final.cause) == (Status.FAILED, Cause.INFRASTRUCTURE)
    assert final.message == "The scripted executor failed: ZeroDivisionError: a bug"
    assert final.started_at is not None, "what was known before is kept"


# --- stopping


def test_cancel(records: Records) -> None:
    halt = Halt()
    timer = threading.Timer(0.05, halt.request, [HaltReason.CANCELLED])
    timer.start()
    final = execute(records, Script(hangs=True), halt)
    timer.join()
    assert (final.status, final.cause, final.signal) == (Status.CANCELLED, Cause.CANCELLED, 15)


def test_cancel_while_it_waited_starts_nothing(records: Records) -> None:
    halt = Halt()
    halt.request(HaltReason.CANCELLED)
    final = execute(records, Script(), halt)
    assert (final.status, final.cause) == (Status.CANCELLED, Cause.CANCELLED)
    assert final.started_at is None
    assert final.duration_s is None
    assert final.finished_at is not None


def test_the_total_timeout(records: Records) -> None:
    final = execute(records, Script(hangs=True, output=("busy\n",)), timeout=0.1, idle_timeout=60)
    assert (final.status, final.cause) == (Status.TIMED_OUT, Cause.TIMEOUT_TOTAL)
    assert final.duration_s is not None
    assert 0.05 < final.duration_s < 60
    assert "100 ms" in (final.message or "")


def test_the_idle_timeout(records: Records) -> None:
    final = execute(records, Script(hangs=True), timeout=60, idle_timeout=0.1)
    assert (final.status, final.cause) == (Status.TIMED_OUT, Cause.TIMEOUT_IDLE)


def test_output_puts_the_idle_timeout_off(records: Records, tmp_path: Path) -> None:
    supervisor = Supervisor({"process": ProcessExecutor(tmp_path / "work")}, records, grace_s=0.5)
    line = "for i in 1 2 3 4 5 6; do echo $i; sleep 0.5; done"  # each far less than the limit, all more
    final = supervisor.execute(claimed(command=None, shell=line, idle_timeout=2.5), supervisor.halt())
    supervisor.close()
    assert final.cause is Cause.SUCCESS
    assert records.sink.pieces[-1][1] == b"6\n"


def test_a_halt_after_the_last_command_changes_nothing(records: Records) -> None:
    halt = Halt()

    class Late(ScriptedExecutor):
        def run(self, run: Run, observer: Any, halt: Halt) -> Any:
            outcome = super().run(run, observer, halt)
            halt.request(HaltReason.TIMEOUT_TOTAL)
            return outcome

    supervisor = Supervisor({"scripted": Late(default=Script(exit_code=4))}, records)
    final = supervisor.execute(claimed(), halt)
    assert (final.cause, final.exit_code) == (Cause.COMMAND_FAILED, 4)


# --- trouble with what is written down


def test_a_full_disk_does_not_kill_the_job_and_is_told(records: Records) -> None:
    records.sink.breaks = OSError(28, "No space left on device")
    final = execute(records, Script(output=("x\n", "y\n"), exit_code=0))
    assert (final.status, final.cause, final.exit_code) == (Status.FAILED, Cause.INFRASTRUCTURE, 0)
    assert "No space left on device" in (final.message or "")
    assert "success" in (final.message or "")
    assert records.sink.closed == 1


@pytest.mark.parametrize("where", ["open_log", "close"])
def test_a_log_that_fails_at_either_end_is_told(records: Records, where: str) -> None:
    if where == "close":
        records.sink.breaks_at_close = OSError("broken")
    else:
        records.breaks[where] = unavailable("broken")
    final = execute(records, Script())
    assert final.cause is Cause.INFRASTRUCTURE
    assert "broken" in (final.message or "")


def test_nothing_starts_that_could_not_be_noted(records: Records) -> None:
    records.breaks["running"] = unavailable("the database is locked", hint="Try again.")
    final = execute(records, Script(output=("never",)))
    assert (final.status, final.cause) == (Status.FAILED, Cause.INFRASTRUCTURE)
    assert final.message == "the database is locked. Try again."
    assert records.sink.pieces == []
    assert final.started_at is None


def test_a_record_that_cannot_be_written_is_the_callers_to_know(records: Records) -> None:
    records.breaks["finished"] = conflict("it was cancelled already")
    with pytest.raises(Exception, match="cancelled already"):
        execute(records, Script())
    assert records.sink.closed == 1


# --- records that cannot be run


def test_a_changed_configuration_is_an_honest_failure(records: Records) -> None:
    supervisor = Supervisor({"process": ProcessExecutor()}, records)
    final = supervisor.execute(claimed(image="busybox"), supervisor.halt())
    assert (final.status, final.cause) == (Status.FAILED, Cause.INFRASTRUCTURE)
    assert "no executor 'docker'" in (final.message or "")
    nothing = claimed().changed(requested=None, effective=None)
    assert supervisor.execute(nothing, supervisor.halt()).cause is Cause.INFRASTRUCTURE


def test_the_executor_of_the_record_is_used(records: Records) -> None:
    first, second = ScriptedExecutor(), ScriptedExecutor()
    supervisor = Supervisor({"first": first, "second": second}, records)
    supervisor.execute(claimed(image="x").changed(executor="second"), supervisor.halt())
    assert (len(first.runs), len(second.runs)) == (0, 1)


# --- clocks


class BackwardsClock:
    """A wall clock that is set back an hour after each look."""

    def __init__(self) -> None:
        self._wall = datetime.now(UTC)

    def now(self) -> datetime:
        self._wall -= timedelta(hours=1)
        return self._wall

    def monotonic(self) -> float:
        return time.monotonic()


def test_clocks_that_jump_backwards_give_no_negative_durations(records: Records) -> None:
    clock = BackwardsClock()
    executor = ScriptedExecutor(default=Script(takes_s=0.0), clock=clock.now)
    supervisor = Supervisor({"scripted": executor}, records, clock=clock)
    final = supervisor.execute(claimed(), supervisor.halt())
    assert final.duration_s == 0.0
    assert all(phase.duration_s >= 0 for phase in final.phases.values())
    assert final.phases[PhaseName.QUEUE].duration_s == 0.0


# --- adopting


def test_a_run_that_outlived_its_owner_is_finished(records: Records) -> None:
    executor = ScriptedExecutor(default=Script(exit_code=5, output=("rest\n",)), adopts=True)
    supervisor = Supervisor({"scripted": executor}, records)
    run = claimed().changed(executor="scripted", status=Status.RUNNING, engine_ref="scripted:job-1")
    assert supervisor.can_adopt(run)
    final = supervisor.adopt(run, supervisor.halt(), seen_until=None)
    assert (final.cause, final.exit_code) == (Cause.COMMAND_FAILED, 5)
    assert records.written[-1] == final
    assert [run.engine_ref for run in records.written] == ["scripted:job-1"] * 2, "nothing is placed anew"


@pytest.mark.parametrize("adopts", [True, False])
@pytest.mark.parametrize(
    ("script", "status", "cause"),
    [
        (Script(), Status.SUCCEEDED, Cause.SUCCESS),
        (Script(exit_code=5), Status.FAILED, Cause.COMMAND_FAILED),
        (Script(exit_code=None, signal=9, oom_killed=True), Status.FAILED, Cause.OOM_KILLED),
    ],
)
def test_an_end_that_was_noted_is_the_end_whatever_is_left(
    records: Records, adopts: bool, script: Script, status: Status, cause: Cause
) -> None:
    """As if the owner had been killed while it removed what was left of the run."""
    ended = execute(records, script)
    (noted,) = [run for run in records.written if run.cause is not None and not run.status.final]
    supervisor = Supervisor({"scripted": ScriptedExecutor(adopts=adopts)}, records)
    final = supervisor.adopt(noted, supervisor.halt())
    assert (final.status, final.cause) == (status, cause)
    assert final.changed(phases=ended.phases) == ended
    assert records.written[-1] == final


def test_a_run_of_which_nothing_is_left_is_lost(records: Records) -> None:
    supervisor = Supervisor({"scripted": ScriptedExecutor()}, records)
    run = claimed().changed(executor="scripted", status=Status.RUNNING)
    assert not supervisor.can_adopt(run)
    final = supervisor.adopt(run, supervisor.halt())
    assert (final.status, final.cause) == (Status.LOST, Cause.ENGINE_LOST)
    assert final.duration_s is None


def test_an_executor_that_cannot_adopt_says_so(records: Records) -> None:
    class Plain:
        name = "plain"
        capabilities = ScriptedExecutor().capabilities

        def probe(self) -> Any: ...

        def run(self, run: Run, observer: Any, halt: Halt) -> Any: ...

    supervisor = Supervisor({"plain": Plain()}, records)
    final = supervisor.adopt(claimed(image="x").changed(executor="plain"), supervisor.halt())
    assert (final.status, final.cause) == (Status.LOST, Cause.ENGINE_LOST)
    assert "OrcaOps ended while this job ran" in (final.message or "")


def test_an_adopted_run_keeps_its_timeout(records: Records) -> None:
    long_ago = datetime.now(UTC) - timedelta(hours=2)
    executor = ScriptedExecutor(default=Script(hangs=True), adopts=True, clock=lambda: long_ago)
    supervisor = Supervisor({"scripted": executor}, records)
    since = time.monotonic()
    final = supervisor.adopt(
        claimed(timeout=3600).changed(executor="scripted"), supervisor.halt(), seen_until=long_ago
    )
    supervisor.close()
    assert final.cause is Cause.TIMEOUT_TOTAL
    assert time.monotonic() - since < 60
