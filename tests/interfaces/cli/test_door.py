"""A command that finds runs of the dead waits for their end, and for nothing else."""

from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace

import pytest

from orcaops import config
from orcaops.app import App, build
from orcaops.interfaces.cli import door
from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Run, Status
from orcaops.running.ownership import Ownership


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    chosen = config.load({"home": tmp_path / "home"}, environment={}, folder=tmp_path)
    with closing(build(chosen)) as built:
        yield built


class Worker:
    """A worker that does its work ``after_s``, or ends then without having done it."""

    def __init__(self, app: App, after_s: float, *, fails: bool = False) -> None:
        self.now_s = 0.0
        self._app = app
        self._after_s = after_s
        self._fails = fails
        self._ended = False

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds
        self.work()

    def work(self) -> None:
        if not self._ended and self.now_s >= self._after_s:
            self._ended = True
            if not self._fails:
                self._app.recovery.recover()
                self._app.recovery.wait()

    def poll(self) -> int | None:
        return int(self._fails) if self._ended else None


@pytest.fixture
def settle(app: App, monkeypatch: pytest.MonkeyPatch) -> Callable[..., float]:
    """Lets a command find what the dead have left; returns for how many seconds it waited."""

    def settle(after_s: float, *, fails: bool = False) -> float:
        worker = Worker(app, after_s, fails=fails)

        def start(_app: App, *_arguments: str) -> Worker:
            worker.work()
            return worker

        monkeypatch.setattr(door, "start_worker", start)
        clock = SimpleNamespace(monotonic=lambda: worker.now_s, sleep=worker.sleep)
        monkeypatch.setattr(door, "time", clock)
        door.settle_orphans(app)
        return worker.now_s

    return settle


def orphan(app: App, **changes: object) -> str:
    """A job whose process has died."""
    run = app.jobs.submit(JobSpec(command=("true",), executor="process"))
    dead = Ownership(app.settings.home, "gone").name
    with app.store.write() as transaction:
        transaction.runs.save(run.changed(owner=dead, **changes))
    return run.job_id


def record(app: App, job_id: str) -> Run:
    return app.jobs.get("default", job_id)


def test_what_waits_for_its_turn_once_more_is_not_waited_for(app: App, settle: Callable[..., float]) -> None:
    job_id = orphan(app)
    assert settle(0.0) == 0.0
    assert (record(app, job_id).status, record(app, job_id).owner) == (Status.QUEUED, None)


@pytest.mark.parametrize(
    "left", [{"attached": True}, {"status": Status.RUNNING, "engine_ref": "marks:none/none"}]
)
def test_the_end_of_what_cannot_go_on_is_waited_for_however_slowly_the_worker_starts(
    app: App, settle: Callable[..., float], left: dict[str, object]
) -> None:
    job_id = orphan(app, **left)
    assert 40.0 <= settle(40.0) < 42.0
    assert record(app, job_id).status is Status.LOST


def test_the_end_that_another_is_bringing_about_is_waited_for(
    app: App, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = orphan(app, status=Status.RUNNING, engine_ref="marks:none/none")
    other = Ownership(app.settings.home, "other")
    with app.store.write() as transaction:
        run = transaction.runs.get("default", job_id)
        transaction.runs.save(run.changed(owner=other.claim(), adopted=True))

    def sleep(seconds: float) -> None:
        clock.now_s += seconds
        if clock.now_s >= 2.0:
            with app.store.write() as transaction:
                run = transaction.runs.get("default", job_id)
                transaction.runs.save(run.changed(status=Status.LOST, cause=Cause.ENGINE_LOST))

    clock = SimpleNamespace(now_s=0.0, sleep=sleep, monotonic=lambda: clock.now_s)
    monkeypatch.setattr(door, "time", clock)
    door.settle_orphans(app)
    assert 2.0 <= clock.now_s < 4.0
    other.release()


def test_a_worker_that_fails_is_not_waited_for_as_long(app: App, settle: Callable[..., float]) -> None:
    job_id = orphan(app, attached=True)
    assert settle(1.0, fails=True) < 20.0
    assert record(app, job_id).status is Status.QUEUED
