"""Jobs: submit, run, watch, cancel, look up, on local processes."""

import threading
import time
from collections.abc import Callable

import pytest

from orcaops.app import App
from orcaops.model.errors import ErrorCode, OrcaError, unavailable
from orcaops.model.job import JobSpec
from orcaops.model.logline import Stream
from orcaops.model.run import Cause, Run, Status
from orcaops.running.executor import Health


def job(script: str, **more: object) -> JobSpec:
    return JobSpec.model_validate({"command": ["sh", "-c", script], **more})


def test_a_run_ends_with_a_complete_record(app: App) -> None:
    pieces: list[tuple[Stream, bytes]] = []
    accepted: list[Run] = []
    final = app.jobs.run(
        job("echo out; echo err >&2; exit 3", labels={"team": "a"}),
        on_accepted=accepted.append,
        on_output=lambda stream, data: pieces.append((stream, data)),
    )
    assert (final.status, final.cause, final.exit_code) == (Status.FAILED, Cause.COMMAND_FAILED, 3)
    assert accepted[0].job_id == final.job_id
    assert accepted[0].prediction is not None
    assert dict(pieces) == {Stream.STDOUT: b"out\n", Stream.STDERR: b"err\n"}
    assert [line.text for line in app.jobs.log_lines("default", final.job_id)] == ["out", "err"]
    assert final.number == 1
    assert app.jobs.page("default", q="label:team=a status:failed").items[0].job_id == final.job_id
    assert app.jobs.page("default", q="err").items[0].job_id == final.job_id


def test_secrets_reach_the_job_and_nothing_else(app: App, tmp_path_factory: pytest.TempPathFactory) -> None:
    secret = "hunter2-very-secret"
    final = app.jobs.run(job("echo token=$API_TOKEN", env={"API_TOKEN": secret}, name="n"))
    assert final.status is Status.SUCCEEDED
    assert [line.text for line in app.jobs.log_lines("default", final.job_id)] == ["token=***"]
    app.store.close()
    home = app.settings.home
    for path in home.rglob("*"):
        assert not path.is_file() or secret.encode() not in path.read_bytes(), path
    with pytest.raises(OrcaError) as refused:
        app.jobs.rerun("default", final.job_id)
    assert refused.value.code is ErrorCode.CONFLICT


def test_submitted_jobs_run_in_the_background_once(open_app: Callable[..., App]) -> None:
    app = open_app(server__concurrency=2)
    app.start()
    runs = [app.jobs.submit(job(f"echo {number}")) for number in range(5)]
    finals = [app.jobs.wait("default", run.job_id, timeout_s=60) for run in runs]
    assert [final.status for final in finals] == [Status.SUCCEEDED] * 5


def test_an_idempotency_key_gives_the_same_run_or_a_conflict(app: App) -> None:
    first = app.jobs.submit(job("true"), idempotency_key="k")
    assert app.jobs.submit(job("true"), idempotency_key="k").job_id == first.job_id
    with pytest.raises(OrcaError) as refused:
        app.jobs.submit(job("false"), idempotency_key="k")
    assert refused.value.code is ErrorCode.CONFLICT


def test_cancel_ends_a_running_job_from_another_house(open_app: Callable[..., App]) -> None:
    server, other = open_app(), open_app()
    server.start()
    run = server.jobs.submit(job("sleep 60"))
    while other.jobs.get("default", run.job_id).status is not Status.RUNNING:
        time.sleep(0.02)
    final = other.jobs.cancel("default", run.job_id, by="somebody")
    assert (final.status, final.cause) == (Status.CANCELLED, Cause.CANCELLED)


def test_a_job_cancelled_before_it_started_never_runs(
    app: App, tmp_path_factory: pytest.TempPathFactory
) -> None:
    mark = tmp_path_factory.mktemp("mark") / "ran"
    run = app.jobs.submit(job(f"touch {mark}"))
    assert app.jobs.cancel("default", run.job_id, by="somebody").status is Status.CANCELLED
    app.start()
    assert app.jobs.get("default", run.job_id).status is Status.CANCELLED
    assert not mark.exists()


def test_a_follower_that_comes_late_gets_all_and_ends_with_the_run(app: App) -> None:
    app.start()
    run = app.jobs.submit(job("echo one; sleep 0.3; echo two; sleep 0.3; echo three"))
    time.sleep(0.4)
    lines: list[str] = []
    follower = threading.Thread(
        target=lambda: lines.extend(
            line.text for line in app.jobs.follow("default", run.job_id) if line is not None
        )
    )
    follower.start()
    follower.join(60)
    assert lines == ["one", "two", "three"]


def test_a_follower_gets_what_came_just_before_the_end(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    run = app.jobs.submit(job("true"))  # nobody works off the queue here: it ends when we say so
    writer = app.jobs._logs.open("default", run.job_id)
    writer.write(Stream.STDOUT, b"one\n", run.submitted_at)
    really = app.jobs.get

    def ending_now(workspace: str, job_id: str) -> Run:
        writer.write(Stream.STDOUT, b"two\n", run.submitted_at)
        writer.close()
        with app.store.write() as transaction:
            transaction.runs.save(
                run.changed(status=Status.SUCCEEDED, cause=Cause.SUCCESS, finished_at=run.submitted_at)
            )
        monkeypatch.setattr(app.jobs, "get", really)
        return really(workspace, job_id)

    told: list[str] = []
    for line in app.jobs.follow("default", run.job_id):
        if line is not None:
            told.append(line.text)
            if line.text == "one":  # nothing comes for a second, then it is asked whether the run has ended
                monkeypatch.setattr(app.jobs, "get", ending_now)
    assert told == ["one", "two"]


@pytest.mark.parametrize("job_id", ["../etc/passwd", "a/b", "..", ""])
def test_ids_that_could_be_paths_are_refused(app: App, job_id: str) -> None:
    with pytest.raises(OrcaError) as refused:
        app.jobs.get("default", job_id)
    assert refused.value.code in (ErrorCode.INVALID, ErrorCode.NOT_FOUND)


def test_a_denied_job_does_not_start(open_app: Callable[..., App]) -> None:
    app = open_app(policy={"commands": {"allow": ["echo *", "echo"]}})
    with pytest.raises(OrcaError) as refused:
        app.jobs.submit(JobSpec(command=("rm", "-rf", "x")))
    assert refused.value.code is ErrorCode.FORBIDDEN
    assert app.jobs.run(JobSpec(command=("echo", "x"))).status is Status.SUCCEEDED


def test_a_job_whose_secrets_are_gone_says_so(app: App) -> None:
    run = app.jobs.submit(job("true", env={"API_TOKEN": "hunter2-very-secret"}))
    from orcaops.recording.sealed_specs import SealedSpecs

    SealedSpecs(app.store.installation()).forget(run.job_id)
    app.jobs._recorder._specs.clear()
    app.start()
    final = app.jobs.wait("default", run.job_id, timeout_s=60)
    assert (final.status, final.cause) == (Status.FAILED, Cause.INFRASTRUCTURE)
    assert "memory only" in (final.message or "")


def test_a_run_that_cannot_be_learned_from_now_is_as_good_as_any(
    app: App, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full() -> None:
        raise unavailable("the database could not be written (database or disk is full)")

    monkeypatch.setattr(app.jobs, "_absorb", full)
    final = app.jobs.run(job("exit 4"))
    assert (final.exit_code, final.number) == (4, None)
    assert "learned later" in caplog.text
    monkeypatch.undo()
    app.absorber.absorb_all()
    assert app.jobs.get("default", final.job_id).number == 1


def test_a_run_that_no_engine_could_start_is_recorded_and_a_submission_is_not_taken(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = Health(usable=False, sentence="nobody listens on /run/docker.sock")
    monkeypatch.setattr(app.jobs._executors["process"], "probe", lambda: down)
    final = app.jobs.run(job("true"))
    assert (final.status, final.cause) == (Status.FAILED, Cause.INFRASTRUCTURE)
    assert final.started_at is None
    assert "nobody listens" in str(final.message)
    assert [each.job_id for each in app.jobs.page("default").items] == [final.job_id]
    with pytest.raises(OrcaError) as refused:
        app.jobs.submit(job("true"))
    assert refused.value.code is ErrorCode.UNAVAILABLE
    assert len(app.jobs.page("default").items) == 1
    monkeypatch.undo()
    again = app.jobs.run(job("true"))
    assert again.status is Status.SUCCEEDED
