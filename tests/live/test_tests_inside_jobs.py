"""A suite in a real container: its report is an artifact, its output is a runner's."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orcaops import config
from orcaops.app import App, build
from orcaops.model.job import JobSpec
from tests.live.conftest import WORK_IMAGE

pytestmark = pytest.mark.live

SUITE = r"""
mkdir -p reports
echo "============================= test session starts =============================="
echo "tests/test_cart.py::test_total PASSED                                    [ 50%]"
echo "tests/test_cart.py::test_pays FAILED                                     [100%]"
echo "FAILED tests/test_cart.py::test_pays - assert 1 == 2"
[ -z "$REPORT" ] || cat > reports/junit.xml <<END
<testsuite name="pytest"><testcase classname="tests.test_cart" name="test_total" time="0.25"/>
<testcase classname="tests.test_cart" name="test_pays" time="1.5">
<failure message="assert 1 == 2"/></testcase>
</testsuite>
END
exit 1
"""


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    app = build(
        config.load({"home": tmp_path / "home"}, environment={}, folder=tmp_path, user_file=tmp_path / "none")
    )
    yield app
    app.close()


@pytest.mark.parametrize("report", ["yes", ""], ids=["by its report", "by its log"])
def test_a_suite_in_a_container_has_its_tests(app: App, report: str) -> None:
    spec = JobSpec(
        image=WORK_IMAGE,
        command=("sh", "-c", SUITE),
        env={"REPORT": report},
        artifacts=("reports/*.xml",),
    )
    run = app.jobs.run(spec)
    assert run.exit_code == 1, run.message
    assert run.tests is not None
    assert (run.tests.total, run.tests.passed, run.tests.failed) == (2, 1, 1)
    pays, total = app.tests.page("default", run.job_id).items
    assert (pays.id, total.id) == ("tests.test_cart::test_pays", "tests.test_cart::test_total")
    assert "assert 1 == 2" in (pays.message or "")
    assert (pays.duration_s, pays.read_from) == (
        (1.5, "reports/junit.xml") if report else (None, "pytest log")
    )
    assert app.insights.baseline("default", f"{run.key}|test:{total.id}").run_count == 1
