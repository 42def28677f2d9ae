"""A store of its own for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from orcaops.recording.sql import open_store
from orcaops.recording.store import Store


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = open_store(f"sqlite:///{tmp_path}/orcaops.db")
    yield store
    store.close()
