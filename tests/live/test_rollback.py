"""A limit that begins to kill, on a real engine: undone before a second run is lost, the first retried."""

import contextlib
import importlib
from pathlib import Path

import pytest

from orcaops.app import build, now
from orcaops.config import load
from orcaops.model.job import JobSpec
from orcaops.model.optimization import Optimization, State
from orcaops.model.override import OptimizedField
from orcaops.model.run import Cause, Status
from tests.live.conftest import SMALL_IMAGE


@pytest.mark.live
def test_a_bad_limit_is_undone_before_a_second_run_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    found = importlib.import_module("benchmarks.bad_limit").bad_limit()
    if found is None:
        pytest.skip("no engine with orcaops-test/work:1 answers")
    assert (found.killed, found.lost, len(found.retried)) == (1, 0, 1)
    assert found.state == "rolled_back"
    assert [line.split(":")[0] for line in found.log] == [
        "orcaops propose proposed",
        "orcaops approve approved",
        "orcaops start canary",
        "orcaops stop rolled_back",
    ]
    assert f"{found.retried[0]} was killed at 192 MiB; its own limit is 256 MiB" in found.log[-1]


@pytest.mark.live
def test_a_limit_that_the_engine_refuses_is_undone_and_the_job_runs(tmp_path: Path) -> None:
    configuration = load({"home": tmp_path}, environment={}, folder=tmp_path, user_file=tmp_path / "none")
    with contextlib.closing(build(configuration)) as app:
        spec = JobSpec(image=SMALL_IMAGE, command=("echo", "fine"), memory=64 * 1024 * 1024, name="n")
        change = Optimization(
            id="o1",
            key="name:n",
            field=OptimizedField.MEMORY,
            state=State.CANARY,
            own=spec.memory,
            before=spec.memory,
            after=1024 * 1024,  # an engine gives nobody less than 6 MiB
            share=1.0,
            proposed_at=now(),
            changed_at=now(),
        )
        with app.store.write() as transaction:
            transaction.optimizations.put_many([change])
        final = app.jobs.run(spec)
        assert (final.status, final.attempt, final.overrides) == (Status.SUCCEEDED, 2, ())
        refused = app.jobs.get("default", f"{final.job_id}.1")
        assert (refused.cause, refused.started_at) == (Cause.INFRASTRUCTURE, None)
        found = app.optimizations.optimization("default", "o1")
        assert found.state is State.ROLLED_BACK
        assert found.history[-1].reason.startswith("the engine refused it: ")
        assert app.jobs.run(spec).attempt == 1


@pytest.mark.live
def test_runs_in_flight_get_their_own_limit_back_when_the_first_is_killed(tmp_path: Path) -> None:
    configuration = load({"home": tmp_path}, environment={}, folder=tmp_path, user_file=tmp_path / "none")
    with contextlib.closing(build(configuration)) as app:
        needs = "sleep $WAIT; dd if=/dev/zero of=/dev/null bs=100M count=1"
        specs = [
            JobSpec(
                image=SMALL_IMAGE,
                command=("sh", "-c", needs),
                env={"WAIT": str(wait_s)},
                memory=256 * 1024 * 1024,
                name="n",
            )
            for wait_s in (3, 20, 20, 20)  # the others began beside the first, and grow when it has died
        ]
        change = Optimization(
            id="o1",
            key="name:n",
            field=OptimizedField.MEMORY,
            state=State.KEPT,
            own=specs[0].memory,
            before=specs[0].memory,
            after=64 * 1024 * 1024,
            share=1.0,
            proposed_at=now(),
            changed_at=now(),
        )
        with app.store.write() as transaction:
            transaction.optimizations.put_many([change])
        app.start()
        submitted = [app.jobs.submit(spec) for spec in specs]
        assert all(run.overrides for run in submitted), "all of them have the change"
        finals = [app.jobs.wait("default", run.job_id, timeout_s=120) for run in submitted]
        assert [run.status for run in finals] == [Status.SUCCEEDED] * 4
        assert [run.attempt for run in finals] == [2, 1, 1, 1], "one was killed, and tried again"
        assert all(run.overrides == () for run in finals)
        assert all(run.effective and run.effective.memory == specs[0].memory for run in finals)
        assert app.optimizations.optimization("default", "o1").state is State.ROLLED_BACK
