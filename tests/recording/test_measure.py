import math
import time
from datetime import UTC, datetime, timedelta

import pytest

from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Context, LogSummary, Phase, PhaseName, Run, Status, Usage
from orcaops.recording.measure import samples_of, scopes_of, signature_of

AT = datetime(2026, 1, 1, tzinfo=UTC)


def run(status=Status.SUCCEEDED, cause=Cause.SUCCESS, **more) -> Run:
    fields = {
        "job_id": "a",
        "key": "name:t",
        "name": "t",
        "status": status,
        "cause": cause,
        "submitted_at": AT,
        "started_at": AT + timedelta(seconds=1),
        "finished_at": AT + timedelta(seconds=11),
        "duration_s": 10.0,
        "image": "python:3.11",
        "command": "pytest -q tests",
    }
    return Run(**(fields | more))


def values(a_run: Run) -> dict[str, tuple[float, bool]]:
    return {s.metric: (s.value, s.censored) for s in samples_of(a_run, 7)}


def test_success() -> None:
    usage = Usage(
        cpu_seconds=2.0, memory_peak_bytes=500, memory_resident_bytes=100, memory_resident_basis="exact"
    )
    assert values(run(usage=usage)) == {
        "duration": (10.0, False),
        "memory": (100.0, False),
        "cpu": (2.0, False),
        "queue_wait": (1.0, False),
        "failure": (0.0, False),
    }
    sample = samples_of(run(usage=usage), 7)[0]
    assert (sample.number, sample.at, sample.key) == (7, AT + timedelta(seconds=11), "name:t")


def test_failure_has_a_signature() -> None:
    failed = run(
        Status.FAILED,
        Cause.COMMAND_FAILED,
        exit_code=2,
        log=LogSummary(first_error="error: /a/b/c.py:17: x 0xff"),
    )
    found = {s.metric: s for s in samples_of(failed, 1)}
    assert set(found) == {"failed_duration", "queue_wait", "failure", "error"}
    assert found["error"].detail == "exit 2: error: …/c.py:<n>: x <hex>"
    assert found["failure"].value == 1.0


@pytest.mark.parametrize("status", [Status.TIMED_OUT, Status.CANCELLED])
def test_stopped_runs_are_censored(status: Status) -> None:
    cause = Cause.TIMEOUT_TOTAL if status is Status.TIMED_OUT else Cause.CANCELLED
    found = values(run(status, cause))
    assert found["duration"] == (10.0, True)
    assert ("failure" in found) == (status is Status.TIMED_OUT)
    assert (
        values(run(status, cause, started_at=None, finished_at=None, duration_s=None)).get("duration") is None
    )


@pytest.mark.parametrize(
    "cause", [Cause.IMAGE_UNAVAILABLE, Cause.ENGINE_LOST, Cause.INFRASTRUCTURE, Cause.POLICY_DENIED]
)
def test_infrastructure_says_nothing_about_the_work(cause: Cause) -> None:
    assert set(values(run(Status.FAILED, cause, usage=Usage(memory_peak_bytes=5)))) == {"queue_wait"}
    assert set(values(run(Status.LOST, Cause.ENGINE_LOST))) == {"queue_wait"}


def test_out_of_memory_is_at_least_the_limit() -> None:
    spec = JobSpec(command=("x",), memory=1000)
    found = values(run(Status.FAILED, Cause.OOM_KILLED, effective=spec, usage=Usage(memory_peak_bytes=990)))
    assert found["memory"] == (1000.0, True)
    assert "failed_duration" not in found


def test_resident_memory_needs_enough_looks() -> None:
    short = Usage(
        memory_peak_bytes=500, memory_resident_bytes=3, memory_resident_basis="sampled", memory_samples=1
    )
    assert values(run(usage=short))["memory"][0] == 500
    assert values(run(usage=short.model_copy(update={"memory_samples": 9})))["memory"][0] == 3
    assert "memory" not in values(run(usage=Usage()))


def test_nonsense_gives_no_sample() -> None:
    for wrong in (math.nan, math.inf, -1.0):
        assert "duration" not in values(run().changed(duration_s=wrong))
        assert "cpu" not in values(run().changed(usage=Usage().model_copy(update={"cpu_seconds": wrong})))
    assert values(run(duration_s=0.0))["duration"][0] == 0.001
    backwards = run(
        started_at=AT - timedelta(seconds=5), finished_at=AT - timedelta(seconds=9), duration_s=None
    )
    assert set(values(backwards)) == {"failure"}


def test_runs_that_teach_nothing() -> None:
    assert samples_of(run(teaches=False), 1) == []
    assert samples_of(run(Status.RUNNING, None), 1) == []


def test_limits_noted_by_an_import() -> None:
    noted = run(context=Context(attributes={"memory_limit_bytes": "77", "timeout_s": "3.5"}))
    sample = samples_of(noted, 1)[0]
    assert (sample.memory_limit_bytes, sample.timeout_s) == (77, 3.5)


def test_scopes_are_the_same_for_the_same_work() -> None:
    one = scopes_of("k", "reg:5000/py:3.11", "A=1 /usr/bin/pytest  tests/x --seed 123456", None, "w")
    two = scopes_of("k", "reg:5000/py:3.12", "A=1 /usr/bin/pytest tests/x --seed 987654", None, "w")
    assert one == two
    assert one["tool"] == "reg:5000/py|pytest tests/x"
    assert scopes_of("name:n", None, "", "n", "w")["command"] == "name:n"


def test_signature_without_a_line() -> None:
    assert signature_of(run(Status.FAILED, Cause.COMMAND_FAILED, signal=9)) == "signal 9"
    assert signature_of(run(Status.TIMED_OUT, Cause.TIMEOUT_IDLE)) == "timeout_idle"


@pytest.mark.slow
def test_speed() -> None:
    a_run = run(usage=Usage(cpu_seconds=1.0, memory_peak_bytes=5))
    begin = time.process_time()
    for number in range(20_000):
        samples_of(a_run, number)
    assert 20_000 / (time.process_time() - begin) > 10_000  # far below what it does, for a busy machine


def test_the_longest_silence_is_measured() -> None:
    assert values(run(log=LogSummary(lines=2, longest_silence_s=4.5)))["silence"] == (4.5, False)
    assert "silence" not in values(run(log=LogSummary(lines=1)))
    hung = run()
    assert hung.finished_at is not None
    last = hung.finished_at - timedelta(seconds=9)
    for log in (LogSummary(last_output_at=last), LogSummary(longest_silence_s=4.5, last_output_at=last)):
        assert values(hung.changed(log=log))["silence"] == (9.0, False)
    spec = JobSpec(command=("pytest", "-q"), idle_timeout=60)
    stopped = run(Status.TIMED_OUT, Cause.TIMEOUT_IDLE, requested=spec, log=LogSummary(longest_silence_s=4.5))
    assert values(stopped)["silence"] == (60.0, False)


def test_the_wait_is_told_by_our_clock_whatever_the_engines_says() -> None:
    begun = Phase(started_at=AT + timedelta(seconds=2), duration_s=10.0)
    for off in (timedelta(hours=-1), timedelta(days=3)):
        found = values(run(started_at=AT + off, phases={PhaseName.RUN: begun}))
        assert found["queue_wait"] == (2.0, False)
