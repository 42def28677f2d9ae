"""Limits on a real engine: processors that slow a job down, timeouts that end what hangs, more memory."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from orcaops.app import App, build, now
from orcaops.config import load
from orcaops.model.job import JobSpec
from orcaops.model.optimization import Mode, Optimization, State
from orcaops.model.override import OptimizedField
from orcaops.model.quantities import MIB
from orcaops.model.run import Cause, Run, Status
from tests.live.conftest import WORK_IMAGE

pytestmark = pytest.mark.live

WORK = """\
import sys, time
while time.process_time() < float(sys.argv[1]):
    pass
"""
HOLD = """\
import sys
held = bytearray(int(sys.argv[1]) << 20)
for place in range(0, len(held), 4096):
    held[place] = 1
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    chosen = load({"home": tmp_path / "home"}, environment={}, folder=tmp_path, user_file=tmp_path / "none")
    with contextlib.closing(build(chosen)) as made:
        yield made


def job(script: str, *arguments: str, **fields: object) -> JobSpec:
    known = {"image": WORK_IMAGE, "command": ["python3", "-c", script, *arguments], "name": "n"}
    return JobSpec.model_validate(known | fields)


def put(app: App, **fields: object) -> None:
    known: dict[str, object] = {"id": "o1", "key": "name:n", "proposed_at": now(), "changed_at": now()}
    with app.store.write() as transaction:
        transaction.optimizations.put_many([Optimization.model_validate(known | fields)])


def change(app: App) -> Optimization:
    return app.optimizations.optimization("default", "o1")


def test_fewer_processors_that_slow_a_job_down_are_given_back(app: App) -> None:
    spec = job(WORK, "0.1", cpus=1)
    put(app, field=OptimizedField.CPUS, state=State.HALF, own=1.0, before=1.0, after=0.05, share=0.5)
    finals: list[Run] = []
    while change(app).state is State.HALF and len(finals) < 30:
        finals.append(app.jobs.run(spec))
    assert {final.status for final in finals} == {Status.SUCCEEDED}, "throttling kills nobody"
    assert change(app).state is State.ROLLED_BACK
    assert "times as long" in change(app).history[-1].reason
    assert len(finals) <= 22, "ten with it are enough"
    assert app.jobs.run(spec).overrides == ()


def test_a_hung_job_is_ended_by_the_shorter_timeout_and_a_healthy_one_is_not(app: App) -> None:
    put(
        app,
        field=OptimizedField.TIMEOUT,
        state=State.KEPT,
        own=60.0,
        before=60.0,
        after=5.0,
        share=1.0,
        busy=True,
    )
    healthy = app.jobs.run(job(WORK, "0.3", timeout=60))
    assert (healthy.status, healthy.attempt) == (Status.SUCCEEDED, 1)
    hung = app.jobs.run(job("import time; time.sleep(60)", timeout=60))
    assert (hung.status, hung.cause, hung.attempt) == (Status.TIMED_OUT, Cause.TIMEOUT_TOTAL, 1)
    assert hung.duration_s is not None
    assert 4.9 < hung.duration_s < 30, "and not sixty"
    assert change(app).state is State.KEPT
    at_work = app.jobs.run(job(WORK, "8", timeout=60))
    assert (at_work.status, at_work.attempt) == (Status.SUCCEEDED, 2), "it was healthy, and is not lost"
    assert change(app).state is State.ROLLED_BACK


def test_what_ran_out_of_memory_is_given_twice_as_much_once(app: App) -> None:
    app.optimizations.set_mode("default", Mode.AUTO, field=OptimizedField.MEMORY, by="ann")
    final = app.jobs.run(job(HOLD, "90", memory=64 * MIB))
    assert (final.status, final.attempt, final.retry_of) == (Status.SUCCEEDED, 2, f"{final.job_id}.1")
    assert final.requested is not None
    assert final.effective is not None
    assert (final.requested.memory, final.effective.memory) == (64 * MIB, 128 * MIB)
    killed = app.jobs.get("default", f"{final.job_id}.1")
    assert killed.cause is Cause.OOM_KILLED
    assert "it runs again with 128 MiB" in (killed.message or "")
    finals = [app.jobs.run(job(HOLD, "400", memory=64 * MIB)) for _ in range(3)]
    assert [(each.status, each.attempt) for each in finals] == [
        (Status.FAILED, 2),
        (Status.FAILED, 1),
        (Status.FAILED, 1),
    ], "what takes whatever it is given is given no more"
