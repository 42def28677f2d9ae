"""One mind about a limit: recommendations, proposals, what people decide about either, and who is told."""

import sys
from collections.abc import Callable
from datetime import timedelta

import pytest

from orcaops.app import App, now
from orcaops.model.job import JobSpec
from orcaops.model.notice import Notice
from orcaops.model.optimization import Mode, State
from orcaops.model.override import Arm, Assignment, OptimizedField
from orcaops.model.run import Cause, Run, Status, Usage

MIB = 1024**2
SPEC = JobSpec(command=("true",), name="n", timeout=3600, memory=1024 * MIB)


def history(
    app: App,
    count: int,
    *,
    held: int = 60 * MIB,
    cause: Cause = Cause.SUCCESS,
    first: int = 0,
    **more: object,
) -> None:
    """Runs that have ended, hours apart, learned from."""
    begin = now() - timedelta(days=20)
    runs = [
        Run(
            job_id=f"past-{n:03}",
            key="name:n",
            name="n",
            status=Status.SUCCEEDED if cause is Cause.SUCCESS else Status.FAILED,
            cause=cause,
            submitted_at=(at := begin + timedelta(hours=n)),
            started_at=at,
            finished_at=at + timedelta(seconds=10),
            duration_s=10.0,
            executor="process",
            **more,
            requested=SPEC,
            effective=SPEC,
            usage=Usage(memory_peak_bytes=held + n % 3 * MIB, memory_resident_bytes=held + n % 3 * MIB),
        )
        for n in range(first, first + count)
    ]
    with app.store.write() as transaction:
        transaction.runs.add_new(runs)
    app.absorber.absorb_all()


def told(app: App) -> list[Notice]:
    with app.store.read() as transaction:
        return [each for each in transaction.outbox.waiting("default") if each.subject == "optimization"]


def of_memory(app: App) -> tuple[str, str]:
    """The ids of what is recommended, and of what is proposed, about the memory limit."""
    (advised,) = [
        each
        for each in app.advice.recommendations("default", state=None).items
        if each.change is not None and each.change.field == "memory"
    ]
    proposed = app.optimizations.optimizations("default").items
    return advised.id, next((each.id for each in proposed if each.field is OptimizedField.MEMORY), "")


@pytest.mark.parametrize(("mode", "count"), [(Mode.SUGGEST, 0), (Mode.APPROVE, 1), (Mode.OFF, 0)])
def test_what_waits_for_approval_is_told_once_where_people_want_to_be_asked(
    app: App, mode: Mode, count: int
) -> None:
    app.optimizations.set_mode("default", mode, field=OptimizedField.MEMORY, by="ann")
    history(app, 25)
    history(app, 25, first=25)
    notices = told(app)
    assert len(notices) == count
    if notices:
        assert notices[0].title.startswith("Waits for your approval: Lower the memory limit from 1.0 GiB to")
        assert notices[0].body.endswith(f"orcaops optimizations approve {of_memory(app)[1]}")
    (check,) = (each for each in app.upkeep.doctor() if each.name == "optimisation")
    assert check.state == ("warning" if count else "ok")


def test_a_change_that_hurt_is_told(app: App) -> None:
    history(app, 25)
    _, its_id = of_memory(app)
    app.optimizations.approve("default", its_id, by="ann")
    without = Assignment(optimization_id=its_id, stage="canary", arm=Arm.CONTROL)
    history(app, 1, held=900 * MIB, first=30, trial=without)  # it would not have fitted
    assert app.optimizations.optimization("default", its_id).state is State.ROLLED_BACK
    (notice,) = told(app)
    assert notice.severity == "warning"
    assert "would have been killed" in notice.body


def test_who_dismisses_the_advice_wants_no_trial_of_it_either(app: App) -> None:
    history(app, 25)
    advised, proposed = of_memory(app)
    app.advice.dismiss("default", advised, by="ann", reason="it grows at month end")
    found = app.optimizations.optimization("default", proposed)
    assert found.state is State.REJECTED
    assert "it grows at month end" in found.history[-1].reason
    history(app, 25, first=25)
    assert app.optimizations.optimization("default", proposed).state is State.REJECTED


def test_what_was_dismissed_before_there_was_a_proposal_is_not_proposed(app: App) -> None:
    app.optimizations.set_mode("default", Mode.OFF, by="ann")
    history(app, 22)
    advised, proposed = of_memory(app)
    assert not proposed
    app.advice.dismiss("default", advised, by="ann", reason="no")
    app.optimizations.set_mode("default", Mode.AUTO, by="ann")
    history(app, 25, first=25)
    fields = [each.field for each in app.optimizations.optimizations("default").items]
    assert OptimizedField.MEMORY not in fields
    assert OptimizedField.TIMEOUT in fields


def test_what_is_applied_is_tried_though_nobody_had_proposed_it(app: App) -> None:
    app.optimizations.set_mode("default", Mode.OFF, by="ann")
    history(app, 22)
    advised, _ = of_memory(app)
    by_hand = app.advice.apply("default", advised, by="ann")
    assert by_hand.remark is not None
    assert by_hand.remark.startswith("to be done by hand"), "its mode is off"
    app.optimizations.set_mode("default", Mode.SUGGEST, by="ann")
    app.advice.apply("default", advised, by="ann")
    _, its_id = of_memory(app)
    found = app.optimizations.optimization("default", its_id)
    assert (found.state, found.approved_by) == (State.CANARY, "ann")
    assert (found.own, found.after, found.target) == (1024 * MIB, 720 * MIB, 80 * MIB), (
        "by steps, all the same"
    )


def test_a_limit_that_jobs_run_into_is_raised_when_somebody_applies_that(app: App) -> None:
    history(app, 15, held=1000 * MIB)
    history(app, 3, held=1024 * MIB, cause=Cause.OOM_KILLED, first=15)
    advised, proposed = of_memory(app)
    assert not proposed, "more than a job asks for is nothing that OrcaOps would propose to itself"
    app.advice.apply("default", advised, by="ann")
    changes = app.optimizations.optimizations("default").items
    (found,) = (each for each in changes if each.field is OptimizedField.MEMORY)
    assert (found.state, found.own) == (State.CANARY, 1024 * MIB)
    assert isinstance(found.after, int)
    assert found.after >= 2048 * MIB


BUSY = """\
import time
end = time.monotonic() + {seconds}
while time.monotonic() < end:
    pass
"""


def busy(app: App, seconds: float, timeout: float) -> Run:
    command = (sys.executable, "-S", "-c", BUSY.format(seconds=seconds))
    return app.jobs.run(JobSpec(command=command, name="s", timeout=timeout))


@pytest.mark.parametrize(
    ("mode", "flags", "attempts"),
    [
        (Mode.SUGGEST, {}, 1),
        (Mode.AUTO, {}, 2),
        (Mode.SUGGEST, {"optimization__raise_to": 3.0}, 2),
        (Mode.AUTO, {"optimization__raise_to": 1.0}, 1),
        (Mode.OFF, {"optimization__raise_to": 3.0}, 1),
    ],
)
def test_what_ran_out_is_raised_on_the_retry_where_that_is_allowed(
    open_app: Callable[..., App], mode: Mode, flags: dict[str, float], attempts: int
) -> None:
    app = open_app(**flags)
    app.optimizations.set_mode("default", mode, by="ann")
    final = busy(app, 1.0, 0.8)
    assert final.attempt == attempts
    assert (final.status is Status.SUCCEEDED) is (attempts == 2)
    if attempts == 2:
        assert final.effective is not None
        assert final.effective.timeout == 1.6, "twice its own, and no more"
        assert final.requested is not None
        assert final.requested.timeout == 0.8


def test_a_job_that_takes_whatever_it_is_given_is_given_no_more(app: App) -> None:
    app.optimizations.set_mode("default", Mode.AUTO, by="ann")
    assert [busy(app, 30, 0.3).attempt for _ in range(4)] == [2, 1, 1, 1]


def test_a_run_that_hung_is_not_given_more_time(app: App) -> None:
    app.optimizations.set_mode("default", Mode.AUTO, by="ann")
    final = app.jobs.run(JobSpec(command=("sleep", "30"), name="h", timeout=1.5))
    assert (final.status, final.attempt) == (Status.TIMED_OUT, 1)
