"""What only the process executor does; the shared contract is in ``tests/conformance``."""

import statistics
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.quantities import MIB
from orcaops.model.run import Run, Status
from orcaops.running.executor import Failure, Halt, HaltReason, Outcome
from orcaops.running.executors.process import ProcessExecutor
from orcaops.running.processes.limits import ProcessLimits, can_limit, limited_jobs
from orcaops.running.processes.tree import ProcessTree, read_entry
from orcaops.testing.executors import RecordingObserver


@pytest.fixture
def executor(tmp_path: Path) -> ProcessExecutor:
    return ProcessExecutor(tmp_path / "work", installation=str(tmp_path))


@pytest.fixture
def observer(tmp_path: Path) -> RecordingObserver:
    return RecordingObserver(tmp_path)


def job(line: str | None = None, job_id: str = "job-1", **fields: Any) -> Run:
    spec = JobSpec(**({"shell": line} if line is not None else {}), **fields)
    return Run(job_id=job_id, key="k", status=Status.QUEUED, submitted_at=datetime.now(UTC), effective=spec)


def run(executor: ProcessExecutor, observer: RecordingObserver, line: str, **fields: Any) -> Outcome:
    return executor.run(job(line, **fields), observer, Halt())


def test_a_signal_is_told_from_the_exit_code_that_looks_like_it(
    executor: ProcessExecutor, observer: RecordingObserver
) -> None:
    killed = run(executor, observer, "kill -9 $$")
    assert (killed.exit_code, killed.signal) == (None, 9)
    returned = run(executor, observer, "exit 137")
    assert (returned.exit_code, returned.signal) == (137, None)


def test_the_environment_is_small(
    executor: ProcessExecutor, observer: RecordingObserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_OF_THE_SHELL", "x")
    monkeypatch.setenv("LANG", "C.UTF-8")
    run(executor, observer, "env", env={"MINE": "1", "LANG": "C", "ORCAOPS_JOB_ID": "forged"})
    lines = observer.text().decode().splitlines()
    names = {line.partition("=")[0] for line in lines} - {"PWD", "OLDPWD", "SHLVL", "_"}
    assert {"PATH", "HOME", "LANG", "MINE"} <= names
    assert "SECRET_OF_THE_SHELL" not in names
    assert "LANG=C" in lines
    assert "ORCAOPS_JOB_ID=job-1" in lines, "the mark is not the job's to choose"


def test_without_a_path_there_is_still_one(
    executor: ProcessExecutor, observer: RecordingObserver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PATH")
    assert run(executor, observer, "cat /dev/null").exit_code == 0


def test_the_reason_of_126_and_127_is_said(
    executor: ProcessExecutor, observer: RecordingObserver, tmp_path: Path
) -> None:
    for command, code, reason in (
        ("no-such-program", 127, b"orcaops: no-such-program: not found\n"),
        ("/no/such/program", 127, b"orcaops: /no/such/program: not found\n"),
        ("/etc", 126, b"orcaops: /etc: Permission denied\n"),
    ):
        observer.events.clear()
        outcome = executor.run(job(command=(command,)), observer, Halt())
        assert outcome.exit_code == code
        assert observer.text(Stream.STDERR) == reason
        assert outcome.steps[0].exit_code == code


def test_an_absolute_folder_is_used_and_kept(
    executor: ProcessExecutor, observer: RecordingObserver, tmp_path: Path
) -> None:
    mine = tmp_path / "mine"
    mine.mkdir()
    outcome = run(executor, observer, "echo x > made", cwd=str(mine), artifacts=("made",))
    assert (mine / "made").read_text() == "x\n"
    assert [artifact.path for artifact in outcome.artifacts] == ["made"]


def test_a_relative_folder_is_made_inside_the_fresh_one(
    executor: ProcessExecutor, observer: RecordingObserver, tmp_path: Path
) -> None:
    run(executor, observer, "pwd", cwd="a/b")
    assert observer.text().decode().strip() == str(tmp_path / "work" / "job-1" / "a" / "b")
    assert not (tmp_path / "work" / "job-1").exists()


@pytest.mark.parametrize("cwd", ["/no/such/folder", "../up", "/etc/hosts"])
def test_a_folder_that_cannot_be_used_is_an_honest_failure(
    executor: ProcessExecutor, observer: RecordingObserver, cwd: str, tmp_path: Path
) -> None:
    outcome = run(executor, observer, "true", cwd=cwd)
    assert outcome.failure is Failure.INFRASTRUCTURE
    assert cwd in (outcome.message or "")
    assert not (tmp_path / "work" / "job-1").exists()


def test_a_disk_that_takes_no_folder_is_an_honest_failure(
    observer: RecordingObserver, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("in the way")
    outcome = run(ProcessExecutor(tmp_path / "file"), observer, "true")
    assert outcome.failure is Failure.INFRASTRUCTURE


def test_artifacts_that_cannot_be_written_keep_the_result(
    executor: ProcessExecutor, observer: RecordingObserver, tmp_path: Path
) -> None:
    observer.artifact_dir = tmp_path / "file"
    observer.artifact_dir.write_text("in the way")
    outcome = run(executor, observer, "echo x > a; exit 3", artifacts=("a",))
    assert (outcome.exit_code, outcome.failure) == (3, Failure.INFRASTRUCTURE)
    assert "artifacts" in (outcome.message or "")


def test_a_folder_that_resists_is_removed_all_the_same(
    executor: ProcessExecutor, observer: RecordingObserver, tmp_path: Path
) -> None:
    run(executor, observer, "mkdir -p a/b; echo x > a/b/c; chmod 500 a/b; chmod 0 a")
    assert not (tmp_path / "work" / "job-1").exists()


def test_memory_and_cpu_of_a_large_program_are_exact(
    executor: ProcessExecutor, observer: RecordingObserver
) -> None:
    program = textwrap.dedent("""
        import time
        held = bytearray(200 << 20)
        while time.process_time() < 1.0: pass
    """)
    told = []  # of several: on a busy machine it may take its time to give 200 MB back
    while len(told) < 3:
        usage = executor.run(job(command=(sys.executable, "-IS", "-c", program)), observer, Halt()).usage
        assert usage.cpu_seconds is not None
        told.append(usage.cpu_seconds)
    assert statistics.median(told) == pytest.approx(1.0, rel=0.05)
    # The interpreter itself holds some 8 MiB.
    assert usage.memory_resident_bytes == pytest.approx(208 * MIB, rel=0.05)
    assert usage.basis == "rusage"
    assert usage.exact


def test_a_small_program_is_not_taken_for_as_large_as_orcaops(
    executor: ProcessExecutor, observer: RecordingObserver
) -> None:
    ballast = bytearray(64 * MIB)
    usage = run(executor, observer, "sleep 1").usage  # looked at while it goes on, on a busy machine too
    assert len(ballast) == 64 * MIB
    assert usage.memory_resident_bytes is not None
    assert usage.memory_resident_bytes < 8 * MIB
    assert usage.memory_resident_basis == "sampled"


def test_what_was_never_run_used_nothing_known(
    executor: ProcessExecutor, observer: RecordingObserver
) -> None:
    usage = executor.run(job(command=("no-such-program",)), observer, Halt()).usage
    assert usage.cpu_seconds is None
    assert not usage.exact


def test_usage_is_not_called_exact_if_something_was_killed(
    executor: ProcessExecutor, observer: RecordingObserver
) -> None:
    assert not run(executor, observer, "sleep 600 & true").usage.exact


def test_who_is_just_being_started_is_not_overlooked(
    executor: ProcessExecutor, observer: RecordingObserver, tmp_path: Path
) -> None:
    for _ in range(20):
        run(executor, observer, "setsid sleep 600 & (sleep 600 &) ; true")
        assert ProcessTree(str(tmp_path), "job-1").members() == []


def test_a_stopped_job_can_be_cancelled(executor: ProcessExecutor, observer: RecordingObserver) -> None:
    halt = Halt(60.0)
    observer.on_output(lambda _: threading.Timer(0.1, halt.request, [HaltReason.CANCELLED]).start())
    since = time.monotonic()
    outcome = executor.run(job("echo x; kill -STOP $$; sleep 600"), observer, halt)
    assert outcome.signal == 15
    assert time.monotonic() - since < 60, "it waited for the whole grace"


def test_a_background_process_lives_until_the_last_command(
    executor: ProcessExecutor, observer: RecordingObserver
) -> None:
    commands = (
        ("sh", "-c", "(sleep 0.1; echo late; touch said; sleep 600) &"),
        ("sh", "-c", "while [ ! -e said ]; do sleep 0.05; done; echo done"),
    )
    outcome = executor.run(job(commands=commands), observer, Halt())
    assert outcome.exit_code == 0
    assert observer.text() == b"late\ndone\n"


def test_an_observer_that_raises_leaves_no_process(executor: ProcessExecutor, tmp_path: Path) -> None:
    class Broken(RecordingObserver):
        def output(self, stream: Stream, data: bytes, at: datetime) -> None:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        executor.run(job("echo x; sleep 600"), Broken(tmp_path), Halt())
    assert ProcessTree(str(tmp_path), "job-1").members() == []
    assert not (tmp_path / "work" / "job-1").exists()


def test_descriptors_are_given_back(executor: ProcessExecutor, observer: RecordingObserver) -> None:
    run(executor, observer, "true")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        run(executor, observer, "echo x; sleep 600 &")
        executor.run(job(command=("no-such-program",)), observer, Halt())
    assert len(list(Path("/proc/self/fd").iterdir())) == before


# --- limits


needs_limits = pytest.mark.skipif(not can_limit(), reason="no control group can be made here")


def test_without_control_groups_limits_are_not_offered() -> None:
    can = ProcessExecutor(limits=False).capabilities
    assert (can.memory, can.cpus, can.pids) == (False, False, False)
    assert "refused" in ProcessExecutor(limits=False).probe().sentence


@needs_limits
def test_too_much_memory_is_told_by_the_kernels_own_count(
    executor: ProcessExecutor, observer: RecordingObserver
) -> None:
    program = (sys.executable, "-ISc", "held = bytearray(200 << 20)")
    outcome = executor.run(job(command=program, memory="64m"), observer, Halt())
    assert outcome.oom_killed
    assert outcome.signal == 9
    assert outcome.usage.memory_peak_bytes is not None
    assert 60 * MIB < outcome.usage.memory_peak_bytes <= 64 * MIB
    assert outcome.usage.oom_kills == 1
    other = executor.run(job("kill -9 $$", memory="64m"), observer, Halt())
    assert (other.signal, other.oom_killed) == (9, False)


@needs_limits
def test_cpus_are_limited(executor: ProcessExecutor, observer: RecordingObserver) -> None:
    burn = "import time\nwhile time.process_time() < 0.4: pass"
    outcome = executor.run(job(command=(sys.executable, "-ISc", burn), cpus=0.5), observer, Halt())
    assert outcome.steps[0].duration_s > 0.6
    assert outcome.usage.cpu_seconds == pytest.approx(0.4, rel=0.15)
    assert outcome.usage.throttled_seconds is not None  # zero where others leave it no more than its share


@needs_limits
def test_processes_are_limited(executor: ProcessExecutor, observer: RecordingObserver) -> None:
    line = "for i in 1 2 3 4 5 6; do sleep 600 & done; echo all"
    outcome = executor.run(job(line, pids=4), observer, Halt())
    assert outcome.exit_code != 0
    assert b"all" not in observer.text(Stream.STDOUT)


@needs_limits
@pytest.mark.parametrize(("command", "code"), [("no-such-program", 127), ("/etc", 126)])
def test_limits_do_not_change_what_a_shell_would_say(
    executor: ProcessExecutor, observer: RecordingObserver, command: str, code: int
) -> None:
    assert executor.run(job(command=(command,), pids=50), observer, Halt()).exit_code == code
    assert observer.text(Stream.STDERR).startswith(f"orcaops: {command}: ".encode())


@needs_limits
def test_in_a_control_group_nobody_escapes(
    executor: ProcessExecutor, observer: RecordingObserver, tmp_path: Path
) -> None:
    outcome = run(executor, observer, "env -i setsid sleep 600 & sleep 0.2; echo $!", pids=50)
    assert outcome.exit_code == 0
    survivor = read_entry(int(observer.text()))
    assert survivor is None or survivor.zombie
    assert limited_jobs(str(tmp_path)) == []
    assert outcome.usage.exact, "also what was killed has been counted"


# --- after OrcaOps was killed

OWNER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from orcaops.model.job import JobSpec
from orcaops.model.run import Run, Status
from orcaops.running.executor import Halt
from orcaops.running.executors.process import ProcessExecutor
from orcaops.testing.executors import RecordingObserver

class Loud(RecordingObserver):
    def output(self, stream, data, at):
        print("ready", flush=True)

folder, installation = Path(sys.argv[1]), sys.argv[2]
line = "trap '' TERM; setsid sleep 600 & echo ready; while :; do sleep 0.05; done"
run = Run(job_id="job-1", key="k", status=Status.QUEUED, submitted_at=datetime.now(UTC),
          effective=JobSpec(shell=line))
ProcessExecutor(folder, installation=installation).run(run, Loud(folder), Halt())
"""


@pytest.fixture
def orphaned(tmp_path: Path) -> Path:
    """A job that goes on though the OrcaOps that started it was killed; its work folder."""
    owner = subprocess.Popen(
        [sys.executable, "-c", OWNER, str(tmp_path / "work"), str(tmp_path)], stdout=subprocess.PIPE
    )
    with owner:
        assert owner.stdout is not None
        assert owner.stdout.readline() == b"ready\n"
        owner.kill()
    assert len(ProcessTree(str(tmp_path), "job-1").members()) >= 2
    return tmp_path / "work" / "job-1"


def test_an_orphan_is_adopted_ended_and_told_as_lost(
    orphaned: Path, executor: ProcessExecutor, observer: RecordingObserver, tmp_path: Path
) -> None:
    since = time.monotonic()
    outcome = executor.adopt(job("true"), observer, Halt(0.3), seen_until=None)
    assert 0.2 < time.monotonic() - since < 60
    assert outcome.failure is Failure.ENGINE_LOST
    assert "were stopped" in (outcome.message or "")
    assert ProcessTree(str(tmp_path), "job-1").members() == []
    assert not orphaned.exists()
    again = executor.adopt(job("true"), observer, Halt(0.3), seen_until=None)
    assert again.failure is Failure.ENGINE_LOST
    assert "nothing of it was running any more" in (again.message or "")


def test_an_orphan_is_reaped_unless_it_is_living_or_anothers(
    orphaned: Path, executor: ProcessExecutor, tmp_path: Path
) -> None:
    tree = ProcessTree(str(tmp_path), "job-1")
    assert executor.reap(["job-1"]) == []
    assert ProcessExecutor(tmp_path / "elsewhere", installation="another").reap([]) == []
    assert tree.members()
    would = executor.reap([], dry_run=True)
    assert f"folder {orphaned}" in would
    assert tree.members()
    assert len(executor.reap([])) >= len(would) - 1
    assert tree.members() == []
    assert executor.reap([]) == []


def test_what_begins_while_it_is_reaped_is_left_alone(executor: ProcessExecutor, tmp_path: Path) -> None:
    """A server reaps while it runs jobs: who lives is asked after looking at what is there."""
    folder = tmp_path / "work" / "job-2"

    def living() -> Iterator[str]:
        folder.mkdir(parents=True)
        yield "job-1"

    assert executor.reap(living()) == []
    assert folder.is_dir()
    assert executor.reap([]) == [f"folder {folder}"]


def test_what_an_attempt_left_that_was_killed_at_once_is_in_nobodys_way(
    executor: ProcessExecutor, observer: RecordingObserver, tmp_path: Path
) -> None:
    folder = tmp_path / "work" / "job-1"
    folder.mkdir(parents=True)
    (folder / "old").touch()
    assert run(executor, observer, "ls -A").exit_code == 0
    assert observer.text() == b""


@needs_limits
def test_a_control_group_that_was_left_is_reaped(executor: ProcessExecutor, tmp_path: Path) -> None:
    limits = ProcessLimits(str(tmp_path), "job-2")
    limits.create(JobSpec(command=("true",), pids=10))
    with subprocess.Popen(limits.entering(("sleep", "600")), start_new_session=True) as left:
        while not limits.processes():
            time.sleep(0.01)
        assert executor.reap(["job-2"]) == []
        assert executor.reap([]) == ["control group of job job-2"]
        assert left.wait(60) == -9
    assert limited_jobs(str(tmp_path)) == []
