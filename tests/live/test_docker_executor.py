"""What only containers can do, on a real engine."""

import itertools
import secrets
import statistics
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.quantities import MIB
from orcaops.model.run import PhaseName, Run, Status
from orcaops.running.cgroup import group_names
from orcaops.running.containers.groups import cgroup_prefix
from orcaops.running.containers.hosts import ContainerHosts
from orcaops.running.executor import Failure, Halt, HaltReason, Outcome
from orcaops.running.executors.docker import DockerExecutor
from orcaops.testing.executors import RecordingObserver
from tests.live.conftest import SMALL_IMAGE, WORK_IMAGE

pytestmark = pytest.mark.live

_numbers = itertools.count()
_BURN = (
    "import time\n"
    "held = bytearray(200 << 20)\n"
    "held[::4096] = b'x' * len(held[::4096])\n"
    "while time.process_time() < 1.0: pass\n"
)


def job(line: str | None = None, **fields: Any) -> Run:
    """A run of a shell line, or of what the fields say."""
    if line is not None:
        fields["shell"] = line
    spec = JobSpec(**{"image": SMALL_IMAGE, **fields})
    return Run(
        job_id=f"live-{secrets.token_hex(4)}-{next(_numbers)}",
        key="name:live",
        status=Status.QUEUED,
        submitted_at=datetime.now(UTC),
        requested=spec,
        effective=spec,
    )


def docker(*arguments: str) -> str:
    """What the command line of the engine itself says."""
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


def test_an_image_that_was_built_here_and_never_pushed_is_told_by_its_id(
    executor: DockerExecutor, observer: RecordingObserver
) -> None:
    tag = f"orcaops-test/built-{secrets.token_hex(4)}"
    holder = docker("create", SMALL_IMAGE, "true")
    try:
        built = docker("commit", holder, tag)
        outcome = executor.run(job("true", image=tag), observer, Halt())
        assert (outcome.image_id, outcome.image_digest, outcome.image_pinned) == (built, built, None)
    finally:
        docker("rm", holder)
        docker("rmi", tag)


class TestUsage:
    def test_memory_and_cpu_are_within_five_percent(
        self, executor: DockerExecutor, observer: RecordingObserver
    ) -> None:
        run = job(image=WORK_IMAGE, command=("python3", "-S", "-c", _BURN), memory="512m")
        told: list[float] = []  # of several: on a busy machine the moment of the program's start is missed
        while len(told) < 3:
            outcome = executor.run(run, observer, Halt())
            assert outcome.exit_code == 0, observer.text()
            usage = outcome.usage
            assert usage.exact
            assert usage.cpu_seconds is not None
            told.append(usage.cpu_seconds)
        assert statistics.median(told) == pytest.approx(1.0, rel=0.05)
        assert usage.memory_resident_bytes == pytest.approx(200 * MIB, rel=0.05)
        assert usage.memory_peak_bytes == pytest.approx(200 * MIB, rel=0.08)  # the mark has page cache in it
        assert usage.memory_resident_basis == "sampled"
        assert usage.memory_samples is not None
        assert usage.memory_samples > 5

    def test_who_writes_a_large_file_is_not_large(
        self, executor: DockerExecutor, observer: RecordingObserver
    ) -> None:
        run = job("dd if=/dev/zero of=/big bs=1M count=300 2>/dev/null", memory="64m")
        outcome = executor.run(run, observer, Halt())
        assert outcome.exit_code == 0
        assert not outcome.oom_killed
        assert outcome.usage.memory_peak_bytes == pytest.approx(64 * MIB, rel=0.05)
        assert outcome.usage.memory_resident_bytes is not None
        assert outcome.usage.memory_resident_bytes < 5 * MIB

    def test_the_runtime_is_not_the_job(self, executor: DockerExecutor, observer: RecordingObserver) -> None:
        shares: list[float] = []  # of several: whoever looks on a busy machine misses the moment now and then
        while len(shares) < 5:
            usage = executor.run(job(command=("true",)), observer, Halt()).usage
            assert usage.exact
            assert usage.cpu_seconds is not None
            assert (usage.network_received_bytes, usage.network_sent_bytes) == (0, 0)
            shares.append(usage.cpu_seconds)
        assert 0 <= min(shares) < 0.015  # the runtime's own share is about 20 ms


class TestOutOfMemory:
    def test_it_is_what_the_engine_says(self, executor: DockerExecutor, observer: RecordingObserver) -> None:
        outcome = executor.run(job("exec tail /dev/zero", memory="16m"), observer, Halt())
        assert outcome.oom_killed
        assert (outcome.exit_code, outcome.signal) == (None, 9)

    def test_also_when_a_child_was_killed(
        self, executor: DockerExecutor, observer: RecordingObserver
    ) -> None:
        outcome = executor.run(job("tail /dev/zero; sleep 0.2; exit 3", memory="16m"), observer, Halt())
        assert outcome.oom_killed
        assert outcome.exit_code == 3

    @pytest.mark.parametrize("line", ["exit 137", "kill -9 $$"])
    def test_it_is_not_guessed_from_137(
        self, executor: DockerExecutor, observer: RecordingObserver, line: str
    ) -> None:
        outcome = executor.run(job(line, memory="64m"), observer, Halt())
        assert not outcome.oom_killed
        assert outcome.exit_code == 137


class TestHardening:
    def test_defaults(self, executor: DockerExecutor, observer: RecordingObserver) -> None:
        line = "grep -E '^(CapEff|NoNewPrivs)' /proc/self/status; ls /sys/class/net; cat /proc/1/comm"
        executor.run(job(line), observer, Halt())
        assert observer.text().split() == [b"CapEff:", b"0" * 16, b"NoNewPrivs:", b"1", b"lo", b"docker-init"]

    def test_limits_reach_the_engine(self, executor: DockerExecutor, observer: RecordingObserver) -> None:
        halt = Halt(0.1)
        run = job("echo up; sleep 60", memory="64m", cpus=0.5, pids=20, labels={"team": "a"})
        seen: list[str] = []

        def look(_: bytes) -> None:
            form = (
                "{{.HostConfig.Memory}} {{.HostConfig.MemorySwap}} {{.HostConfig.NanoCpus}} "
                "{{.HostConfig.PidsLimit}} "
                '{{index .Config.Labels "orcaops"}} {{index .Config.Labels "orcaops.job_id"}}'
            )
            seen.append(docker("inspect", "-f", form, f"orcaops-{run.job_id}"))
            halt.request(HaltReason.CANCELLED)

        observer.on_output(look)
        executor.run(run, observer, halt)
        assert seen == [f"{64 * MIB} {64 * MIB} 500000000 20 1 {run.job_id}"]

    def test_a_fork_bomb_meets_its_limit(self, executor: DockerExecutor, observer: RecordingObserver) -> None:
        outcome = executor.run(job("for i in $(seq 40); do sleep 5 & done", pids=16), observer, Halt())
        assert outcome.exit_code != 0
        assert b"fork" in observer.text(Stream.STDERR)

    @pytest.mark.parametrize("network", ["host", "container:x", "no-such-network"])
    def test_networks_that_are_refused(
        self, executor: DockerExecutor, observer: RecordingObserver, network: str
    ) -> None:
        outcome = executor.run(job("echo no", network=network), observer, Halt())
        assert outcome.failure is Failure.INFRASTRUCTURE
        assert network.partition(":")[0] in (outcome.message or "")
        assert observer.text() == b""

    def test_a_missing_mount_source_is_refused_and_not_made(
        self, executor: DockerExecutor, observer: RecordingObserver, tmp_path: Path
    ) -> None:
        missing = tmp_path / "missing"
        outcome = executor.run(job("true", mounts=(f"{missing}:/in",)), observer, Halt())
        assert outcome.failure is Failure.INFRASTRUCTURE
        assert str(missing) in (outcome.message or "")
        assert not missing.exists()

    def test_mounts(self, executor: DockerExecutor, observer: RecordingObserver, tmp_path: Path) -> None:
        (tmp_path / "in").mkdir()
        (tmp_path / "in" / "file").write_text("given\n")
        mounts = (f"{tmp_path / 'in'}:/in:ro",)
        outcome = executor.run(
            job("cat /in/file; touch /in/x || exit 9", mounts=mounts, artifacts=("/in/*",)), observer, Halt()
        )
        assert outcome.exit_code == 9
        assert observer.text(Stream.STDOUT) == b"given\n"
        assert [artifact.path for artifact in outcome.artifacts] == ["in/file"]


class TestFailures:
    def test_an_image_that_does_not_exist(
        self, executor: DockerExecutor, observer: RecordingObserver
    ) -> None:
        outcome = executor.run(job("true", image="127.0.0.1:1/no/such:image"), observer, Halt())
        assert outcome.failure is Failure.IMAGE_UNAVAILABLE
        assert "127.0.0.1:1/no/such:image" in (outcome.message or "")
        assert PhaseName.PULL in observer.all("phase")

    def test_no_engine(self, observer: RecordingObserver, tmp_path: Path) -> None:
        executor = DockerExecutor(base_url=f"unix://{tmp_path}/none.sock", engine_wait_s=1.0)
        assert not executor.probe().usable
        outcome = executor.run(job("true"), observer, Halt())
        assert outcome.failure is Failure.INFRASTRUCTURE
        assert "DOCKER_HOST" in (outcome.message or "")

    def test_a_container_that_somebody_removes(
        self, executor: DockerExecutor, observer: RecordingObserver
    ) -> None:
        run = job("echo up; sleep 60")
        observer.on_output(lambda _: docker("rm", "-f", f"orcaops-{run.job_id}") and None)
        outcome = executor.run(run, observer, Halt())
        assert outcome.failure is Failure.ENGINE_LOST or outcome.exit_code == 137, outcome


class TestManyCommands:
    def test_commands_are_executed_and_not_interpreted(
        self, executor: DockerExecutor, observer: RecordingObserver
    ) -> None:
        commands = (("echo", "$HOME;", "it's"), ("printf", "no end"), ("sh", "-c", "exit 0"))
        outcome = executor.run(job(commands=commands), observer, Halt())
        assert outcome.exit_code == 0
        assert observer.text() == b"$HOME; it's\nno end"
        assert [step.exit_code for step in outcome.steps] == [0, 0, 0]

    def test_a_halt_reaches_the_command_at_work_and_starts_no_other(
        self, executor: DockerExecutor, observer: RecordingObserver
    ) -> None:
        halt = Halt(60.0)
        said: list[float] = []

        def stop(data: bytes) -> None:
            if b"up" in data:
                said.append(time.monotonic())
                halt.request(HaltReason.CANCELLED)

        observer.on_output(stop)
        polite = "trap 'echo bye; exit 0' TERM; echo up; while :; do sleep 0.05; done"
        outcome = executor.run(job(commands=(("sh", "-c", polite), ("echo", "next"))), observer, halt)
        assert time.monotonic() - said[0] < 60.0, "it waited for the whole grace"
        assert observer.text(Stream.STDOUT) == b"up\nbye\n"
        assert len(outcome.steps) == 1


class TestAdoption:
    """The owner is a process of its own, which is killed while the job runs."""

    def abandon(self, run: Run, installation: str, tmp_path: Path) -> None:
        """Let another process start the run, and kill that process once the job has spoken."""
        document = tmp_path / "run.json"
        document.write_text(run.model_dump_json())
        program = (
            "import pathlib, sys\n"
            "from orcaops.model.run import Run\n"
            "from orcaops.running.executor import Halt\n"
            "from orcaops.running.executors.docker import DockerExecutor\n"
            "from orcaops.testing.executors import RecordingObserver\n"
            "observer = RecordingObserver(pathlib.Path(sys.argv[3]))\n"
            "observer.on_output(lambda data: print('spoken', flush=True))\n"
            "run = Run.from_stored(pathlib.Path(sys.argv[1]).read_text())\n"
            "DockerExecutor(installation=sys.argv[2]).run(run, observer, Halt())\n"
        )
        with subprocess.Popen(
            [sys.executable, "-c", program, str(document), installation, str(tmp_path)],
            stdout=subprocess.PIPE,
            text=True,
        ) as owner:
            assert owner.stdout is not None
            assert owner.stdout.readline() == "spoken\n"
            owner.kill()

    def test_a_living_container_is_brought_to_its_end(
        self, executor: DockerExecutor, installation: str, observer: RecordingObserver, tmp_path: Path
    ) -> None:
        run = job("echo before; sleep 3; echo after; echo error >&2; exit 4", artifacts=("/etc/passwd",))
        self.abandon(run, installation, tmp_path)
        outcome = executor.adopt(run, observer, Halt(), seen_until=datetime.now(UTC))
        assert outcome.exit_code == 4
        assert observer.text(Stream.STDOUT) == b"after\n"
        assert observer.text(Stream.STDERR) == b"error\n"
        assert outcome.usage.exact
        assert [artifact.path for artifact in outcome.artifacts] == ["etc/passwd"]
        assert outcome.started_at is not None
        assert outcome.finished_at is not None
        assert 2.9 < (outcome.finished_at - outcome.started_at).total_seconds() < 60

    def test_steps_that_ended_before_are_known_again(
        self, executor: DockerExecutor, installation: str, observer: RecordingObserver, tmp_path: Path
    ) -> None:
        run = job(commands=(("echo", "one"), ("sh", "-c", "sleep 1; echo two; exit 5"), ("echo", "no")))
        self.abandon(run, installation, tmp_path)
        outcome = executor.adopt(run, observer, Halt(), seen_until=None)
        assert [step.exit_code for step in outcome.steps] == [0, 5]
        assert observer.text() == b"one\ntwo\n"
        assert outcome.steps[1].duration_s > 0.9

    def test_one_that_has_ended_meanwhile(
        self, executor: DockerExecutor, installation: str, observer: RecordingObserver, tmp_path: Path
    ) -> None:
        run = job("echo said; exit 6")
        self.abandon(run, installation, tmp_path)
        docker("wait", f"orcaops-{run.job_id}")
        outcome = executor.adopt(run, observer, Halt(), seen_until=None)
        assert outcome.exit_code == 6
        assert observer.text() == b"said\n"

    def test_an_adopted_run_can_be_stopped(
        self, executor: DockerExecutor, installation: str, observer: RecordingObserver, tmp_path: Path
    ) -> None:
        run = job("echo up; sleep 60")
        self.abandon(run, installation, tmp_path)
        halt = Halt(0.2)
        threading.Timer(0.3, halt.request, [HaltReason.CANCELLED]).start()
        since = time.monotonic()
        outcome = executor.adopt(run, observer, halt, seen_until=None)
        assert time.monotonic() - since < 50, "it waited for the job's own end"
        assert outcome.signal in (9, 15)

    def test_nothing_left_is_engine_lost(self, executor: DockerExecutor, observer: RecordingObserver) -> None:
        outcome = executor.adopt(job("true"), observer, Halt(), seen_until=None)
        assert outcome.failure is Failure.ENGINE_LOST

    def test_another_installation_is_left_alone(
        self, executor: DockerExecutor, installation: str, observer: RecordingObserver, tmp_path: Path
    ) -> None:
        run = job("echo up; sleep 60")
        self.abandon(run, installation, tmp_path)
        stranger = DockerExecutor(installation=installation + "-other")
        assert stranger.adopt(run, observer, Halt(), seen_until=None).failure is Failure.ENGINE_LOST
        assert stranger.reap([]) == []
        assert docker("inspect", "-f", "{{.State.Running}}", f"orcaops-{run.job_id}") == "true"
        assert executor.reap([run.job_id]) == []
        assert any(run.job_id in sentence for sentence in executor.reap([], dry_run=True))
        assert len(executor.reap([])) == 2  # the container and its control group


def test_nothing_is_left_whatever_happens(
    executor: DockerExecutor, installation: str, observer: RecordingObserver
) -> None:
    for line in ("true", "exit 3", "kill -9 $$"):
        executor.run(job(line), observer, Halt())
    assert docker("ps", "-aq", "--filter", f"label=orcaops.home={installation}") == ""
    assert group_names(cgroup_prefix(installation, "cgroupfs")) == []


@pytest.mark.slow
def test_200_mb_of_output_pass_through(executor: DockerExecutor, tmp_path: Path) -> None:
    observer = RecordingObserver(tmp_path, keep_output=False)
    line = f"yes {'0123456789' * 12} | head -c {200 * MIB}"
    outcome: Outcome = executor.run(job(line), observer, Halt())
    assert outcome.exit_code == 0
    assert observer.output_bytes[Stream.STDOUT] == 200 * MIB


def test_a_network_of_the_engine_is_counted(executor: DockerExecutor, observer: RecordingObserver) -> None:
    if "bridge" not in docker("network", "ls", "--format", "{{.Name}}").split():
        pytest.skip("this engine has no bridge network")
    line = "ip route | awk '/default/{print $3}' | xargs ping -c 3 -i 0.1 -W 1 || true; sleep 0.3"
    outcome = executor.run(job(line, network="bridge"), observer, Halt())
    assert outcome.exit_code == 0
    assert outcome.usage.network_sent_bytes is not None


def test_what_a_job_sends_last_is_counted(executor: DockerExecutor, observer: RecordingObserver) -> None:
    if "bridge" not in docker("network", "ls", "--format", "{{.Name}}").split():
        pytest.skip("this engine has no bridge network")
    line = "to=$(ip route | awk '/default/{print $3}'); sleep 0.8; echo done | nc -w 1 $to 9 || true"
    outcome = executor.run(job(line, network="bridge"), observer, Halt())
    assert outcome.usage.network_sent_bytes, "it sent a word in the last moment before its end"


class TestNoNetwork:
    LINE = (
        "readlink /proc/self/ns/net; ls /sys/class/net; grep -c localhost /etc/hosts; "
        "echo 127.0.0.1 db >> /etc/hosts && grep -c db /etc/hosts"
    )

    def test_a_container_without_a_network_has_a_namespace_and_a_localhost_of_its_own(
        self, installation: str, observer: RecordingObserver, tmp_path: Path
    ) -> None:
        hosts = tmp_path / "hosts"
        executor = DockerExecutor(installation=installation, hosts=hosts)
        outcome = executor.run(job(self.LINE), observer, Halt())
        namespace, *rest = observer.text(Stream.STDOUT).decode().split()
        assert outcome.exit_code == 0
        assert namespace != Path("/proc/self/ns/net").readlink().name
        assert rest == ["lo", "2", "1"]
        assert list(hosts.iterdir()) == []

    def test_an_engine_that_does_not_see_the_file_makes_its_own(
        self,
        installation: str,
        observer: RecordingObserver,
        tmp_path: Path,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        executor = DockerExecutor(installation=installation, hosts=tmp_path)
        lend = ContainerHosts.lend

        def lend_and_lose(*asked: Any) -> Path | None:
            if (path := lend(*asked)) is not None:
                path.unlink()
            return path

        monkeypatch.setattr(ContainerHosts, "lend", lend_and_lose)
        outcome = executor.run(job(self.LINE), observer, Halt())
        assert outcome.exit_code == 0
        assert observer.text(Stream.STDOUT).decode().split()[1:] == ["lo", "2", "1"]
