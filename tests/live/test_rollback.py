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
