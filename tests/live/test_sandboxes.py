"""Sandboxes as people use them, on a real engine, through the services."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from orcaops import config
from orcaops.app import App, build
from orcaops.guarding.policy import Policy, Rule
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.job import JobSpec
from orcaops.model.quantities import MIB
from orcaops.model.run import Cause, Run, Status
from orcaops.model.sandbox import Sandbox, SandboxSpec, SandboxState
from orcaops.services.sandboxes import Sandboxes
from tests.live.conftest import SMALL_IMAGE, WORK_IMAGE

pytestmark = pytest.mark.live


def docker(*arguments: str) -> str:
    """What the command line of the engine itself says."""
    return subprocess.run(["docker", *arguments], check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    """A house whose sandboxes are gone at the end."""
    chosen = config.load(
        {"home": tmp_path / "home", "sandboxes.most": 3, "run.grace_s": 0.5},
        environment={},
        folder=tmp_path,
        user_file=tmp_path / "none",
    )
    with contextlib.closing(build(chosen)) as made:
        yield made
        for workspace in ("default", "other"):
            for each in made.sandboxes.page(workspace).items:
                made.sandboxes.remove(workspace, each.id, by="test")
        assert made.sandboxes.sweep(dry_run=True) == []


@pytest.fixture
def place(app: App) -> Sandbox:
    """A sandbox with a memory limit."""
    return app.sandboxes.create(SandboxSpec(image=SMALL_IMAGE, name="try", memory=64 * MIB), by="test")


def run(app: App, place: Sandbox, line: str, **fields: Any) -> tuple[Run, str]:
    """A shell line in a sandbox, and what it printed."""
    final = app.jobs.run(JobSpec(shell=line, sandbox=place.id, workspace=place.workspace, **fields))
    lines = app.jobs.log_lines(final.workspace, final.job_id)
    return final, "".join(f"{each.text}\n" for each in lines)


def changed(app: App, clock: Callable[[], datetime], *, clean_idle: bool = False) -> Sandboxes:
    """The same service at another time."""
    return Sandboxes(
        app.store,
        app.jobs._executors,
        policy=Policy(),
        host=app.jobs._accepting._host.host,
        idle_limit_s=1800,
        lifetime_s=86400,
        clean_idle=clean_idle,
        most=3,
        templates={},
        grace_s=0.5,
        clock=clock,
        new_id=lambda: "later",
    )


class TestCommands:
    def test_files_stay_from_one_command_to_the_next_and_each_is_a_run(
        self, app: App, place: Sandbox
    ) -> None:
        run(app, place, "echo kept > /tmp/note")
        final, text = run(app, place, "cat /tmp/note; exit 7")
        assert (final.exit_code, text) == (7, "kept\n")
        assert (final.sandbox, final.image, final.status) == (place.id, SMALL_IMAGE, Status.FAILED)
        assert final.usage.exact
        assert final.key.startswith(f"image:{SMALL_IMAGE}|command:cat ")
        assert app.sandboxes.get("default", "try").executions == 2

    def test_a_timeout_ends_the_tree_of_the_command_and_nobody_else(self, app: App, place: Sandbox) -> None:
        run(app, place, "sleep 300 >/dev/null 2>&1 &")
        final, _ = run(app, place, "setsid sleep 200 & sleep 100", timeout=0.5)
        assert final.cause is Cause.TIMEOUT_TOTAL
        _, text = run(app, place, "ps")
        assert "sleep 300" in text, "what an earlier command left running is the sandbox's"
        assert "sleep 200" not in text
        assert "sleep 100" not in text

    def test_the_memory_limit_is_that_of_the_sandbox(self, app: App) -> None:
        spec = SandboxSpec(image=WORK_IMAGE, memory=64 * MIB)
        place = app.sandboxes.create(spec, by="test")
        greedy = "python3 -S -c \"held = bytearray(200 << 20); held[::4096] = b'x' * len(held[::4096])\""
        final, _ = run(app, place, greedy)
        assert final.status is Status.FAILED
        assert final.effective is not None
        assert final.effective.memory == 64 * MIB
        assert app.sandboxes.get("default", place.id).state is SandboxState.RUNNING

    @pytest.mark.parametrize(
        "own", [{"image": "other"}, {"memory": MIB}, {"network": "bridge"}, {"mounts": ("/srv:/srv",)}]
    )
    def test_a_command_has_no_surroundings_of_its_own(
        self, app: App, place: Sandbox, own: dict[str, Any]
    ) -> None:
        with pytest.raises(OrcaError) as refusal:
            run(app, place, "true", **own)
        assert refusal.value.code is ErrorCode.CONFLICT
        assert app.jobs.page("default").items == ()

    def test_another_workspace_cannot_use_it(self, app: App, place: Sandbox) -> None:
        with pytest.raises(OrcaError) as refusal:
            app.jobs.run(JobSpec(shell="true", sandbox=place.id, workspace="other"))
        assert "there is no sandbox" in refusal.value.message

    def test_a_secret_reaches_the_command_only(self, app: App) -> None:
        spec = SandboxSpec(image=SMALL_IMAGE, env={"API_TOKEN": "hunter2-very-secret"})
        place = app.sandboxes.create(spec, by="test")
        _, text = run(app, place, "echo ${#API_TOKEN}")
        assert text == "19\n"
        assert "hunter2" not in app.sandboxes.get("default", place.id).model_dump_json()


class TestFiles:
    def test_a_folder_goes_in_and_comes_out(self, app: App, place: Sandbox, tmp_path: Path) -> None:
        (tmp_path / "data" / "deep").mkdir(parents=True)
        (tmp_path / "data" / "deep" / "file").write_text("x\n")
        app.sandboxes.copy_in("default", place.id, tmp_path / "data", "/tmp/")
        _, text = run(app, place, "cat /tmp/data/deep/file; echo y > /tmp/data/new")
        assert text == "x\n"
        assert app.sandboxes.copy_out("default", place.id, "/tmp/data", tmp_path / "out", into=False) == 2
        assert (tmp_path / "out" / "new").read_text() == "y\n"

    def test_a_file_never_takes_the_place_of_a_folder(self, app: App, place: Sandbox, tmp_path: Path) -> None:
        run(app, place, "mkdir /tmp/kept; echo here > /tmp/kept/file")
        (tmp_path / "new").write_text("new")
        with pytest.raises(OrcaError, match="directory"):
            app.sandboxes.copy_in("default", place.id, tmp_path / "new", "/tmp/kept")
        assert run(app, place, "cat /tmp/kept/file")[1] == "here\n"

    def test_a_link_that_leads_out_is_refused(self, app: App, place: Sandbox, tmp_path: Path) -> None:
        run(app, place, "mkdir /tmp/x; ln -s /etc/passwd /tmp/x/link")
        with pytest.raises(OrcaError, match="leads out"):
            app.sandboxes.copy_out("default", place.id, "/tmp/x", tmp_path / "x", into=False)
        assert not (tmp_path / "x").exists()

    def test_a_link_in_the_sandbox_does_not_lead_to_the_host(
        self, app: App, place: Sandbox, tmp_path: Path
    ) -> None:
        run(app, place, f"ln -s {tmp_path} /tmp/host")
        (tmp_path / "file").write_text("mine")
        (tmp_path / "new").write_text("new")
        with contextlib.suppress(OrcaError):
            app.sandboxes.copy_in("default", place.id, tmp_path / "new", "/tmp/host/file")
        assert (tmp_path / "file").read_text() == "mine"

    @pytest.mark.parametrize("path", ["relative", "/tmp/../etc", "/absent/"])
    def test_a_path_that_cannot_be_is_refused(
        self, app: App, place: Sandbox, tmp_path: Path, path: str
    ) -> None:
        (tmp_path / "file").write_text("x")
        with pytest.raises(OrcaError):
            app.sandboxes.copy_in("default", place.id, tmp_path / "file", path)


class TestLife:
    def test_stopped_it_keeps_its_files_and_runs_nothing(self, app: App, place: Sandbox) -> None:
        run(app, place, "echo kept > /tmp/note")
        assert app.sandboxes.stop("default", "try", by="test").state is SandboxState.STOPPED
        with pytest.raises(OrcaError, match="stopped"):
            run(app, place, "true")
        app.sandboxes.start("default", "try", by="test")
        assert run(app, place, "cat /tmp/note")[1] == "kept\n"

    def test_removed_its_record_and_runs_stay(self, app: App, place: Sandbox) -> None:
        final, _ = run(app, place, "true")
        assert app.sandboxes.remove("default", "try", by="test").state is SandboxState.REMOVED
        assert app.sandboxes.remove("default", place.id, by="test").state is SandboxState.REMOVED
        assert app.sandboxes.page("default").items == ()
        assert [each.id for each in app.sandboxes.page("default", gone=True).items] == [place.id]
        assert app.jobs.get("default", final.job_id).sandbox == place.id
        with pytest.raises(OrcaError, match="gone"):
            run(app, place, "true")

    def test_a_workspace_has_so_many_and_names_are_told_apart(self, app: App, place: Sandbox) -> None:
        with pytest.raises(OrcaError, match="already"):
            app.sandboxes.create(SandboxSpec(image=SMALL_IMAGE, name=place.name), by="test")
        for _ in range(2):
            app.sandboxes.create(SandboxSpec(image=SMALL_IMAGE), by="test")
        with pytest.raises(OrcaError, match="3 sandboxes"):
            app.sandboxes.create(SandboxSpec(image=SMALL_IMAGE), by="test")

    def test_what_cannot_be_made_leaves_nothing(self, app: App) -> None:
        with pytest.raises(OrcaError) as refusal:
            app.sandboxes.create(SandboxSpec(image="orcaops-test/no-such:1"), by="test")
        assert refusal.value.code is ErrorCode.NOT_FOUND
        assert app.sandboxes.page("default").items == ()

    def test_the_policy_holds(self, app: App) -> None:
        strict = changed(app, lambda: datetime.now(UTC))
        strict._policy = Policy(images=Rule(allow=("python",)), max_memory=MIB)
        for spec in (SandboxSpec(image=SMALL_IMAGE), SandboxSpec(image="python:3", memory=2 * MIB)):
            with pytest.raises(OrcaError) as refusal:
                strict.create(spec, by="test")
            assert refusal.value.code is ErrorCode.FORBIDDEN

    def test_its_lifetime_ends_it(self, app: App, place: Sandbox) -> None:
        later = changed(app, lambda: datetime.now(UTC) + timedelta(days=2))
        assert "lifetime" in later.sweep(dry_run=True)[0]
        assert app.sandboxes.get("default", place.id).state is SandboxState.RUNNING
        later.sweep()
        gone = app.sandboxes.get("default", place.id)
        assert (gone.state, gone.reason) == (SandboxState.REMOVED, "its lifetime of 1 d is over")
        assert place.id not in docker("ps", "-a", "--format", "{{.Names}}")

    def test_idle_ones_are_told_and_go_if_allowed(self, app: App, place: Sandbox) -> None:
        def soon() -> datetime:
            return datetime.now(UTC) + timedelta(hours=1)

        assert changed(app, soon).sweep() == []
        checks = list(changed(app, soon).checks())
        assert (checks[0].state, "try" in checks[0].sentence) == ("warning", True)
        assert "nobody used it" in changed(app, soon, clean_idle=True).sweep()[0]

    def test_one_in_use_is_not_idle(self, app: App, place: Sandbox) -> None:
        def soon() -> datetime:
            return datetime.now(UTC) + timedelta(hours=1)

        began = threading.Event()
        spec = JobSpec(shell="echo begun; sleep 3", sandbox=place.id)
        at_work = threading.Thread(
            target=lambda: app.jobs.run(spec, on_output=lambda _stream, _data: began.set())
        )
        at_work.start()
        try:
            assert began.wait(60)
            assert changed(app, soon, clean_idle=True).sweep() == []
        finally:
            at_work.join()

    def test_one_that_somebody_removed_is_lost(self, app: App, place: Sandbox) -> None:
        docker("rm", "-f", f"orcaops-sandbox-{place.id}")
        final, _ = run(app, place, "true")
        assert final.cause is Cause.INFRASTRUCTURE
        assert "sandbox" in str(final.message)
        assert "engine has it no more" in app.sandboxes.sweep()[0]
        assert app.sandboxes.get("default", place.id).state is SandboxState.LOST

    def test_a_container_of_that_name_that_is_not_ours_is_left_alone(self, app: App, place: Sandbox) -> None:
        name = f"orcaops-sandbox-{place.id}"
        docker("rm", "-f", name)
        docker("create", "--name", name, SMALL_IMAGE, "true")
        try:
            app.sandboxes.remove("default", place.id, by="test")
            assert name in docker("ps", "-a", "--format", "{{.Names}}").split()
        finally:
            docker("rm", "-f", name)

    def test_gc_of_jobs_leaves_it(self, app: App, place: Sandbox) -> None:
        assert app.upkeep.gc().removed == ()
        assert run(app, place, "true")[0].exit_code == 0


_USE = """
import sys
from orcaops import config
from orcaops.app import build
from orcaops.model.job import JobSpec
app = build(config.load({"home": sys.argv[1]}, environment={}))
app.jobs.run(JobSpec(shell=sys.argv[3], sandbox=sys.argv[2]),
             on_accepted=lambda run: print(run.job_id, flush=True),
             on_output=lambda stream, data: print("begun", flush=True))
"""


class TestWhoseOwnerIsKilled:
    def orphaned(self, app: App, place: Sandbox, line: str) -> str:
        """The id of a job in the sandbox whose OrcaOps has been killed."""
        using = subprocess.Popen(
            [sys.executable, "-c", _USE, str(app.settings.home), place.id, line],
            stdout=subprocess.PIPE,
            text=True,
        )
        assert using.stdout is not None
        with using:
            job_id = using.stdout.readline().strip()
            assert using.stdout.readline().strip() == "begun"
            os.kill(using.pid, signal.SIGKILL)
            using.wait()
        return job_id

    def test_neither_the_sandbox_nor_the_end_of_the_command_is_lost(self, app: App, place: Sandbox) -> None:
        job_id = self.orphaned(app, place, "echo begun; sleep 2; exit 5")
        app.recovery.recover()
        app.recovery.wait()
        final = app.jobs.get("default", job_id)
        assert (final.status, final.exit_code) == (Status.FAILED, 5), final.message
        assert "not kept" in str(final.message)
        assert (final.duration_s or 0.0) >= 2.0, "its time counts from its beginning"
        assert final.usage.exact
        assert run(app, place, "true")[0].exit_code == 0
        assert groups_of_commands(place) == []

    def test_it_can_be_cancelled(self, app: App, place: Sandbox) -> None:
        job_id = self.orphaned(app, place, "echo begun; sleep 4711 & sleep 4711")
        app.recovery.recover()
        final = app.jobs.cancel("default", job_id, by="test")
        assert final.cause is Cause.CANCELLED, final.message
        assert "4711" not in run(app, place, "ps")[1]
        assert groups_of_commands(place) == []

    def test_that_it_ran_out_of_memory_is_known(self, app: App, place: Sandbox) -> None:
        job_id = self.orphaned(app, place, "echo begun; sleep 1; exec tail /dev/zero")
        time.sleep(3.0)  # nobody watches when it happens
        app.recovery.recover()
        app.recovery.wait()
        assert app.jobs.get("default", job_id).cause is Cause.OOM_KILLED


def groups_of_commands(place: Sandbox) -> list[Path]:
    """The control groups of commands in a sandbox that are there now."""
    container = docker("inspect", "--format", "{{.Id}}", f"orcaops-sandbox-{place.id}")
    walked = os.walk("/sys/fs/cgroup")  # which does not mind that others go meanwhile
    return [
        Path(folder) / name
        for folder, names, _ in walked
        for name in names
        if container in folder and name.startswith("exec-")
    ]


def test_without_a_network_it_has_a_localhost_of_its_own_for_as_long_as_it_stays(
    app: App, place: Sandbox, tmp_path: Path
) -> None:
    hosts = list((tmp_path / "home").rglob(f"orcaops-sandbox-{place.id}"))
    line = (
        "ls /sys/class/net; echo 127.0.0.1 db >> /etc/hosts; grep -c localhost /etc/hosts; "
        "grep -c db /etc/hosts"
    )
    assert run(app, place, line)[1].split() == ["lo", "2", "1"]
    app.upkeep.gc()
    assert len(hosts) == 1
    assert hosts[0].exists(), "it is needed at the next start"
    app.sandboxes.stop("default", place.id, by="test")
    app.sandboxes.start("default", place.id, by="test")
    assert run(app, place, "grep -c db /etc/hosts")[1].split() == ["1"]
    app.sandboxes.remove("default", place.id, by="test")
    assert not hosts[0].exists()
