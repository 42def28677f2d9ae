"""What OrcaOps does about a failure when told to: only what fits and policy allows, and never in a loop."""

import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from orcaops.app import App
from orcaops.model.decision import Decision
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.job import JobSpec
from orcaops.model.remedy import Action
from orcaops.model.run import Cause, Run, Status

OpenApp = Callable[..., App]
ALL = [each.value for each in Action]


def slow(app: App, seconds: float, timeout: float = 0.4) -> Run:
    """A job that takes so long, and is stopped before."""
    program = f"import time; print('waiting', flush=True); time.sleep({seconds})"
    return app.jobs.run(JobSpec(name="slow", command=(sys.executable, "-c", program), timeout=timeout))


def failing(app: App, line: str, name: str = "failing") -> Run:
    """A job that prints a line and fails, the first time."""
    marker = app.settings.home / f"{name}-passed"
    script = f'[ -e "{marker}" ] && exit 0; touch "{marker}"; echo "{line}" >&2; exit 1'
    return app.jobs.run(JobSpec(name=name, command=("sh", "-c", script)))


def decisions(app: App, subject: str, subject_id: str) -> list[Decision]:
    with app.store.read() as transaction:
        return transaction.decisions.about("default", subject, subject_id)


def test_nothing_is_allowed_by_default(app: App) -> None:
    run = slow(app, 5)
    assert run.cause is Cause.TIMEOUT_TOTAL
    (remedy,) = app.failures.debug("default", run.job_id).remedies
    assert (remedy.action, remedy.allowed) == (Action.RAISE_TIMEOUT, False)
    assert "policy.remediate" in (remedy.why_not or "")
    with pytest.raises(OrcaError) as caught:
        app.remediation.fix("default", run.job_id, by="joe")
    assert caught.value.code is ErrorCode.FORBIDDEN
    assert "remediate" in caught.value.hint
    assert not decisions(app, "remedy", run.job_id)


def test_a_limit_that_ran_out_is_raised_once_and_counted(open_app: OpenApp) -> None:
    app = open_app(policy__remediate=ALL)
    run = slow(app, 30, timeout=0.4)
    assert run.cause is Cause.TIMEOUT_TOTAL
    taken = app.remediation.fix("default", run.job_id, by="joe")
    assert (taken.action, taken.before, taken.after) == (Action.RAISE_TIMEOUT, "400 ms", "800 ms")
    new = app.jobs.get("default", taken.job_id)
    assert new.requested is not None
    assert new.requested.timeout == pytest.approx(0.8)
    assert new.requested.parent_job_id == run.job_id
    take, end, follow = decisions(app, "remedy", run.job_id)
    assert (take.verb, take.by, take.details["before"], take.details["after"]) == (
        "take",
        "joe",
        "400 ms",
        "800 ms",
    )
    assert "timeout" in (take.reason or "")
    assert follow.details["job_id"] == end.details["job_id"] == new.job_id
    assert end.details["status"] == new.status
    with pytest.raises(OrcaError) as caught:
        app.remediation.fix("default", run.job_id, by="joe")
    assert caught.value.code is ErrorCode.CONFLICT
    assert new.job_id in caught.value.message
    (shown,) = app.failures.debug("default", run.job_id).remedies
    assert (shown.job_id, shown.allowed) == (new.job_id, False)


def test_what_takes_all_it_is_given_is_given_no_more(open_app: OpenApp) -> None:
    app = open_app(policy__remediate=ALL)
    first = slow(app, 30)
    second = app.remediation.fix("default", first.job_id, by="joe")
    assert second.status is Status.TIMED_OUT
    with pytest.raises(OrcaError, match="given more already") as caught:
        app.remediation.fix("default", second.job_id, by="joe")
    assert caught.value.code is ErrorCode.CONFLICT


def test_the_policy_bounds_what_is_raised(open_app: OpenApp) -> None:
    app = open_app(policy__remediate=ALL, policy__max_timeout=0.5)
    run = slow(app, 30)
    (remedy,) = app.failures.debug("default", run.job_id).remedies
    assert not remedy.allowed
    assert "max_timeout" in (remedy.why_not or "")
    with pytest.raises(OrcaError) as caught:
        app.remediation.fix("default", run.job_id, Action.RAISE_TIMEOUT, by="joe")
    assert caught.value.code is ErrorCode.FORBIDDEN


def test_code_is_never_just_tried_again(open_app: OpenApp) -> None:
    app = open_app(policy__remediate=ALL)
    run = failing(app, "ModuleNotFoundError: No module named 'yaml'")
    analysis = app.failures.debug("default", run.job_id)
    assert Action.RETRY not in {each.action for each in analysis.remedies}
    with pytest.raises(OrcaError, match="does not fit") as caught:
        app.remediation.fix("default", run.job_id, Action.RETRY, by="joe")
    assert caught.value.code is ErrorCode.CONFLICT


def test_infrastructure_is_tried_again_and_counts_for_trying_again(open_app: OpenApp) -> None:
    app = open_app(policy__remediate=["retry"])
    run = failing(app, "Could not resolve host: mirror.example.org")
    taken = app.remediation.fix("default", run.job_id, by="joe")
    assert (taken.action, taken.status) == (Action.RETRY, Status.SUCCEEDED)
    app.absorber.absorb_all()
    assert [each.verb for each in decisions(app, "remedy", run.job_id)] == ["take", "end", "follow"]
    with app.store.read() as transaction:
        failure = transaction.diagnoses.find("default", [run.job_id])[run.job_id]
        (trial,) = transaction.diagnoses.trials_of("default", signature=failure.signature)
    assert trial.helped
    assert trial.atoms == ()


def test_making_room_counts_for_the_advice_that_asks_for_it(open_app: OpenApp) -> None:
    app = open_app(policy__remediate=["free_disk"])
    run = failing(app, "cp: write error: No space left on device")
    remedy = next(each for each in app.failures.debug("default", run.job_id).remedies if each.allowed)
    assert remedy.action is Action.FREE_DISK
    assert remedy.solution_id is not None
    before = app.knowledge.solutions("default", "disk.full")
    taken = app.remediation.fix("default", run.job_id, by="joe")
    assert taken.status is Status.SUCCEEDED
    app.absorber.absorb_all()
    after = {each.id: each.effect for each in app.knowledge.solutions("default", "disk.full")}
    was = {each.id: each.effect for each in before}
    assert after[remedy.solution_id].n == was[remedy.solution_id].n + 1
    assert after[remedy.solution_id].helped == was[remedy.solution_id].helped + 1
    told = len(decisions(app, "solution", remedy.solution_id))
    app.upkeep.relearn()
    assert len(decisions(app, "solution", remedy.solution_id)) == told == 1


def test_what_was_interrupted_goes_on_where_it_was(
    open_app: OpenApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app(policy__remediate=["retry"])
    run = failing(app, "Could not resolve host: mirror.example.org")

    def dies(*_: object) -> Run:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(app.remediation, "_launch", dies)
        with pytest.raises(KeyboardInterrupt):
            app.remediation.fix("default", run.job_id, by="joe")
    taken = app.remediation.fix("default", run.job_id, by="ann")
    assert taken.by == "joe"
    assert [each.verb for each in decisions(app, "remedy", run.job_id)] == ["take", "end", "follow"]


def test_secrets_are_not_kept_so_the_job_cannot_be_run_again(open_app: OpenApp) -> None:
    app = open_app(policy__remediate=ALL)
    spec = JobSpec(
        name="secret", command=("sh", "-c", "sleep 5"), timeout=0.3, env={"API_TOKEN": "s3cr3t-s3cr3t"}
    )
    run = app.jobs.run(spec)
    assert run.masked
    assert all(not each.allowed for each in app.failures.debug("default", run.job_id).remedies)


@pytest.mark.parametrize("command", ["true", "sleep 0"])
def test_a_job_that_passed_has_nothing_to_be_mended(open_app: OpenApp, command: str, tmp_path: Path) -> None:
    app = open_app(policy__remediate=ALL)
    run = app.jobs.run(JobSpec(name="fine", command=("sh", "-c", command)))
    with pytest.raises(OrcaError) as caught:
        app.remediation.fix("default", run.job_id, by="joe")
    assert caught.value.code is ErrorCode.CONFLICT
