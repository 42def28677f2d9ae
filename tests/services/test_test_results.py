"""Tests inside jobs through the real house: read, kept, learned, told, and derived again byte for byte."""

import random
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orcaops.app import App
from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Run, Status
from orcaops.model.test_case import CaseStatus, TestCase, TestTotals
from orcaops.recording.store import Store

_START = datetime(2026, 1, 1, tzinfo=UTC)
KEY = "name:suite"


def add_run(app: App, number: int, cases: tuple[TestCase, ...], *, commit: str | None = "c1") -> Run:
    failed = sum(case.status.bad for case in cases)
    skipped = sum(case.status is CaseStatus.SKIPPED for case in cases)
    at = _START + timedelta(hours=number)
    run = Run(
        job_id=f"job-{number}",
        key=KEY,
        name="suite",
        command="pytest",
        status=Status.FAILED if failed else Status.SUCCEEDED,
        cause=Cause.COMMAND_FAILED if failed else Cause.SUCCESS,
        exit_code=1 if failed else 0,
        submitted_at=at,
        started_at=at,
        finished_at=at + timedelta(seconds=10),
        duration_s=10.0,
        tests=TestTotals(
            total=len(cases), failed=failed, skipped=skipped, passed=len(cases) - failed - skipped
        ),
    )
    run = run.changed(context=run.context.model_copy(update={"commit": commit}))
    with app.store.write() as transaction:
        transaction.runs.add_new([run])
        transaction.test_cases.put_many({(run.workspace, run.job_id): cases})
    return run


def case(name: str, outcome: str = "passed", seconds: float | None = 0.3) -> TestCase:
    return TestCase(
        id=name,
        status=CaseStatus(outcome),
        duration_s=seconds,
        message="1 != 2" if outcome == "failed" else None,
        read_from="junit.xml",
    )


def opinions(store: Store) -> list[bytes]:
    with store.read() as transaction:
        return [
            *(repr(key).encode() + memory for key, memory in transaction.memories.each()),
            *(baseline.model_dump_json().encode() for baseline in transaction.baselines.each()),
            *(anomaly.model_dump_json().encode() for anomaly in transaction.anomalies.each()),
        ]


outcomes = st.lists(
    st.dictionaries(
        st.sampled_from(["a::x", "a::y", "b::z"]),
        st.tuples(st.sampled_from(["passed", "passed", "failed", "error", "skipped"]), st.floats(0, 100)),
        max_size=3,
    ),
    min_size=1,
    max_size=40,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(runs=outcomes, cuts=st.lists(st.integers(1, 15), max_size=5), reset=st.booleans())
def test_relearning_gives_what_learning_live_gave(
    open_app: Callable[..., App],
    tmp_path: Path,
    runs: list[dict[str, tuple[str, float]]],
    cuts: list[int],
    reset: bool,
) -> None:
    app = open_app(tmp_path / f"home-{len(list(tmp_path.iterdir()))}")
    place = 0
    for size in [*cuts, len(runs)]:
        for number in range(place, min(place + size, len(runs))):
            cases = tuple(case(name, o, s) for name, (o, s) in runs[number].items())
            add_run(app, number, cases, commit=f"c{number // 5}")
        app.absorber.absorb_all()
        place += size
        if reset and place < len(runs):
            app.insights.reset_baseline("default", KEY, by="somebody")
    live = opinions(app.store)
    app.upkeep.relearn()
    assert opinions(app.store) == live


def test_a_flaky_test_is_found_in_a_history(app: App) -> None:
    chance = random.Random(4)
    for number in range(60):
        flaky = "failed" if chance.random() < 0.25 else "passed"
        add_run(app, number, (case("a::solid"), case("a::shaky", flaky)))
    app.absorber.absorb_all()
    found = app.insights.anomalies("default", filters={"type": "flaky"}).items
    of_tests = [anomaly for anomaly in found if anomaly.detector == "anomaly_tests"]
    assert [anomaly.title for anomaly in of_tests] == ["1 flaky test: a::shaky"]
    assert of_tests[0].key == KEY


def test_the_failure_of_a_job_names_its_tests_on_every_face(app: App) -> None:
    for number in range(12):
        add_run(app, number, (case("a::x"), case("a::y")))
    run = add_run(app, 12, (case("a::x", "failed"), case("a::y"), case("a::z", "skipped")))
    app.absorber.absorb_all()
    [anomaly] = app.insights.anomalies_of("default", run.job_id)
    assert "Newly failing: a::x (passed 12 times before): 1 != 2." in anomaly.description
    summary = app.jobs.summary("default", run.job_id)
    assert "a::x: 1 != 2" in summary.errors
    assert "1 of 3 tests failed, 1 skipped" in summary.key_events
    explained = app.failures.debug("default", run.job_id)
    assert explained.summary.endswith("1 of 3 tests failed, 1 skipped: a::x.")
    assert explained.next_steps[0] == f"orcaops jobs tests --failed {run.job_id}"


def test_tests_are_listed_by_pages_failures_first(app: App) -> None:
    cases = (case("a::x"), case("a::y", "skipped"), case("a::z", "failed"), case("a::w", "error"))
    run = add_run(app, 0, cases)
    first = app.tests.page("default", run.job_id, limit=3)
    assert [one.id for one in first.items] == ["a::z", "a::w", "a::x"]
    assert first.total == 4
    rest = app.tests.page("default", run.job_id, limit=3, cursor=first.next_cursor)
    assert [one.id for one in rest.items] == ["a::y"]
    assert rest.next_cursor is None
    failed = app.tests.page("default", run.job_id, status="failed")
    assert [one.id for one in failed.items] == ["a::z", "a::w"]
    for cursor in ("x", "99", "-1", "0", "²"):
        with pytest.raises(OrcaError) as caught:
            app.tests.page("default", run.job_id, cursor=cursor)
        assert caught.value.code is ErrorCode.NOT_FOUND
    with pytest.raises(OrcaError):
        app.tests.page("default", "no-such-job")


def test_tests_have_baselines_that_do_not_drown_those_of_jobs(app: App) -> None:
    for number in range(12):
        add_run(app, number, tuple(case(f"a::x{n}", seconds=0.1 * (n + 1)) for n in range(7)))
    app.absorber.absorb_all()
    assert [one.key for one in app.insights.baselines("default").items] == [KEY]
    first = app.insights.baselines("default", tests_of=KEY, limit=4)
    rest = app.insights.baselines("default", tests_of=KEY, limit=4, cursor=first.next_cursor)
    assert [one.key for one in (*first.items, *rest.items)] == [f"{KEY}|test:a::x{n}" for n in range(7)]
    assert rest.next_cursor is None
    [one] = app.insights.baselines("default", tests_of=KEY, text="x3").items
    assert one == app.insights.baseline("default", f"{KEY}|test:a::x3")
    assert (one.sample_count, one.run_count, one.success_rate, one.established) == (12, 12, 1.0, True)
    assert one.duration_p50 == pytest.approx(0.4, rel=1e-3)
    with pytest.raises(OrcaError):
        app.insights.baseline("default", f"{KEY}|test:a::nothing")
    with pytest.raises(OrcaError):
        app.insights.baselines("default", tests_of=KEY, cursor="name:other|test:x")


def test_resetting_a_job_forgets_its_tests_and_resetting_a_test_only_that(app: App) -> None:
    for number in range(3):
        add_run(app, number, (case("a::x"), case("a::y")))
    app.absorber.absorb_all()
    app.insights.reset_baseline("default", f"{KEY}|test:a::x", by="somebody")
    left = app.insights.baselines("default", tests_of=KEY).items
    assert [one.key for one in left] == [f"{KEY}|test:a::y"]
    app.insights.reset_baseline("default", KEY, by="somebody")
    assert app.insights.baselines("default", tests_of=KEY).items == ()
    live = opinions(app.store)
    app.upkeep.relearn()
    assert opinions(app.store) == live


def test_a_run_of_the_house_has_its_tests(app: App, tmp_path: Path) -> None:
    script = (
        "mkdir -p reports; echo '= test session starts ='; "
        'echo \'<testsuite name="s"><testcase classname="a.B" name="x" time="0.2"/>'
        '<testcase classname="a.B" name="y"><failure message="token is \'$TOKEN\'"/></testcase>'
        "</testsuite>' > reports/junit.xml; exit 1"
    )
    spec = JobSpec(
        command=("sh", "-c", script),
        executor="process",
        artifacts=("reports/*.xml",),
        env={"TOKEN": "hunter22-secret"},
    )
    run = app.jobs.run(spec)
    assert run.tests is not None
    assert (run.tests.total, run.tests.failed, run.tests.notes) == (2, 1, ())
    [failed] = app.tests.page("default", run.job_id, status="failed").items
    assert (failed.id, failed.read_from) == ("a.B::y", "reports/junit.xml")
    assert failed.message == "failure: token is ***"


def test_a_report_that_is_no_report_is_a_note_on_the_run(app: App) -> None:
    spec = JobSpec(
        command=("sh", "-c", "echo '<testsuite><testcase name=\"x\"' > junit.xml"),
        executor="process",
        artifacts=("*.xml",),
    )
    run = app.jobs.run(spec)
    assert run.status is Status.SUCCEEDED
    assert run.tests is not None
    assert "not well-formed XML" in run.tests.notes[0]


def test_a_run_without_tests_says_nothing_of_them(app: App) -> None:
    run = app.jobs.run(JobSpec(command=("echo", "all is well"), executor="process"))
    assert run.tests is None
    assert app.tests.page("default", run.job_id).items == ()


def test_imported_reports_and_logs_have_their_tests(app: App, tmp_path: Path) -> None:
    report = tmp_path / "junit.xml"
    report.write_text(
        '<testsuites><testsuite name="api" timestamp="2026-01-01T00:00:00" time="3">'
        '<testcase classname="a.B" name="x()" time="1"/>'
        '<testcase classname="a.B" name="y" time="2"><error message="boom"/></testcase>'
        "</testsuite></testsuites>"
    )
    rows = tmp_path / "runs.jsonl"
    rows.write_text(
        '{"job_id":"j1","name":"ci","started_at":"2026-01-01T00:00:00Z","duration_s":3,"exit_code":1,'
        '"log":"= test session starts =\\ntests/a.py::b PASSED\\ntests/a.py::c FAILED\\n"}\n'
    )
    for path in (report, rows):
        assert app.history.import_file(path, None, workspace="default").added == 1
        assert app.history.import_file(path, None, workspace="default").added == 0
    [of_report] = [run for run in app.jobs.page("default").items if run.source == "junit"]
    assert [one.id for one in app.tests.page("default", of_report.job_id).items] == ["a.B::y", "a.B::x"]
    assert [one.id for one in app.tests.page("default", "j1").items] == ["tests.a::c", "tests.a::b"]
    assert app.insights.baseline("default", "name:ci|test:tests.a::b").run_count == 1


@pytest.mark.slow
def test_five_thousand_tests_are_absorbed_in_a_moment(app: App) -> None:
    chance = random.Random(1)
    usual = [chance.lognormvariate(-3, 1.5) for _ in range(5_000)]
    took = []
    for number in range(4):
        cases = tuple(
            case(f"m{n // 40}.T::x{n % 40}", seconds=s * chance.lognormvariate(0, 0.2))
            for n, s in enumerate(usual)
        )
        add_run(app, number, cases)
        began = time.process_time()
        app.absorber.absorb_all()
        took.append(time.process_time() - began)
    assert min(took) < 2.0  # 0.2 s on an idle machine
