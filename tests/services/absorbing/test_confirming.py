"""Confirming: one rerun of what is in doubt, where that is allowed; it teaches nothing and is shown."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from orcaops.app import App
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Run, Status
from orcaops.services.absorbing.confirming import LABEL

ALLOWED = {LABEL: "allowed"}
USUAL = [60.0, 60.5, 59.8, 60.2, 60.1, 59.9, 60.3, 60.0, 60.4, 59.7, 60.2, 60.1]


class Server:
    """A house whose runs end as they are told to."""

    def __init__(self, app: App) -> None:
        self.app, self.count = app, 0
        self.start = datetime.now(UTC) - timedelta(minutes=40)

    def ran(self, seconds: float = 60.0, *, failed: bool = False, **more: Any) -> Run:
        self.count += 1
        spec = JobSpec(command=("make", "test"), name="test", labels=more.pop("labels", ALLOWED))
        run = Run(
            job_id=f"job-{self.count}",
            key="name:test",
            name="test",
            command="make test",
            executor="process",
            submitted_at=self.start + timedelta(minutes=self.count),
            status=Status.QUEUED,
            requested=spec,
            effective=spec.model_copy(update={"executor": "process", "timeout": 3600.0}),
            labels=spec.labels,
        ).changed(**more)
        with self.app.store.write() as transaction:
            transaction.runs.add(run)
        return self.ends(run, seconds, failed=failed)

    def ends(self, run: Run, seconds: float, *, failed: bool = False, **more: Any) -> Run:
        final = run.changed(
            status=Status.FAILED if failed else Status.SUCCEEDED,
            cause=Cause.COMMAND_FAILED if failed else Cause.SUCCESS,
            exit_code=int(failed),
            started_at=run.submitted_at,
            finished_at=run.submitted_at + timedelta(seconds=seconds),
            duration_s=seconds,
        ).changed(**more)
        with self.app.store.write() as transaction:
            transaction.runs.save(final)
        self.app.absorber.absorb_all()
        return final

    def reruns(self) -> list[Run]:
        with self.app.store.read() as transaction:
            return [run for run in transaction.runs.each("default") if not run.teaches]

    def slow(self) -> Anomaly:
        return self.app.insights.anomalies("default", filters={"type": "duration"}).items[0]

    def stored(self) -> list[str]:
        with self.app.store.read() as transaction:
            return [
                *(each.model_dump_json() for each in transaction.anomalies.each()),
                *(each.model_dump_json() for each in transaction.baselines.each()),
                *(memory.decode() for _, memory in transaction.memories.each()),
            ]


@pytest.fixture
def server(open_app: Callable[..., App]) -> Server:
    return Server(open_app(learning__confirm="all"))


def after_usual_runs(server: Server, seconds: float = 600.0, **more: Any) -> Run:
    for usual in USUAL:
        server.ran(usual)
    return server.ran(seconds, **more)


def test_a_critical_run_is_run_once_more_as_it_was(server: Server) -> None:
    doubtful = after_usual_runs(server)
    assert server.slow().severity is Severity.CRITICAL
    assert [server.app.confirming.submit_wanted() for _ in range(3)] == [1, 0, 0]
    (rerun,) = server.reruns()
    assert (rerun.parent_job_id, rerun.retry_of) == (doubtful.job_id, doubtful.job_id)
    assert (rerun.key, rerun.context.triggered_by) == (doubtful.key, "confirmation")
    assert rerun.effective is not None
    assert (rerun.effective.timeout, rerun.effective.retries) == (3600.0, 0)


def test_what_is_confirmed_says_so_and_taught_nothing(server: Server) -> None:
    after_usual_runs(server)
    server.app.confirming.submit_wanted()
    (rerun,) = server.reruns()
    before = server.app.insights.baseline("default", "name:test")
    server.ends(rerun, 590.0)
    slow = server.slow()
    assert slow.confirmed is True
    assert slow.confirmed_because == f"confirmed by rerun {rerun.job_id}: 9 min 50 s again"
    assert slow.confirming_job_id == rerun.job_id
    assert (slow.severity, slow.run_count) == (Severity.CRITICAL, 1)
    assert server.app.insights.baseline("default", "name:test") == before
    assert server.app.confirming.submit_wanted() == 0, "a rerun is not run again"


def test_what_is_not_confirmed_is_lowered_and_outlives_relearning(server: Server) -> None:
    after_usual_runs(server)
    server.app.confirming.submit_wanted()
    server.ends(server.reruns()[0], 60.0)
    slow = server.slow()
    assert (slow.confirmed, slow.severity) == (False, Severity.INFO)
    assert "1 min, as usual" in (slow.confirmed_because or "")
    server.ran(60.0)
    assert server.slow().severity is Severity.INFO
    before = server.stored()
    server.app.upkeep.relearn()
    assert server.stored() == before


def test_more_of_the_same_outweighs_what_was_not_confirmed(server: Server) -> None:
    after_usual_runs(server)
    server.app.confirming.submit_wanted()
    server.ends(server.reruns()[0], 60.0)
    server.ran(700.0)
    assert (server.slow().severity, server.slow().confirmed) == (Severity.CRITICAL, None)
    before = server.stored()
    server.app.upkeep.relearn()
    assert server.stored() == before


@pytest.mark.parametrize(
    "more",
    [
        {"image_digest": "sha256:ab"},
        {"status": Status.FAILED, "cause": Cause.COMMAND_FAILED},
        {"status": Status.CANCELLED, "cause": Cause.CANCELLED},
    ],
)
def test_a_rerun_that_says_nothing_changes_nothing(server: Server, more: dict[str, Any]) -> None:
    doubtful = after_usual_runs(server)
    server.app.confirming.submit_wanted()
    server.ends(server.reruns()[0], 60.0, **more)
    assert (server.slow().severity, server.slow().confirmed) == (Severity.CRITICAL, None)
    with server.app.store.read() as transaction:
        known = transaction.confirmations.of_run("default", doubtful.job_id)
    assert known is not None
    assert known.because.startswith("cannot be confirmed by rerun")


@pytest.mark.parametrize(
    "more",
    [{"labels": {}}, {"labels": {LABEL: "no"}}, {"source": "jsonl"}, {"retry_of": "job-1"}, {"masked": True}],
)
def test_what_may_not_be_run_again_is_not(server: Server, more: dict[str, Any]) -> None:
    after_usual_runs(server, **more)
    assert server.app.confirming.submit_wanted() == 0
    assert server.reruns() == []


def test_what_ran_in_a_sandbox_is_not(server: Server) -> None:
    spec = JobSpec(command=("make", "test"), name="test", labels=ALLOWED, sandbox="box")
    after_usual_runs(server, effective=spec)
    assert server.app.confirming.submit_wanted() == 0


def test_keys_can_be_declared_in_the_configuration(open_app: Callable[..., App]) -> None:
    server = Server(open_app(learning__confirm="anomalies", learning__confirm_keys=["name:te*"]))
    after_usual_runs(server, labels={})
    assert server.app.confirming.submit_wanted() == 1


def test_it_is_off_unless_somebody_wants_it(app: App) -> None:
    server = Server(app)
    after_usual_runs(server)
    assert app.confirming.submit_wanted() == 0
    with app.store.read() as transaction:
        assert transaction.confirmations.wanted(server.start, 9) == []


def test_the_budget_of_an_hour_holds(open_app: Callable[..., App]) -> None:
    server = Server(open_app(learning__confirm="all", learning__confirm_per_hour=1))
    after_usual_runs(server)
    server.ran(2000.0)
    assert [server.app.confirming.submit_wanted() for _ in range(2)] == [1, 0]


def incident(at: datetime, **more: Any) -> Anomaly:
    given = {"id": "i", "job_id": "j", "type": "incident", "severity": Severity.CRITICAL, "title": "Incident"}
    given |= {"description": "d", "detected_at": at, "key": "k", "detector": "anomaly_incident"}
    return Anomaly.model_validate({**given, **more})


def test_during_an_incident_nothing_is_run_again_until_somebody_ends_it(server: Server) -> None:
    after_usual_runs(server)
    with server.app.store.write() as transaction:
        transaction.anomalies.put_many([incident(datetime.now(UTC))])
    assert server.app.confirming.submit_wanted() == 0
    server.app.insights.resolve("default", "i", by="me", resolution="the registry is back")
    assert server.app.confirming.submit_wanted() == 1


def test_a_failure_in_doubt_is_run_once_more(server: Server) -> None:
    for number in range(40):
        doubtful = server.ran(failed=number % 13 == 12)
    with server.app.store.read() as transaction:
        wanted = transaction.confirmations.wanted(server.start - timedelta(1), 99)
    assert wanted, "some failure was neither surely flaky nor surely not"
    assert all("flaky with a probability of" in each.because for each in wanted)
    assert server.app.confirming.submit_wanted() == len(wanted)
    rerun = server.reruns()[0]
    server.ends(rerun, 60.0)
    with server.app.store.read() as transaction:
        known = transaction.confirmations.of_rerun("default", rerun.job_id)
        assert known is not None
        assert known.because == f"not confirmed by rerun {rerun.job_id}: it passed"
    assert doubtful.status is Status.SUCCEEDED


def test_a_rerun_that_ends_before_anybody_knows_what_for_is_heeded(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_usual_runs(server)
    submit = server.app.jobs.submit

    def submit_and_end(spec: JobSpec, **how: Any) -> Run:
        return server.ends(submit(spec, **how), 60.0)

    monkeypatch.setattr(server.app.confirming, "_submit", submit_and_end)
    assert server.app.confirming.submit_wanted() == 1
    assert server.slow().confirmed is False


def test_a_process_killed_behind_submitting_makes_no_second_rerun(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    after_usual_runs(server)
    submit = server.app.jobs.submit

    def submit_and_die(spec: JobSpec, **how: Any) -> Run:
        submit(spec, **how)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(server.app.confirming, "_submit", submit_and_die)
        with pytest.raises(KeyboardInterrupt):
            server.app.confirming.submit_wanted()
    assert server.app.confirming.submit_wanted() == 1
    assert len(server.reruns()) == 1
