"""Plug-ins: found because they lie in their folder, configured by name, isolated when they are broken."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orcaops import config, plugins
from orcaops.app import build
from orcaops.model.errors import OrcaError
from orcaops.model.forecast import Forecast
from orcaops.model.run import Run, Status

GOOD = """
from dataclasses import dataclass

@dataclass(frozen=True)
class Spike:
    name: str = "spike"
    factor: float = 2.0

detector = Spike()
"""


def test_a_file_in_a_folder_is_found_and_configured(tmp_path: Path) -> None:
    (tmp_path / "spike.py").write_text(GOOD)
    found = {each.name: each for each in plugins.find("detector", [tmp_path], {"spike": {"factor": 3.0}})}
    assert found["spike"].factor == 3.0


def test_the_shipped_ones_are_found() -> None:
    assert {"anomaly_duration", "anomaly_memory"} <= {each.name for each in plugins.find("detector")}


def test_a_broken_file_is_left_out(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "broken.py").write_text("1 / 0")
    (tmp_path / "spike.py").write_text(GOOD)
    assert "spike" in {each.name for each in plugins.find("detector", [tmp_path])}
    assert "broken.py" in caplog.text


def test_two_of_one_name_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "one.py").write_text(GOOD)
    (tmp_path / "two.py").write_text(GOOD)
    with pytest.raises(OrcaError, match="two detectors are called 'spike'"):
        plugins.find("detector", [tmp_path])


@pytest.mark.parametrize("parameters", [{"spike": {"fctor": 1}}, {"nobody": {}}])
def test_an_unknown_name_or_parameter_is_an_error(
    tmp_path: Path, parameters: dict[str, dict[str, float]]
) -> None:
    (tmp_path / "spike.py").write_text(GOOD)
    with pytest.raises(OrcaError, match="no"):
        plugins.find("detector", [tmp_path], parameters)


@pytest.mark.parametrize("kind", ["forecaster", "advisor"])
def test_one_that_lacks_what_its_kind_needs_is_left_out(
    kind: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "bare.py").write_text(f"class Bare:\n    name = 'bare'\n{kind} = Bare()\n")
    assert "bare" not in {each.name for each in plugins.find(kind, [tmp_path])}
    assert "bare.py has no" in caplog.text


ADVISOR = """
class Wild:
    name, needed = "wild", 3
    def concerns(self, latest, baseline): return True
    def advise(self, dossier): return [None]
advisor = Wild()
"""
FORECASTER = """
class Wild:
    name, fewest_hours = "wild", 1000
    def forecast(self, series, *, share=0.8): return None
forecaster = Wild()
"""


def test_what_advisors_and_forecasters_from_a_folder_get_wrong_costs_only_them(
    orcaops_home: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "advisor.py").write_text(ADVISOR)
    (tmp_path / "forecaster.py").write_text(FORECASTER)
    flags = {"home": orcaops_home, "plugins.dirs": [str(tmp_path)]}
    app = build(config.load(flags, environment={}, folder=tmp_path, user_file=tmp_path / "none"))
    begun = datetime(2026, 3, 2, tzinfo=UTC)
    runs = [past_run(n, begun + n * timedelta(hours=1)) for n in range(30)]
    with app.store.write() as transaction:
        transaction.runs.add_new(runs)
    assert app.absorber.absorb_all() == 30
    assert app.insights.baseline("default", "name:work").sample_count == 30
    told = app.forecasts.forecast("default", hours=3, at=begun + timedelta(hours=30))
    assert isinstance(told, Forecast)
    assert told.forecaster != "wild"
    app.close()
    assert "the advisor wild raised" in caplog.text
    assert "the forecaster wild failed" in caplog.text


def past_run(n: int, at: datetime) -> Run:
    return Run(
        job_id=f"job-{n:02d}",
        key="name:work",
        name="work",
        status=Status.SUCCEEDED,
        submitted_at=at,
        started_at=at,
        finished_at=at + timedelta(seconds=10),
        duration_s=10.0,
    )
