"""A detector is one file: the one in ``docs/how-to/add-a-detector.md``, dropped in, works everywhere."""

import re
import sys
from pathlib import Path
from typing import Any

import pytest

from orcaops import plugins
from orcaops.model.errors import OrcaError
from orcaops.testing.learners import CHECKS

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "add-a-detector.md"
KEY = "name:nightly"


def shown_on_the_page() -> str:
    """The code of the page."""
    found = re.search(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder of plug-ins with that one file in it."""
    folder = tmp_path / "plug-ins"
    folder.mkdir()
    (folder / "twice.py").write_text(shown_on_the_page())
    return folder


def twice(folder: Path, **parameters: Any) -> Any:
    found = plugins.find("detector", [folder], {"twice": parameters})
    return next(detector for detector in found if detector.name == "twice")


def test_it_is_found_beside_the_shipped_ones(folder: Path) -> None:
    names = [detector.name for detector in plugins.find("detector", [folder])]
    assert set(names) == {"twice"} | {detector.name for detector in plugins.find("detector")}


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_passes_the_suite_of_every_learner(check: Any, folder: Path) -> None:
    check(twice(folder))


def test_its_fields_are_its_parameters(folder: Path) -> None:
    assert twice(folder, factor=4.0).factor == 4.0
    with pytest.raises(OrcaError, match="no parameter 'fctor'"):
        twice(folder, fctor=4.0)


def test_it_may_come_as_an_entry_point(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    described = folder / "twice-1.0.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: twice\nVersion: 1.0\n")
    (described / "entry_points.txt").write_text("[orcaops.detectors]\ntwice = twice:detector\n")
    monkeypatch.syspath_prepend(str(folder))
    try:
        assert "twice" in [detector.name for detector in plugins.find("detector")]
    finally:
        sys.modules.pop("twice", None)


def test_one_that_cannot_be_loaded_is_left_out_and_named(
    folder: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (folder / "broken.py").write_text("import nowhere_at_all\n")
    assert twice(folder)
    assert "broken.py" in caplog.text
