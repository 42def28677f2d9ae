"""What tests on a real engine get: images of their own, and an installation of their own."""

import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from orcaops.running.executors.docker import DockerExecutor
from orcaops.testing.executors import RecordingObserver

SMALL_IMAGE = "orcaops-test/busybox:1"
WORK_IMAGE = "orcaops-test/work:1"


@pytest.fixture
def installation() -> Iterator[str]:
    """The name of an installation that nobody else has; nothing may be left of it."""
    name = f"test-{secrets.token_hex(6)}"
    yield name
    assert DockerExecutor(installation=name).reap([]) == [], "the test left something behind"


@pytest.fixture
def executor(installation: str, tmp_path: Path) -> DockerExecutor:
    """An executor of that installation."""
    return DockerExecutor(installation=installation, hosts=tmp_path / "hosts")


@pytest.fixture
def observer(tmp_path: Path) -> RecordingObserver:
    """An observer with a folder for artifacts."""
    folder = tmp_path / "artifacts"
    folder.mkdir()
    return RecordingObserver(folder)
