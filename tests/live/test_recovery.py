"""After the death of a process: a job that had not begun begins, once, and secrets stay secret."""

import subprocess
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from orcaops import config
from orcaops.app import App, build
from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.run import Cause, Run, Status
from orcaops.running.containers.request import LABEL_HOME, LABEL_JOB, container_name
from orcaops.running.engine.errors import EngineGoneError

from .conftest import SMALL_IMAGE

pytestmark = pytest.mark.live

SECRET = "hunter2-and-more"


def docker(*arguments: str) -> str:
    done = subprocess.run(["docker", *arguments], capture_output=True, check=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def open_app(orcaops_home: Path, tmp_path: Path) -> Iterator[Callable[[], App]]:
    """The house over one home, as often as asked."""
    opened: list[App] = []

    def open_one() -> App:
        chosen = config.load(
            {"home": orcaops_home}, environment={}, folder=tmp_path, user_file=tmp_path / "none"
        )
        opened.append(build(chosen))
        return opened[-1]

    yield open_one
    for app in opened:
        app.close()


def abandoned(app: App, line: str, *, started: bool, **more: object) -> Run:
    """A job whose owner died when it had made its container, and had perhaps started it."""
    spec = JobSpec.model_validate({"image": SMALL_IMAGE, "shell": line, **more})
    run = app.jobs.submit(spec)
    labels = {LABEL_HOME: app.store.installation(), LABEL_JOB: run.job_id, "orcaops": "1"}
    options = [f"--label={name}={value}" for name, value in labels.items()]
    options += [f"--env={name}={value}" for name, value in spec.env.items()]
    name = container_name(run.job_id)
    ref = docker("create", "--name", name, *options, SMALL_IMAGE, *spec.steps()[0])
    if started:
        docker("start", name)
    dead = app.ownership.name.replace(":", ":0", 1)  # of this machine, and nobody holds it
    run = run.changed(status=Status.RUNNING, owner=dead, engine_ref=ref, started_at=run.submitted_at)
    with app.store.write() as transaction:
        transaction.runs.save(run)
    return run


def test_a_container_that_was_never_started_is_no_run_and_the_job_runs_once(
    open_app: Callable[[], App],
) -> None:
    run = abandoned(open_app(), "echo once; exit 7", started=False)
    app = open_app()
    app.start()
    final = app.jobs.wait("default", run.job_id, timeout_s=60)
    assert (final.status, final.exit_code, final.attempt) == (Status.FAILED, 7, 1)
    assert [line.text for line in app.jobs.log_lines("default", run.job_id)] == ["once"]
    assert docker("ps", "-aq", "--filter", f"label={LABEL_JOB}={run.job_id}") == ""


def test_it_runs_once_also_where_the_engine_comes_later_than_the_next_owner(
    open_app: Callable[[], App], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = abandoned(open_app(), "echo once; exit 7", started=False)
    app = open_app()
    engine = app.jobs._executors["docker"]._engine  # type: ignore[attr-defined]
    away_until, really = time.monotonic() + 2.0, engine._api

    def away() -> object:
        if time.monotonic() < away_until:
            raise EngineGoneError("nobody listens yet")
        return really()

    monkeypatch.setattr(engine, "_api", away)
    app.start()
    final = app.jobs.wait("default", run.job_id, timeout_s=60)
    assert (final.status, final.exit_code, final.attempt) == (Status.FAILED, 7, 1), final.message
    assert [line.text for line in app.jobs.log_lines("default", run.job_id)] == ["once"]


def test_one_that_was_started_is_never_run_again(open_app: Callable[[], App]) -> None:
    run = abandoned(open_app(), "echo once; exit 7", started=True)
    docker("wait", container_name(run.job_id))
    app = open_app()
    app.start()
    final = app.jobs.wait("default", run.job_id, timeout_s=60)
    assert (final.status, final.exit_code) == (Status.FAILED, 7)
    assert [line.text for line in app.jobs.log_lines("default", run.job_id)] == ["once"]


def test_one_whose_end_was_noted_has_that_end_though_its_container_is_gone(
    open_app: Callable[[], App],
) -> None:
    first = open_app()
    run = abandoned(first, "exit 7", started=True)
    docker("rm", "--force", container_name(run.job_id))
    ended = run.changed(cause=Cause.COMMAND_FAILED, exit_code=7, finished_at=run.submitted_at)
    with first.store.write() as transaction:
        transaction.runs.save(ended)
    app = open_app()
    app.start()
    final = app.jobs.wait("default", run.job_id, timeout_s=60)
    assert (final.status, final.cause, final.exit_code) == (Status.FAILED, Cause.COMMAND_FAILED, 7)
    assert final.adopted


@pytest.mark.parametrize("forgotten", [False, True])
def test_secrets_are_masked_in_what_an_adopted_run_writes(
    open_app: Callable[[], App], forgotten: bool
) -> None:
    first = open_app()
    run = abandoned(first, "echo $API_TOKEN", started=True, env={"API_TOKEN": SECRET})
    if forgotten:  # as after a new start of the machine
        first.jobs._recorder.forget(run)
    app = open_app()
    app.start()
    final = app.jobs.wait("default", run.job_id, timeout_s=60)
    lines = [line.text for line in app.jobs.log_lines("default", run.job_id)]
    assert lines == ([] if forgotten else ["***"])
    assert final.exit_code == 0
    if forgotten:
        assert "secrets" in str(final.message)
    kept = subprocess.run(["grep", "-rl", SECRET, str(app.settings.home)], capture_output=True, check=False)
    assert kept.stdout == b""


def test_no_line_of_an_adopted_run_is_lost_or_told_twice(open_app: Callable[[], App]) -> None:
    first = open_app()
    run = abandoned(first, "seq 3000; seq 3000 >&2", started=True)
    docker("wait", container_name(run.job_id))
    printed = "".join(f"{number}\n" for number in range(1, 3001)).encode()
    # What the dead owner had got so far, and when: by its own clock, which is no help.
    writer = first.jobs._logs.open("default", run.job_id)
    writer.write(Stream.STDOUT, printed[:7000], run.submitted_at + timedelta(hours=1))
    writer.write(Stream.STDERR, printed[:100], run.submitted_at - timedelta(hours=1))
    writer._flush_block()
    writer._ring.close()
    app = open_app()
    app.start()
    final = app.jobs.wait("default", run.job_id, timeout_s=60)
    for stream in Stream:
        lines = [line.text for line in app.jobs.log_lines("default", run.job_id, stream=stream)]
        assert lines == printed.decode().splitlines()
    assert final.log is not None
    assert (final.log.stdout_bytes, final.log.stderr_bytes) == (len(printed), len(printed))
