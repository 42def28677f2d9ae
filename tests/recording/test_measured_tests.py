"""Tests of a run → samples."""

from datetime import UTC, datetime, timedelta

from orcaops.model.metric import MetricName
from orcaops.model.run import Cause, Run, Status
from orcaops.model.test_case import TestCase, TestTotals
from orcaops.recording.measure import samples_of

_AT = datetime(2026, 1, 1, tzinfo=UTC)


def run_of(*cases: TestCase, status: Status = Status.SUCCEEDED, cause: Cause = Cause.SUCCESS) -> Run:
    failed = sum(case.status.bad for case in cases)
    return Run(
        job_id="job-1",
        key="name:suite",
        status=status,
        cause=cause,
        submitted_at=_AT,
        started_at=_AT,
        finished_at=_AT + timedelta(seconds=3),
        duration_s=3.0,
        tests=TestTotals(total=len(cases), failed=failed, passed=len(cases) - failed),
    )


def case(name: str, status: str = "passed", seconds: float | None = None, **fields: object) -> TestCase:
    return TestCase.model_validate({"id": name, "status": status, "duration_s": seconds, **fields})


def of_tests(run: Run, *cases: TestCase) -> list[tuple[str, str, float, str | None]]:
    samples = samples_of(run, 7, None, cases)
    return [(s.key, s.metric, s.value, s.detail) for s in samples if "job" in s.scopes]


def test_each_test_has_samples_of_its_own_before_those_of_the_job() -> None:
    cases = (
        case("a::x", seconds=0.5),
        case("a::y", "failed", 0.7, message="1 != 2\nmore"),
        case("a::z", "skipped"),
        case("a::w", "error"),
    )
    run = run_of(*cases)
    samples = samples_of(run, 7, None, cases)
    assert of_tests(run, *cases) == [
        ("name:suite|test:a::x", MetricName.TEST_FAILURE, 0.0, None),
        ("name:suite|test:a::x", MetricName.TEST_DURATION, 0.5, None),
        ("name:suite|test:a::y", MetricName.TEST_FAILURE, 1.0, "1 != 2"),
        ("name:suite|test:a::w", MetricName.TEST_FAILURE, 1.0, None),
        ("name:suite", MetricName.TESTS, 2.0, None),
    ]
    assert [s.metric for s in samples[5:]] == [s.metric for s in samples_of(run.changed(tests=None), 7)]
    assert {s.number for s in samples} == {7}


def test_a_run_without_tests_gives_none() -> None:
    assert of_tests(run_of().changed(tests=None)) == []
    assert of_tests(run_of()) == []


def test_a_second_attempt_tells_of_the_first() -> None:
    retried = case("a::x", seconds=0.5, attempts=2, message="no")
    assert of_tests(run_of(retried), retried)[:3] == [
        ("name:suite|test:a::x", MetricName.TEST_FAILURE, 1.0, "no"),
        ("name:suite|test:a::x", MetricName.TEST_FAILURE, 0.0, None),
        ("name:suite|test:a::x", MetricName.TEST_DURATION, 0.5, None),
    ]


def test_failures_of_most_tests_together_say_nothing_of_each() -> None:
    cases = tuple(case(f"a::x{n}", "error" if n < 30 else "passed") for n in range(40))
    found = of_tests(run_of(*cases), *cases)
    assert len(found) == 11
    assert found[-1] == ("name:suite", MetricName.TESTS, 30.0, None)


def test_what_failed_outside_the_job_says_nothing_of_its_tests() -> None:
    cases = (case("a::x", "failed"),)
    lost = run_of(*cases, status=Status.LOST, cause=Cause.ENGINE_LOST)
    assert of_tests(lost, *cases) == []
    assert of_tests(run_of(*cases).changed(teaches=False), *cases) == []
