"""A file is named after the one thing it holds: words that hide what a thing is are refused."""

from pathlib import Path

import pytest

SOURCE = Path(__file__).parents[2] / "src" / "orcaops"
HIDING = {"util", "helper", "common", "manager", "handler", "base", "data", "info", "misc", "v2"}


def hides(path: Path) -> bool:
    """Whether a folder or file of this path is named by a word that says nothing, alone or as a part."""
    words = {word for part in path.with_suffix("").parts for word in part.strip("_").split("_")}
    return bool(words & (HIDING | {f"{word}s" for word in HIDING}))


def test_no_file_hides_behind_its_name() -> None:
    assert not [str(path) for path in SOURCE.rglob("*") if hides(path.relative_to(SOURCE))]


@pytest.mark.parametrize("name", ["utils.py", "learning/base.py", "common/__init__.py", "job_manager.py"])
def test_the_check_sees(name: str) -> None:
    assert hides(Path(name))


@pytest.mark.parametrize("name", ["model/baseline.py", "recording/sql/database.py", "stats/quantiles.py"])
def test_the_check_lets_pass(name: str) -> None:
    assert not hides(Path(name))
