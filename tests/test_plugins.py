"""Plug-ins: found because they lie in their folder, configured by name, isolated when they are broken."""

from pathlib import Path

import pytest

from orcaops import plugins
from orcaops.model.errors import OrcaError

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
