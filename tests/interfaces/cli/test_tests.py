"""``orcaops jobs tests`` and what other commands say of tests, here and against a server."""

from pathlib import Path

import pytest

from .conftest import START, Command

CASES = (
    '<testcase classname="a.B" name="x" time="0.25"/>'
    '<testcase classname="a.B" name="y" time="2"><failure message="1 != 2" type="Assert"/></testcase>'
    '<testcase classname="a.B" name="z"><skipped message="no network"/></testcase>'
)


@pytest.fixture
def report(tmp_path: Path) -> Path:
    path = tmp_path / "report.xml"
    path.write_text(
        f'<testsuites><testsuite name="api" timestamp="{START.isoformat()}" time="3">{CASES}'
        "</testsuite></testsuites>"
    )
    return path


def job_of(orcaops: Command) -> str:
    job_id: str = orcaops("jobs", "list", "-n", 1, "--json").documents[0]["job_id"]
    return job_id


def check(orcaops: Command, report: Path) -> None:
    """What is the same here and there."""
    assert orcaops("import", report).code == 0
    job_id = job_of(orcaops)
    every = orcaops("jobs", "tests", job_id, "--json").documents
    assert [(one["id"], one["status"]) for one in every] == [
        ("a.B::y", "failed"),
        ("a.B::x", "passed"),
        ("a.B::z", "skipped"),
    ]
    assert orcaops("jobs", "tests", "--failed", job_id, "--json").document["message"] == "Assert: 1 != 2"
    page = orcaops("jobs", "tests", job_id, "-n", 2)
    assert page.text.splitlines()[1].split() == ["failed", "2.00", "s", "a.B::y", "Assert:", "1", "!=", "2"]
    rest = orcaops("jobs", "tests", job_id, "-n", 2, "--json", "--cursor", page.err.split()[-1])
    assert [one["id"] for one in rest.documents] == ["a.B::z"]
    shown = orcaops("jobs", "show", job_id).text
    assert "1 of 3 tests failed, 1 skipped" in shown
    assert "a.B::y: Assert: 1 != 2" in shown
    assert "a.B::y: Assert: 1 != 2" in orcaops("jobs", "summary", job_id).text
    assert "|test:" not in orcaops("baselines", "list").text
    [x, _] = orcaops("baselines", "list", "--tests-of", "name:api", "--json").documents
    assert x["key"] == "name:api|test:a.B::x"
    assert "250 ms" in orcaops("baselines", "show", x["key"]).text
    assert orcaops("baselines", "reset", x["key"]).code == 0
    assert orcaops("baselines", "show", x["key"]).code == 1
    assert orcaops("jobs", "tests", "no-such-job").code == 1
    assert orcaops("jobs", "tests", job_id, "--cursor", "x").code == 1


def test_tests_here(report: Path, orcaops: Command) -> None:
    check(orcaops, report)


def test_tests_there(report: Path, there: Command) -> None:
    check(there, report)


def test_a_job_without_tests_says_where_they_come_from(orcaops: Command) -> None:
    assert orcaops("run", "--", "true").code == 0
    answer = orcaops("jobs", "tests", job_of(orcaops))
    assert (answer.code, answer.out) == (0, b"")
    assert "JUnit reports" in answer.err


def test_a_runner_that_only_counts_says_how_to_name_them(orcaops: Command) -> None:
    script = "echo '= test session starts ='; echo '3 passed in 0.10s'"
    assert orcaops("run", "--", "sh", "-c", script).code == 0
    answer = orcaops("jobs", "tests", job_of(orcaops))
    assert "3 tests passed" in answer.err
    assert "-v" in answer.err
