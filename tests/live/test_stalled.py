"""A job that hangs in a real container: seen by its silence, also when nothing comes any more at all."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orcaops import config
from orcaops.app import App, build
from orcaops.model.job import JobSpec
from tests.live.conftest import WORK_IMAGE

pytestmark = pytest.mark.live

TALKS = 'echo one; sleep "$BETWEEN"; echo two; sleep "$AFTER"'


@pytest.fixture
def app(tmp_path: Path) -> Iterator[App]:
    (tmp_path / "orcaops.toml").write_text("[detectors.anomaly_stalled]\nleast_amount = 2\n")
    app = build(
        config.load({"home": tmp_path / "home"}, environment={}, folder=tmp_path, user_file=tmp_path / "none")
    )
    yield app
    app.close()


@pytest.mark.parametrize(
    ("between", "after", "timeout"),
    [("5", "0", None), ("0", "60", 6)],
    ids=["and goes on", "until it is stopped"],
)
def test_a_run_that_says_nothing_for_long_is_told(
    app: App, between: str, after: str, timeout: float | None
) -> None:
    def once(between: str, after: str, timeout: float | None = None) -> str:
        spec = JobSpec(
            image=WORK_IMAGE,
            name="talks",
            command=("sh", "-c", TALKS),
            env={"BETWEEN": between, "AFTER": after},
            timeout=timeout,
        )
        return app.jobs.run(spec).job_id

    for _ in range(6):
        once("0", "0")
    hung = once(between, after, timeout)
    (stalled,) = [each for each in app.insights.anomalies_of("default", hung) if each.type == "stalled"]
    assert stalled.title.startswith("Said nothing for ")
    assert (stalled.unit, stalled.open) == ("s", True)
    assert 4.5 < stalled.actual < 30
    assert stalled.job_ids == (hung,)
