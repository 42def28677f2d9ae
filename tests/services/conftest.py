"""A house with a temporary home, without containers."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from orcaops import config
from orcaops.app import App, build


@pytest.fixture
def open_app(tmp_path: Path) -> Iterator[Callable[..., App]]:
    """Builds the house; as often as asked, over the same home unless another is named."""
    opened: list[App] = []

    def open_one(home: Path | None = None, **flags: object) -> App:
        names = {name.replace("__", "."): value for name, value in flags.items()}
        chosen = config.load(
            {"home": home or tmp_path / "home", **names},
            environment={},
            folder=tmp_path,
            user_file=tmp_path / "none",
        )
        opened.append(build(chosen))
        return opened[-1]

    yield open_one
    for app in opened:
        app.close()


@pytest.fixture
def app(open_app: Callable[..., App]) -> App:
    return open_app()
