"""Steps of a run → samples."""

from datetime import UTC, datetime, timedelta

from orcaops.model.job import JobSpec
from orcaops.model.metric import MetricName
from orcaops.model.run import Cause, Run, Status, Step
from orcaops.recording.measure import samples_of

_AT = datetime(2026, 1, 1, tzinfo=UTC)


def run_of(*steps: tuple[str, float, int | None], status: Status = Status.SUCCEEDED, asked: int = 2) -> Run:
    cause = {Status.SUCCEEDED: Cause.SUCCESS, Status.FAILED: Cause.COMMAND_FAILED}.get(status)
    return Run(
        job_id="job-1",
        key="name:ci",
        status=status,
        cause=cause or Cause.TIMEOUT_TOTAL,
        requested=JobSpec(commands=(("true",),) * asked),
        submitted_at=_AT,
        started_at=_AT,
        finished_at=_AT + timedelta(seconds=9),
        duration_s=9.0,
        steps=tuple(
            Step(command=tuple(line.split(" ", 2)), started_at=_AT, duration_s=seconds, exit_code=code)
            for line, seconds, code in steps
        ),
    )


def of_steps(run: Run) -> list[tuple[str, str, float]]:
    return [(s.key, s.metric, s.value) for s in samples_of(run, 3) if "step_of" in s.scopes]


def test_each_step_has_samples_of_its_own_before_those_of_the_job() -> None:
    run = run_of(
        ("make build", 4.0, 0), ("sh -c echo $X", 0.0, 0), ("make build", 5.0, 2), status=Status.FAILED
    )
    assert of_steps(run) == [
        ("name:ci|step:make build", MetricName.STEP_FAILURE, 0.0),
        ("name:ci|step:make build", MetricName.STEP_DURATION, 4.0),
        ("name:ci|step:echo $X", MetricName.STEP_FAILURE, 0.0),
        ("name:ci|step:echo $X", MetricName.STEP_DURATION, 0.001),
        ("name:ci|step:make build #2", MetricName.STEP_FAILURE, 1.0),
    ]
    samples = samples_of(run, 3)
    assert all("step_of" in s.scopes for s in samples[:5])
    assert not any("step_of" in s.scopes for s in samples[5:])


def test_what_is_volatile_does_not_make_another_step() -> None:
    first, second = (run_of((f"make --out /tmp/{name}/x", 1.0, 0), ("true", 1.0, 0)) for name in "ab")
    assert [key for key, _, _ in of_steps(first)] == [key for key, _, _ in of_steps(second)]


def test_a_job_of_one_step_has_none_and_one_that_failed_in_its_first_of_several_has() -> None:
    assert of_steps(run_of(("make", 1.0, 0), asked=1)) == []
    assert of_steps(run_of(("make", 1.0, 1), status=Status.FAILED)) == [
        ("name:ci|step:make", MetricName.STEP_FAILURE, 1.0)
    ]


def test_a_step_that_was_cut_off_says_nothing() -> None:
    run = run_of(("a", 1.0, 0), ("b", 8.0, 137), status=Status.TIMED_OUT)
    assert {key for key, _, _ in of_steps(run)} == {"name:ci|step:a"}


def test_a_run_that_teaches_nothing_teaches_nothing_of_its_steps() -> None:
    assert of_steps(run_of(("a", 1.0, 0), ("b", 1.0, 0)).changed(teaches=False)) == []
    lost = run_of(("a", 1.0, 0), ("b", 1.0, 0)).changed(status=Status.LOST, cause=Cause.ENGINE_LOST)
    assert of_steps(lost) == []
