"""Trials on real local processes: laid over jobs, watched, taken back, and nothing lost."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from orcaops.app import App, now
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.job import JobSpec
from orcaops.model.key import key_of
from orcaops.model.optimization import Mode, Optimization, State
from orcaops.model.override import Arm, OptimizedField, Value
from orcaops.model.run import Cause, Run, Status

TIMEOUT = OptimizedField.TIMEOUT


def job(script: str, **more: object) -> JobSpec:
    return JobSpec.model_validate({"command": ["sh", "-c", script], "timeout": 30, **more})


SLOW = job("echo begun; sleep 3; echo done")  # on a busy machine, a limit is noticed late


def put(app: App, spec: JobSpec, *, after: Value = 0.4, **more: object) -> Optimization:
    """A change of the timeout that every run has, unless it says otherwise."""
    known: dict[str, object] = {
        "id": "o1",
        "key": key_of(image=spec.image, command_line=spec.command_line(), name=spec.name),
        "field": TIMEOUT,
        "state": State.CANARY,
        "own": 30.0,
        "before": 30.0,
        "after": after,
        "share": 1.0,
        "proposed_at": now(),
        "changed_at": now(),
    }
    found = Optimization.model_validate(known | more)
    with app.store.write() as transaction:
        transaction.optimizations.put_many([found])
    return found


def state(app: App, optimization_id: str = "o1") -> State:
    return app.optimizations.optimization("default", optimization_id).state


def test_a_run_that_the_change_kills_is_tried_again_with_its_own_limit(app: App) -> None:
    put(app, SLOW)
    accepted: list[Run] = []
    pieces: list[bytes] = []
    final = app.jobs.run(SLOW, on_accepted=accepted.append, on_output=lambda _, data: pieces.append(data))
    (before,) = accepted
    assert before.requested is not None
    assert before.effective is not None
    assert (before.requested.timeout, before.effective.timeout) == (30.0, 0.4), "what was asked for stands"
    assert before.trial is not None
    assert before.trial.arm is Arm.CANDIDATE
    assert (final.job_id, final.status, final.attempt) == (before.job_id, Status.SUCCEEDED, 2)
    assert (final.overrides, final.trial, final.exit_code) == ((), None, 0)
    assert final.effective is not None
    assert final.effective.timeout == 30.0
    killed = app.jobs.get("default", f"{final.job_id}.1")
    assert final.retry_of == killed.job_id
    assert (killed.status, killed.cause, killed.attempt) == (Status.TIMED_OUT, Cause.TIMEOUT_TOTAL, 1)
    assert "a limit that OrcaOps had lowered from 30.0 s" in (killed.message or "")
    lines = [line.text for line in app.jobs.log_lines("default", final.job_id)]
    assert lines[0] == "begun"
    assert lines[1].startswith("orcaops: it was killed at 400 ms")
    assert lines[2:] == ["begun", "done"]
    assert b"".join(pieces).count(b"begun") == 2
    found = app.optimizations.optimization("default", "o1")
    assert (found.state, found.quarantine_runs) == (State.ROLLED_BACK, 20 - 2)
    with app.store.read() as transaction:
        (decision,) = transaction.decisions.about("default", "optimization", "o1")
    assert (decision.verb, decision.by) == ("stop", "orcaops")
    assert (decision.details["from"], decision.details["to"]) == ("canary", "rolled_back")
    assert (decision.details["before"], decision.details["after"]) == (30.0, 0.4)
    assert app.insights.baseline("default", final.key).failure_count == 0, "it was our failure, not the job's"


@pytest.mark.parametrize(("busy", "attempts", "own_s"), [(True, 1, 60.0), (False, 2, 1.2)])
def test_a_hung_run_is_stopped_early_where_healthy_ones_are_known_to_be_busy(
    app: App, busy: bool, attempts: int, own_s: float
) -> None:
    """It was going to be stopped: that is what the change is for. Where all runs wait, nobody knows."""
    spec = job("sleep 600", timeout=own_s)
    put(app, spec, own=own_s, before=own_s, after=0.6, busy=busy, state=State.KEPT, share=1.0)
    final = app.jobs.run(spec)
    assert (final.status, final.attempt) == (Status.TIMED_OUT, attempts)
    assert (state(app) is State.KEPT) is busy
    if busy:
        assert final.duration_s is not None
        assert final.duration_s < own_s


def test_who_waits_at_a_server_gets_the_end_that_counts(open_app: Callable[..., App]) -> None:
    server = open_app()
    server.start()
    put(server, SLOW)
    run = server.jobs.submit(SLOW)
    heard = [line.text for line in server.jobs.follow("default", run.job_id) if line is not None]
    final = server.jobs.wait("default", run.job_id, timeout_s=60)
    assert (final.status, final.attempt) == (Status.SUCCEEDED, 2)
    assert heard[-1] == "done"
    assert heard.count("begun") == 2


def test_secrets_are_there_on_the_second_attempt_and_nowhere_else(app: App) -> None:
    spec = job('test "${#API_TOKEN}" = 19 && sleep 3', env={"API_TOKEN": "hunter2-very-secret"})
    put(app, spec)
    final = app.jobs.run(spec)
    assert (final.status, final.attempt) == (Status.SUCCEEDED, 2)
    assert "hunter2" not in final.model_dump_json()
    assert "hunter2" not in app.jobs.get("default", f"{final.job_id}.1").model_dump_json()


def test_a_job_that_now_asks_for_another_limit_wins_at_once(app: App) -> None:
    put(app, SLOW, share=1.0)
    final = app.jobs.run(SLOW.model_copy(update={"timeout": 20.0}))
    assert (final.status, final.attempt, final.overrides) == (Status.SUCCEEDED, 1, ())
    assert final.effective is not None
    assert final.effective.timeout == 20.0
    found = app.optimizations.optimization("default", "o1")
    assert (found.state, found.history[-1].by) == (State.SUPERSEDED, "user")
    assert "another timeout (20.0 s instead of " in (found.history[-1].reason or "")


def test_what_an_executor_cannot_keep_is_taken_back_and_the_job_runs(app: App) -> None:
    executor = app.recovery._executors["process"]
    executor.capabilities = replace(executor.capabilities, cpus=False)
    spec = job("true")
    put(app, spec, field=OptimizedField.CPUS, own=None, before=None, after=0.5)
    final = app.jobs.run(spec)
    assert (final.status, final.overrides) == (Status.SUCCEEDED, ())
    found = app.optimizations.optimization("default", "o1")
    assert found.state is State.ROLLED_BACK
    assert "no executor can keep it" in found.history[-1].reason


def test_a_rollback_reaches_what_waits(open_app: Callable[..., App]) -> None:
    other = open_app()
    put(other, SLOW)
    run = other.jobs.submit(SLOW)
    assert run.overrides
    other.optimizations.rollback("default", "o1", by="ann", reason="no")
    server = open_app()
    server.start()
    final = server.jobs.wait("default", run.job_id, timeout_s=60)
    assert (final.status, final.attempt, final.overrides) == (Status.SUCCEEDED, 1, ())
    assert final.effective is not None
    assert final.effective.timeout == 30.0


@pytest.mark.parametrize(
    ("look_s", "attempts"), [(0.05, 1), (60.0, 2)], ids=["given its own limit", "killed, and tried again"]
)
def test_a_rollback_while_a_candidate_runs_saves_it_too(
    open_app: Callable[..., App], look_s: float, attempts: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("orcaops.services.executing.dispatcher._WATCH_S", look_s)
    app, elsewhere = open_app(), open_app()
    spec = job("echo begun; sleep 7; echo done")
    put(app, spec, after=5.0)
    begun = threading.Event()
    ends: list[Run] = []
    thread = threading.Thread(
        target=lambda: ends.append(app.jobs.run(spec, on_output=lambda *_: begun.set()))
    )
    thread.start()
    assert begun.wait(60)
    elsewhere.optimizations.rollback("default", "o1", by="ann", reason="no")
    thread.join(60)
    (final,) = ends
    assert (final.status, final.attempt, final.overrides) == (Status.SUCCEEDED, attempts, ())
    assert final.effective is not None
    assert final.effective.timeout == 30.0
    assert (attempts == 1) is ("taken back while it ran" in (final.message or ""))
    found = app.optimizations.optimization("default", "o1")
    assert [entry.by for entry in found.history] == ["ann"], "what a person decided is not decided again"


def test_a_cancelled_job_is_not_tried_again(app: App) -> None:
    spec = job("echo begun; sleep 20")
    put(app, spec, after=10.0)
    ends: list[Run] = []
    begun = threading.Event()
    accepted: list[Run] = []
    thread = threading.Thread(
        target=lambda: ends.append(
            app.jobs.run(spec, on_accepted=accepted.append, on_output=lambda *_: begun.set())
        )
    )
    thread.start()
    assert begun.wait(60)
    app.jobs.cancel("default", accepted[0].job_id, by="ann")
    thread.join(60)
    assert (ends[0].status, ends[0].attempt) == (Status.CANCELLED, 1)


def test_two_processes_share_one_count(open_app: Callable[..., App]) -> None:
    apps = [open_app(), open_app()]
    spec = job("true")
    put(apps[0], spec, state=State.HALF, share=0.5, after=20.0)
    runs: list[Run] = []

    def submit(app: App) -> None:
        runs.extend(app.jobs.submit(spec) for _ in range(10))

    threads = [threading.Thread(target=submit, args=(app,)) for app in apps]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    arms = [run.trial.arm for run in runs if run.trial is not None]
    assert len(arms) == 20
    assert arms.count(Arm.CANDIDATE) == 10


def test_a_trial_goes_its_way_to_the_end(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("orcaops.services.trying.trials.HOLDBACK_RUNS", 10)
    spec = job("true")
    put(app, spec, state=State.HALF, share=0.8, after=20.0, runs_before=100, failures_before=0)
    for _ in range(26):
        app.jobs.run(spec)
    found = app.optimizations.optimization("default", "o1")
    assert (found.state, found.measuring) == (State.KEPT, True)
    assert found.evidence.candidates == 20
    with app.store.write() as transaction:  # most of the holdback has passed
        transaction.optimizations.put_many([found.changed(share=1.0)])
    for _ in range(10):
        app.jobs.run(spec)
    found = app.optimizations.optimization("default", "o1")
    assert (found.measuring, found.share) == (False, 1.0)
    assert found.realised is not None
    assert "as promised" in found.realised.sentence or found.promised is None


def test_an_incident_pauses_and_its_end_resumes(app: App) -> None:
    spec = job("true")
    put(app, spec, share=1.0, after=20.0)
    incident = Anomaly(
        id="i1",
        job_id="x",
        type="incident",
        severity=Severity.CRITICAL,
        title="all jobs fail",
        description="d",
        detected_at=now(),
        key="k",
        detector="incident",
    )
    with app.store.write() as transaction:
        transaction.anomalies.put_many([incident])
    first = app.jobs.run(spec)
    assert (first.trial, first.overrides) == (None, ()), "not even the first run in it tries anything"
    found = app.optimizations.optimization("default", "o1")
    assert (found.state, found.paused_from) == (State.PAUSED, State.CANARY)
    assert "all jobs fail" in found.history[-1].reason
    assert app.jobs.run(spec).trial is None, "nothing is tried meanwhile"
    with app.store.write() as transaction:
        transaction.anomalies.put_many([incident.model_copy(update={"open": False})])
    app.jobs.run(spec)
    assert state(app) is State.CANARY


@pytest.mark.parametrize("began", [State.CANARY, State.HALF, State.KEPT])
def test_a_trial_ends_when_its_name_is_given_to_another_command(app: App, began: State) -> None:
    """What the one needed says nothing of the other: it runs with its own limits from its first run on."""
    light, heavy = job("true", name="nightly"), job("sleep 0.6", name="nightly")
    learned = key_of(image=None, command_line=light.command_line(), name=None)
    put(app, light, work=learned, state=began, after=20.0)
    assert app.jobs.run(light).overrides
    for number in range(3):
        final = app.jobs.run(heavy)
        assert (final.status, final.attempt, final.overrides) == (Status.SUCCEEDED, 1, ())
        assert final.trial is None
        assert state(app) is (began if number < 2 else State.SUPERSEDED), "once or twice is an exception"
    last = app.optimizations.optimization("default", "o1").history[-1]
    assert "sleep 0.6" in last.reason
    with app.store.read() as transaction:
        assert transaction.decisions.about("default", "optimization", "o1")[-1].verb == "supersede"


def test_an_exception_does_not_end_a_trial(app: App) -> None:
    light = job("true", name="nightly")
    learned = key_of(image=None, command_line=light.command_line(), name=None)
    put(app, light, work=learned, after=20.0)
    for spec in (job("echo other", name="nightly"), light, light, job("echo other", name="nightly"), light):
        assert bool(app.jobs.run(spec).overrides) is (spec is light)
    assert state(app) is State.CANARY


def test_relearning_starts_nothing_and_changes_no_state(app: App) -> None:
    spec = job("true")
    app.optimizations.set_mode("default", Mode.AUTO, by="ann")
    put(app, spec, share=0.5, after=20.0)
    for _ in range(6):
        app.jobs.run(spec)
    with app.store.read() as transaction:
        before = transaction.optimizations.page("default").items
        decisions = transaction.decisions.latest()
        memories = list(transaction.memories.each())
        baselines = list(transaction.baselines.each())
    app.upkeep.relearn()
    with app.store.read() as transaction:
        assert list(transaction.memories.each()) == memories, "candidates teach nothing then, either"
        assert list(transaction.baselines.each()) == baselines
        assert transaction.optimizations.page("default").items == before
        assert transaction.decisions.latest() == decisions


def test_modes_are_decided_for_all_processes(open_app: Callable[..., App]) -> None:
    one, other = open_app(), open_app()
    assert {each.mode for each in one.optimizations.modes("default")} == {Mode.SUGGEST}
    one.optimizations.set_mode("default", Mode.OFF, field=TIMEOUT, by="ann")
    found = {each.field: each for each in other.optimizations.modes("default")}
    assert (found[TIMEOUT].mode, found[TIMEOUT].by) == (Mode.OFF, "ann")
    assert found[OptimizedField.MEMORY].mode is Mode.SUGGEST
    put(one, SLOW)
    assert other.jobs.run(SLOW).overrides == ()
    assert {each.mode for each in other.optimizations.modes("elsewhere")} == {Mode.SUGGEST}


KILLED = """
import os, signal, sys
from pathlib import Path
from orcaops import config
from orcaops.app import build
from orcaops.model.job import JobSpec
from orcaops.services.trying import moves
from orcaops.services.executing import recorder

def die(*_arguments, **_more):
    os.kill(os.getpid(), signal.SIGKILL)

{when}
home = Path(sys.argv[1])
app = build(config.load({{"home": home}}, environment={{}}, folder=home, user_file=home / "none"))
app.jobs.run(JobSpec(command={command!r}, timeout=30))
"""


@pytest.mark.parametrize(
    ("when", "decided"),
    [
        ("moves.Moves.sign = die", State.CANARY),  # the change has moved, the decision is not signed
        ("recorder.StoreRecorder.change = die", State.ROLLED_BACK),  # decided, the job not yet begun anew
    ],
)
def test_killed_between_decision_and_effect(
    open_app: Callable[..., App], tmp_path: Path, when: str, decided: State
) -> None:
    app = open_app()
    put(app, SLOW)
    home = app.settings.home
    script = KILLED.format(when=textwrap.dedent(when), command=SLOW.command)
    ended = subprocess.run(
        [sys.executable, "-c", script, str(home)], cwd=tmp_path, env=dict(os.environ), check=False
    )
    assert ended.returncode == -signal.SIGKILL
    found = app.optimizations.optimization("default", "o1")
    assert found.state is decided
    with app.store.read() as transaction:
        signed = transaction.decisions.about("default", "optimization", "o1")
    assert bool(signed) is (decided is State.ROLLED_BACK), "a state without its decision is half a state"
    app.recovery.recover()
    app.recovery.wait()
    deadline = time.monotonic() + 60
    while (open_runs := _open(app)) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not open_runs, "every run has an honest end"


def _open(app: App) -> list[Run]:
    with app.store.read() as transaction:
        return transaction.runs.open_runs()
