"""Advice: recommendations follow from facts and decisions, however they were learned."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from orcaops.app import App
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.job import JobSpec
from orcaops.model.quantities import MIB
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Cause, Run, Status, Usage
from orcaops.model.sandbox import Sandbox, SandboxSpec, SandboxState

_START = datetime(2026, 1, 1, tzinfo=UTC)


def limited_run(number: int, name: str, *, limit: int, held: int, **fields: Any) -> Run:
    begun = _START + timedelta(minutes=number)
    spec = JobSpec(name=name, shell="make", memory=limit, timeout=60)
    made: dict[str, Any] = {
        "job_id": f"{name}-{number}",
        "key": f"name:{name}",
        "name": name,
        "command": "make",
        "status": Status.SUCCEEDED,
        "cause": Cause.SUCCESS,
        "exit_code": 0,
        "submitted_at": begun,
        "started_at": begun,
        "finished_at": begun + timedelta(seconds=5),
        "duration_s": 5.0,
        "requested": spec,
        "effective": spec,
        "usage": Usage(memory_peak_bytes=held),
    }
    return Run.model_validate(made | fields)


def absorb(app: App, runs: Sequence[Run]) -> None:
    with app.store.write() as transaction:
        transaction.runs.add_new(runs)
    app.absorber.absorb_all()


def recommendations(app: App) -> list[Recommendation]:
    return sorted(app.advice.recommendations("default", state=None).items, key=lambda each: each.id)


def roomy(app: App, name: str = "a", n: int = 12, first: int = 0, limit: int = 4096 * MIB) -> Recommendation:
    """A job that holds 200 MiB of 4 GiB; what is advised about its memory."""
    absorb(app, [limited_run(first + k, name, limit=limit, held=200 * MIB) for k in range(n)])
    return next(each for each in recommendations(app) if each.key == f"name:{name}")


def test_what_is_no_longer_worth_proposing_is_withdrawn(app: App) -> None:
    assert roomy(app).field == "memory"
    absorb(app, [limited_run(n, "a", limit=300 * MIB, held=200 * MIB) for n in range(12, 16)])
    assert recommendations(app) == []


def test_a_variation_tried_once_leaves_the_advice_and_a_lasting_change_takes_it(app: App) -> None:
    standing = roomy(app)

    def tried(number: int, **fields: Any) -> Run:
        return limited_run(number, "a", limit=1, held=200 * MIB, command="make -j", **fields)

    for number in (12, 13):
        absorb(app, [tried(number, requested=None, effective=None)])
        assert [each.id for each in recommendations(app)] == [standing.id]
    absorb(app, [limited_run(14, "a", limit=4096 * MIB, held=200 * MIB)])
    absorb(app, [tried(15), tried(16)])
    assert [each.id for each in recommendations(app)] == [standing.id]
    absorb(app, [tried(17)])
    assert recommendations(app) == [], "three in a row are what the job runs now"


def test_relearning_gives_the_same_recommendations_with_what_was_decided(app: App) -> None:
    for name in ("a", "b", "d"):
        roomy(app, name)
    absorb(app, [limited_run(n, "c", limit=2048 * MIB, held=100 * MIB) for n in range(12)])
    absorb(app, [limited_run(n, "c", limit=150 * MIB, held=100 * MIB) for n in range(12, 14)])
    by_key = {each.key: each for each in recommendations(app)}
    app.advice.dismiss("default", by_key["name:b"].id, by="somebody", reason="it grows at month end")
    app.advice.apply("default", by_key["name:d"].id, by="somebody")
    absorb(app, [limited_run(n, "d", limit=256 * MIB, held=200 * MIB) for n in range(12, 30)])
    live = recommendations(app)
    states = {each.key: each.state for each in live}
    assert states == {"name:a": "open", "name:b": "dismissed", "name:d": "applied"}
    app.upkeep.relearn()
    assert recommendations(app) == live


kinds = st.lists(
    st.tuples(
        st.sampled_from("ab"),
        st.sampled_from([256 * MIB, 1024 * MIB, 4096 * MIB]),
        st.integers(1, 2000),
        st.sampled_from([Cause.SUCCESS] * 8 + [Cause.OOM_KILLED, Cause.INFRASTRUCTURE]),
    ),
    min_size=1,
    max_size=80,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(history=kinds, cuts=st.sets(st.integers(1, 79)))
@example(history=[(name, 4096 * MIB, 100, Cause.SUCCESS) for name in "ab" * 12], cuts={7})
def test_it_does_not_matter_how_runs_came_in(app: App, history: list[Any], cuts: set[int]) -> None:
    runs = [
        limited_run(
            number,
            name,
            limit=limit,
            held=min(held * MIB, limit),
            cause=cause,
            status=Status.SUCCEEDED if cause is Cause.SUCCESS else Status.FAILED,
        )
        for number, (name, limit, held, cause) in enumerate(history)
    ]
    workspaces = []
    for batches in ([0, *sorted(cut for cut in cuts if cut < len(runs)), len(runs)], [0, len(runs)]):
        workspace = f"w{next(_numbers)}"
        workspaces.append(workspace)
        for begin, end in pairwise(batches):
            absorb(app, [run.changed(workspace=workspace) for run in runs[begin:end]])
    one, other = (  # of two that are worth as much the id says which is listed first
        sorted(
            (
                each.model_dump(exclude={"id", "workspace"})
                for each in app.advice.recommendations(workspace, state=None).items
            ),
            key=lambda each: (each["key"], each["type"], each["title"]),
        )
        for workspace in workspaces
    )
    assert one == other


_numbers = iter(range(10**6))


def test_many_runs_at_once_are_advised_when_all_are_learned_from(app: App) -> None:
    absorb(
        app,
        [
            limited_run(10 * n + k, f"job{k}", limit=4096 * MIB, held=200 * MIB)
            for n in range(12)
            for k in range(120)
        ],
    )
    assert len({each.key for each in app.advice.recommendations("default", limit=1000).items}) == 120


def test_a_dismissed_one_comes_back_when_its_score_has_doubled(app: App) -> None:
    found = roomy(app)
    dismissed = app.advice.dismiss("default", found.id, by="somebody", reason="not worth it")
    assert dismissed.state == "dismissed"
    assert "not worth it" in (dismissed.remark or "")
    absorb(app, [limited_run(12, "a", limit=4096 * MIB, held=200 * MIB)])
    assert app.advice.recommendation("default", found.id).state == "dismissed"
    absorb(app, [limited_run(n, "a", limit=4096 * MIB, held=200 * MIB) for n in range(13, 60)])
    assert app.advice.recommendation("default", found.id).state == "dismissed", "a busy hour is no busy job"
    tomorrow = 25 * 60
    absorb(app, [limited_run(tomorrow + n, "a", limit=4096 * MIB, held=200 * MIB) for n in range(47)])
    again = app.advice.recommendation("default", found.id)
    assert again.state == "open"
    assert again.score >= 2 * found.score
    assert "not worth it" in (again.remark or "")


def test_what_was_promised_and_what_came_stand_side_by_side(app: App) -> None:
    found = roomy(app)
    assert found.change is not None
    app.advice.apply("default", found.id, by="somebody")
    lower = int(found.change.after or 0)
    absorb(app, [limited_run(n, "a", limit=lower, held=200 * MIB) for n in range(12, 16)])
    early = app.advice.recommendation("default", found.id).effect
    assert early is not None
    assert (early.verdict, early.runs_after) == ("pending", 4)
    absorb(app, [limited_run(n, "a", limit=lower, held=200 * MIB) for n in range(16, 30)])
    effect = app.advice.recommendation("default", found.id).effect
    assert effect is not None
    assert effect.verdict == "kept"
    assert effect.realised == pytest.approx(effect.promised)


def test_worse_than_promised_is_told_once(app: App) -> None:
    found = roomy(app)
    app.advice.apply("default", found.id, by="somebody")
    for n in range(12, 30):  # the limit was left as it is, and the job takes twice as long
        slow = limited_run(n, "a", limit=4096 * MIB, held=200 * MIB, duration_s=10.0)
        absorb(app, [slow])
    shown = app.advice.recommendation("default", found.id)
    assert shown.effect is not None
    assert shown.effect.verdict == "worse"
    assert shown.remark == shown.effect.sentence
    with app.store.write() as transaction:
        due = transaction.outbox.due(datetime(2100, 1, 1, tzinfo=UTC), 1000)
        told = [notice for notice in due if notice.subject == "recommendation"]
    assert [notice.subject_ids for notice in told] == [(found.id,)]


def test_one_that_is_applied_leaves_room_for_the_next_step(app: App) -> None:
    first = roomy(app)
    app.advice.apply("default", first.id, by="somebody")
    absorb(app, [limited_run(n, "a", limit=2048 * MIB, held=100 * MIB) for n in range(12, 80)])
    found = {each.state: each for each in recommendations(app) if each.field == "memory"}
    assert found["applied"].id == first.id
    assert found["open"].id != first.id
    assert found["open"].change is not None
    assert found["open"].change.before == 2048 * MIB


def test_jobs_that_are_nearly_there_are_named(app: App) -> None:
    absorb(app, [limited_run(n, "a", limit=4096 * MIB, held=200 * MIB) for n in range(7)])
    [soon] = app.advice.nearly("default")
    assert (soon.key, soon.have, soon.need) == ("name:a", 7, 10)
    absorb(app, [limited_run(n, "a", limit=4096 * MIB, held=200 * MIB) for n in range(7, 10)])
    assert app.advice.nearly("default") == []
    assert recommendations(app) != []


def test_a_job_whose_duration_has_changed_is_not_told_to_begin_anew(app: App) -> None:
    """A new regime counts its runs from one; advice looks at those before, too."""
    durations = {"duration_s": 10.0}, {"duration_s": 100.0}
    runs = [limited_run(n, "a", limit=4096 * MIB, held=200 * MIB, **durations[n >= 20]) for n in range(29)]
    absorb(app, runs)
    [known] = app.insights.baselines("default").items
    assert (known.sample_count, known.established) == (9, False)
    assert app.advice.nearly("default") == []
    assert recommendations(app) != []


def test_a_proposal_is_tried_on_a_real_run_that_teaches_nothing(app: App) -> None:
    for n in range(12):
        spec = JobSpec(name="true", command=("true",), timeout=86400)
        absorb(app, [limited_run(n, "true", limit=1, held=1, requested=spec, effective=spec, command="true")])
    absorb(
        app,
        [
            limited_run(n, "true", limit=1, held=1, requested=spec, effective=spec, command="true")
            for n in range(12, 24)
        ],
    )
    found = next(each for each in recommendations(app) if each.field == "timeout")
    before = app.insights.baseline("default", "name:true").run_count
    tried = app.advice.try_out("default", found.id, by="somebody")
    assert tried.trial is not None
    assert tried.trial.state == "confirmed"
    [job_id] = tried.trial.job_ids
    run = app.jobs.get("default", job_id)
    assert (run.status, run.teaches) == (Status.SUCCEEDED, False)
    assert run.requested is not None
    assert found.change is not None
    assert run.requested.timeout == found.change.after
    assert app.insights.baseline("default", "name:true").run_count == before
    assert tried.evidence["trial_job_ids"] == [job_id]
    live = recommendations(app)
    app.upkeep.relearn()
    assert recommendations(app) == live


def test_what_cannot_be_tried_is_refused(app: App) -> None:
    found = roomy(app)
    with pytest.raises(OrcaError) as refused:
        app.advice.try_out("default", "nothing", by="somebody")
    assert refused.value.code is ErrorCode.NOT_FOUND
    with app.store.write() as transaction:
        transaction.recommendations.put_many([found.model_copy(update={"change": None})])
    with pytest.raises(OrcaError) as refused:
        app.advice.try_out("default", found.id, by="somebody")
    assert refused.value.code is ErrorCode.CONFLICT


def idle_sandbox(app: App, its_id: str, *, idle_limit_s: float = 60.0, used: bool = True) -> None:
    """A sandbox in which a command ran an hour ago, or that was made then and never used."""
    at = datetime.now(UTC) - timedelta(hours=1)
    with app.store.write() as transaction:
        transaction.sandboxes.put(
            Sandbox(
                id=its_id,
                image="x:1",
                state=SandboxState.RUNNING,
                spec=SandboxSpec(image="x:1"),
                created_at=at,
                used_at=at,
                expires_at=at + timedelta(days=1),
                idle_limit_s=idle_limit_s,
                executions=int(used),
            )
        )
        if used:
            transaction.runs.add_new([limited_run(1, its_id, limit=MIB, held=MIB, sandbox=its_id)])


def test_a_sandbox_in_which_no_command_ever_ran_is_told_too(app: App) -> None:
    idle_sandbox(app, "never", used=False)
    (found,) = recommendations(app)
    assert (found.field, found.state, found.evidence["job_ids"]) == ("never", "open", [])


def test_a_sandbox_that_nobody_uses_is_told_when_somebody_asks(app: App) -> None:
    idle_sandbox(app, "forgotten")
    idle_sandbox(app, "patient", idle_limit_s=8 * 3600.0)
    (found,) = recommendations(app)
    assert (found.key, found.field) == ("sandboxes", "forgotten")
    assert found.action == "orcaops sandbox remove forgotten"
    assert found.evidence["job_ids"] == ["forgotten-1"]
    app.advice.dismiss("default", found.id, by="me", reason="I need it")
    assert [each.state for each in recommendations(app)] == ["dismissed"]
    idle_sandbox(app, "another")
    assert {each.field: each.state for each in recommendations(app)} == {
        "forgotten": "dismissed",
        "another": "open",
    }
    with app.store.write() as transaction:
        for gone in transaction.sandboxes.living():
            transaction.sandboxes.put(gone.model_copy(update={"state": SandboxState.REMOVED}))
    assert [each.state for each in recommendations(app)] == ["dismissed"], "what is gone is advised no more"
