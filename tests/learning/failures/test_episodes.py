"""From a failure to what ended it, over histories of one key."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orcaops.learning.failures.episodes import MOST_RUNS, Following
from orcaops.model.diagnosis import Diagnosis
from orcaops.model.job import JobSpec
from orcaops.model.run import Run, Status

AT = datetime(2026, 3, 1, tzinfo=UTC)


def run_of(
    number: int, *, failed: bool, memory: int = 64, minutes: float | None = None, **more: object
) -> Run:
    begun = AT + timedelta(minutes=10 * number if minutes is None else minutes)
    spec = JobSpec(command=("make",), memory=memory)
    document: dict[str, object] = {
        "job_id": f"r{number}",
        "key": "name:k",
        "status": Status.FAILED if failed else Status.SUCCEEDED,
        "submitted_at": begun,
        "started_at": begun,
        "finished_at": begun + timedelta(minutes=1),
        "command": "make",
        "effective": spec,
        "number": number,
    }
    return Run.model_validate(document | more)


def diagnosis_of(run: Run) -> Diagnosis:
    assert run.finished_at is not None
    return Diagnosis(
        job_id=run.job_id,
        key=run.key,
        number=run.number or 0,
        at=run.finished_at,
        signature="s",
        family="oom",
        kind="k",
        text="t",
        infrastructure_probability=0.1,
        circumstance=run.job_id,
    )


def follow(runs: list[Run], *, cuts: int = 0) -> Following:
    """Follow the runs, in one go or with what waits carried over after every ``cuts`` of them."""
    by_id = {run.job_id: run for run in runs}
    whole = Following(lambda _workspace, job_id: by_id[job_id])
    part = whole
    for place, run in enumerate(runs):
        if cuts and place and place % cuts == 0:
            later = Following(lambda _workspace, job_id: by_id[job_id])
            later.waiting(each for each in whole.changed.values() if each.awaited)
            part = later
        failed = run.status is Status.FAILED
        part.follow(run, diagnosis_of(run) if failed else None)
        if part is not whole:
            whole.changed.update(part.changed)
            whole.trials += part.trials
            part.trials.clear()
    return whole


def test_the_next_success_ends_all_failures_before_it() -> None:
    runs = [run_of(1, failed=True), run_of(2, failed=True), run_of(3, failed=False, memory=256)]
    done = follow(runs)
    for job_id in ("r1", "r2"):
        ended = done.changed["default", job_id]
        assert (ended.ended_by, [atom.key for atom in ended.changed]) == ("r3", ["memory:raised"])
    steps = [(trial.job_id, trial.helped, [atom.key for atom in trial.atoms]) for trial in done.trials]
    assert steps == [("r1", False, []), ("r2", True, ["memory:raised"])], "each step is judged by itself"


def test_a_run_that_began_before_the_failure_is_no_answer_to_it() -> None:
    beside = run_of(2, failed=False, minutes=10.5)
    done = follow([run_of(1, failed=True), beside, run_of(3, failed=False)])
    assert done.changed["default", "r1"].ended_by == "r3"
    assert [trial.next_job_id for trial in done.trials] == ["r3"]


def test_after_seven_days_or_twenty_runs_nothing_is_awaited() -> None:
    late = follow([run_of(1, failed=True), run_of(2, failed=False, minutes=60 * 24 * 8)])
    assert late.changed["default", "r1"].ended_by is None
    assert not late.changed["default", "r1"].awaited
    assert late.trials == []
    runs = [run_of(n, failed=True) for n in range(1, MOST_RUNS + 2)] + [run_of(MOST_RUNS + 2, failed=False)]
    many = follow(runs)
    assert many.changed["default", "r1"].ended_by is None
    assert many.changed["default", "r2"].ended_by == f"r{MOST_RUNS + 2}"


def test_a_cancelled_run_says_nothing() -> None:
    cancelled = run_of(2, failed=False, status=Status.CANCELLED)
    done = follow([run_of(1, failed=True), cancelled, run_of(3, failed=False)])
    assert [trial.next_job_id for trial in done.trials] == ["r3"]
    assert done.changed["default", "r1"].runs_after == 1


@given(st.lists(st.tuples(st.booleans(), st.sampled_from([64, 128])), max_size=30), st.integers(1, 5))
def test_cutting_history_into_batches_changes_nothing(history: list[tuple[bool, int]], cuts: int) -> None:
    runs = [run_of(n, failed=failed, memory=memory) for n, (failed, memory) in enumerate(history, start=1)]
    whole, parts = follow(runs), follow(runs, cuts=cuts)
    assert whole.changed == parts.changed
    assert whole.trials == parts.trials
