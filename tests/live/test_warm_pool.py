"""Containers that stand ready, on a real engine: claims, misses, and what the dead leave."""

import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.quantities import MIB
from orcaops.model.run import PhaseName, Run, Status
from orcaops.running.executor import CannotStandReady, Halt, HaltReason
from orcaops.running.executors.docker import DockerExecutor
from orcaops.running.ownership import Ownership
from orcaops.testing.executors import RecordingObserver
from tests.live.conftest import SMALL_IMAGE, WORK_IMAGE

pytestmark = pytest.mark.live


def spec(line: str = "true", **fields: Any) -> JobSpec:
    """A job of a shell line."""
    return JobSpec(**{"image": SMALL_IMAGE, "shell": line, **fields})


def job(of: JobSpec, **changes: Any) -> Run:
    """A run of it."""
    made = Run(
        job_id=f"warm-{secrets.token_hex(6)}",
        key="name:warm",
        status=Status.QUEUED,
        submitted_at=datetime.now(UTC),
        requested=of,
        effective=of,
        workspace=of.workspace,
    )
    return made.changed(**changes)


def docker(*arguments: str) -> str:
    """What the command line of the engine itself says."""
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def becomes(look: Callable[[], bool], within_s: float = 60.0) -> bool:
    """Whether it is so within that time."""
    deadline = time.monotonic() + within_s
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.02)
    return found


@pytest.fixture
def executor(installation: str) -> Iterator[DockerExecutor]:
    """An executor whose pool is closed at the end."""
    with contextlib.closing(DockerExecutor(installation=installation)) as made:
        yield made


NO_NETWORK = (
    "readlink /proc/self/ns/net; ls /sys/class/net; grep -c localhost /etc/hosts; "
    "echo 127.0.0.1 db >> /etc/hosts && grep -c db /etc/hosts"
)


def test_without_a_network_it_has_a_namespace_and_a_localhost_of_its_own(
    installation: str, observer: RecordingObserver, tmp_path: Path
) -> None:
    hosts = tmp_path / "hosts"
    with contextlib.closing(DockerExecutor(installation=installation, hosts=hosts)) as executor:
        wanted = spec(NO_NETWORK)
        made = executor.prepare(wanted)
        assert list(hosts.iterdir()) == [], "it is mounted, and nobody else needs it"
        config = docker("inspect", "-f", "{{.Config.NetworkDisabled}}", f"orcaops-{made.warm_id}")
        assert config == "true"
        outcome = executor.run(job(wanted), observer, Halt())
    namespace, *rest = observer.text(Stream.STDOUT).decode().split()
    assert (outcome.exit_code, outcome.warm) == (0, True)
    assert namespace != Path("/proc/self/ns/net").readlink().name
    assert rest == ["lo", "2", "1"]


class TestClaims:
    def test_one_container_is_one_job(self, executor: DockerExecutor, observer: RecordingObserver) -> None:
        executor.prepare(spec())
        first = executor.run(job(spec("touch /mark")), observer, Halt())
        second = executor.run(job(spec("test ! -e /mark")), observer, Halt())
        assert (first.warm, first.exit_code) == (True, 0)
        assert (second.warm, second.exit_code) == (False, 0)
        assert [ending for _, ending in executor.stood()] == ["claimed"]

    def test_eight_at_once_get_eight_different_ones(self, executor: DockerExecutor, tmp_path: Path) -> None:
        for _ in range(4):
            executor.prepare(spec())

        def one(_: int) -> tuple[bool | None, bytes]:
            observer = RecordingObserver(tmp_path)
            outcome = executor.run(job(spec("hostname; sleep 0.2")), observer, Halt())
            assert outcome.exit_code == 0
            return outcome.warm, observer.text()

        with ThreadPoolExecutor(8) as threads:
            results = list(threads.map(one, range(8)))
        assert sum(bool(warm) for warm, _ in results) == 4
        assert len({host for _, host in results}) == 8, "two jobs ran in one container"

    @pytest.mark.parametrize(
        "other",
        [
            {"workspace": "another"},
            {"memory": 64 * MIB},
            {"cpus": 0.5},
            {"pids": 100},
            {"network": "bridge"},
            {"cwd": "/tmp"},
            {"env": {"PWD": "/x"}},
            {"pull_policy": "always"},
        ],
        ids=lambda other: next(iter(other)),
    )
    def test_what_differs_starts_cold(
        self, executor: DockerExecutor, observer: RecordingObserver, other: dict[str, Any]
    ) -> None:
        executor.prepare(spec())
        with contextlib.suppress(OSError):
            outcome = executor.run(job(spec(**other)), observer, Halt())
            assert not outcome.warm
        assert len(executor.prepared()) == 1

    def test_secrets_and_mounts_start_cold(
        self, executor: DockerExecutor, observer: RecordingObserver, tmp_path: Path
    ) -> None:
        executor.prepare(spec())
        mounted = spec(mounts=(f"{tmp_path}:/mnt:ro",))
        assert executor.run(job(spec(), masked=True), observer, Halt()).warm is None
        assert executor.run(job(mounted), observer, Halt()).warm is None
        with pytest.raises(CannotStandReady):
            executor.prepare(mounted)

    def test_the_limits_are_those_of_the_job(
        self, executor: DockerExecutor, observer: RecordingObserver
    ) -> None:
        limited = spec("sleep 0.3", memory=64 * MIB, cpus=0.5, pids=50, env={"A": "b"})
        executor.prepare(limited)
        facts: list[str] = []
        ready = executor.prepared()[0].warm_id
        shown = "{{.HostConfig.Memory}} {{.HostConfig.NanoCpus}} {{.HostConfig.PidsLimit}} {{.Config.Env}}"
        facts.append(docker("inspect", "--format", shown, f"orcaops-{ready}"))
        assert executor.run(job(limited), observer, Halt()).warm
        assert facts[0].startswith(f"{64 * MIB} 500000000 50")
        assert "A=b" not in facts[0], "nothing of a job is in it before"

    def test_out_of_memory_is_told(self, executor: DockerExecutor, observer: RecordingObserver) -> None:
        line = "import sys; held = bytearray(256 << 20); held[::4096] = b'x' * len(held[::4096])"
        greedy = JobSpec(image=WORK_IMAGE, command=("python3", "-S", "-c", line), memory=64 * MIB)
        executor.prepare(greedy)
        outcome = executor.run(job(greedy), observer, Halt())
        assert outcome.warm
        assert outcome.oom_killed

    def test_usage_is_that_of_the_run_alone(
        self, executor: DockerExecutor, observer: RecordingObserver
    ) -> None:
        burn = "import time\nwhile time.process_time() < 0.5: pass"
        work = JobSpec(image=WORK_IMAGE, command=("python3", "-S", "-c", burn))
        executor.prepare(work)
        time.sleep(0.3)
        outcome = executor.run(job(work), observer, Halt())
        assert outcome.warm
        assert outcome.usage.exact
        assert outcome.usage.cpu_seconds is not None
        assert 0.49 <= outcome.usage.cpu_seconds < 0.7
        assert PhaseName.CREATE not in observer.all("phase")

    def test_a_container_that_became_a_job_has_its_name(
        self, executor: DockerExecutor, observer: RecordingObserver
    ) -> None:
        executor.prepare(spec())
        run, halt = job(spec("echo here; sleep 600")), Halt(0.1)
        found: list[bool] = []

        def look(_: bytes) -> None:
            wanted = f"orcaops-{run.job_id}"
            found.append(becomes(lambda: wanted in docker("ps", "--format", "{{.Names}}").split()))
            halt.request(HaltReason.CANCELLED)

        observer.on_output(look)
        executor.run(run, observer, halt)
        assert found == [True]


class TestMisses:
    def test_one_that_was_removed_is_no_failure(
        self, executor: DockerExecutor, observer: RecordingObserver
    ) -> None:
        ready = executor.prepare(spec()).warm_id
        assert executor._pool is not None
        (connection,) = [held.connection for held in executor._pool._held]
        assert connection is not None
        docker("rm", "-f", f"orcaops-{ready}")
        assert becomes(lambda: not connection.is_open())
        outcome = executor.run(job(spec("echo fine")), observer, Halt())
        assert (outcome.warm, outcome.exit_code, observer.text()) == (False, 0, b"fine\n")
        assert [ending for _, ending in executor.stood()] == ["died"]

    def test_one_that_does_not_answer_is_left_and_the_job_runs_once(
        self, executor: DockerExecutor, observer: RecordingObserver
    ) -> None:
        ready = executor.prepare(spec()).warm_id
        docker("pause", f"orcaops-{ready}")
        outcome = executor.run(job(spec("echo once")), observer, Halt())
        assert (outcome.warm, outcome.exit_code, observer.text()) == (False, 0, b"once\n")

    def test_an_image_that_was_replaced_is_not_used(
        self, executor: DockerExecutor, observer: RecordingObserver
    ) -> None:
        tag = f"orcaops-test/moving:{secrets.token_hex(4)}"
        docker("tag", SMALL_IMAGE, tag)
        try:
            executor.prepare(spec(image=tag))
            docker("tag", WORK_IMAGE, tag)
            outcome = executor.run(job(spec("command -v python3", image=tag)), observer, Halt())
        finally:
            docker("rmi", tag)
        assert (outcome.warm, outcome.exit_code) == (False, 0), "it ran in the old image"
        assert [ending for _, ending in executor.stood()] == ["replaced"]

    def test_an_image_that_is_not_here_is_not_fetched_for_that(self, executor: DockerExecutor) -> None:
        assert executor.held_image("orcaops-test/no-such:1") is None
        with pytest.raises(Exception, match="no-such"):
            executor.prepare(spec(image="orcaops-test/no-such:1"))

    def test_an_image_is_dropped_only_if_no_container_uses_it(self, executor: DockerExecutor) -> None:
        tag = f"orcaops-test/going:{secrets.token_hex(4)}"
        holder = docker("create", SMALL_IMAGE, "true").strip()
        built = docker("commit", holder, tag)
        docker("rm", holder)
        assert built
        user = docker("create", tag, "true").strip()
        try:
            assert not executor.drop_image(tag)
            docker("rm", user)
            assert executor.drop_image(tag)
            assert executor.held_image(tag) is None
            assert not executor.drop_image(tag)
        finally:
            with contextlib.suppress(Exception):
                docker("rmi", "-f", tag)


_HOLD = """
import sys, time
from pathlib import Path
from orcaops.model.job import JobSpec
from orcaops.running.executors.docker import DockerExecutor
from orcaops.running.ownership import Ownership
ownership = Ownership(Path(sys.argv[2]), "dead")
executor = DockerExecutor(installation=sys.argv[1], ownership=ownership)
print(executor.prepare(JobSpec(image=sys.argv[3], command=("true",))).warm_id, flush=True)
time.sleep(600)
"""


def test_what_a_killed_process_held_is_removed_and_nobody_elses(installation: str, tmp_path: Path) -> None:
    holding = subprocess.Popen(
        [sys.executable, "-c", _HOLD, installation, str(tmp_path), SMALL_IMAGE],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert holding.stdout is not None
    with (
        holding,
        contextlib.closing(
            DockerExecutor(installation=installation, ownership=Ownership(tmp_path, "living"))
        ) as mine,
    ):
        left = holding.stdout.readline().strip()
        own = mine.prepare(spec()).warm_id
        assert mine.reap([], dry_run=True) == [], "both owners live"
        assert {each.warm_id for each in mine.standing()} == {left, own}
        os.kill(holding.pid, signal.SIGKILL)
        holding.wait()
        removed = mine.reap([])
        assert any(left in sentence for sentence in removed)
        assert not any(own in sentence for sentence in removed)
        assert [each.warm_id for each in mine.prepared()] == [own]


def test_a_job_whose_owner_is_killed_is_adopted(installation: str, tmp_path: Path) -> None:
    script = _HOLD.replace("time.sleep(600)", _RUN_IN_IT)
    running = subprocess.Popen(
        [sys.executable, "-c", script, installation, str(tmp_path), SMALL_IMAGE],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert running.stdout is not None
    with running:
        running.stdout.readline()
        ref = running.stdout.readline().strip()
        assert running.stdout.readline().strip() == "begun"
        os.kill(running.pid, signal.SIGKILL)
        running.wait()
    mine = DockerExecutor(installation=installation, ownership=Ownership(tmp_path, "living"))
    assert mine.reap(["adopted", ref], dry_run=True) == []
    observer = RecordingObserver(tmp_path)
    run = job(spec("echo begun; sleep 2; echo end; exit 5")).changed(job_id="adopted", engine_ref=ref)
    outcome = mine.adopt(run, observer, Halt(), seen_until=None)
    assert (outcome.exit_code, outcome.warm) == (5, True)
    assert observer.text() == b"begun\nend\n"
    assert outcome.started_at is not None
    assert outcome.finished_at is not None
    assert 1.5 < (outcome.finished_at - outcome.started_at).total_seconds() < 60


class TestJobsThatNeverBegan:
    def test_one_that_was_not_handed_over_can_begin_after_all(self, executor: DockerExecutor) -> None:
        ready = executor.prepare(spec()).warm_id
        ref = docker("inspect", "--format", "{{.Id}}", f"orcaops-{ready}")
        assert executor.never_began(job(spec("echo once")).changed(engine_ref=ref))
        assert docker("inspect", "--format", "{{.State.Running}}", ref) == "false", "it might begin later"

    def test_one_that_runs_is_left_alone(self, executor: DockerExecutor, observer: RecordingObserver) -> None:
        executor.prepare(spec())
        run = job(spec("echo here; sleep 1; exit 4"))
        seen: list[bool] = []

        def look(_: bytes) -> None:
            seen.append(executor.never_began(run.changed(engine_ref=observer.all("placed")[0])))

        observer.on_output(look)
        outcome = executor.run(run, observer, Halt())
        assert (outcome.warm, outcome.exit_code, seen) == (True, 4, [False])


_RUN_IN_IT = """
from datetime import datetime, timezone
from orcaops.model.run import Run, Status
from orcaops.running.executor import Halt
from orcaops.testing.executors import RecordingObserver

class Telling(RecordingObserver):
    def placed(self, engine_ref):
        print(engine_ref, flush=True)

time.sleep(1.0)
observer = Telling(Path(sys.argv[2]))
observer.on_output(lambda data: print("begun", flush=True))
spec = JobSpec(image=sys.argv[3], shell="echo begun; sleep 2; echo end; exit 5")
executor.run(
    Run(job_id="adopted", key="k", status=Status.QUEUED, submitted_at=datetime.now(timezone.utc),
        requested=spec, effective=spec),
    observer, Halt())
"""
