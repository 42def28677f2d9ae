"""The shared suite of executors on a real engine."""

from pathlib import Path

import pytest

from orcaops.running.executors.docker import DockerExecutor
from orcaops.testing.executors import ExecutorConformance
from tests.live.conftest import SMALL_IMAGE

pytestmark = pytest.mark.live


class TestDockerExecutor(ExecutorConformance):
    image = SMALL_IMAGE

    @pytest.fixture
    def executor(self, installation: str, tmp_path: Path) -> DockerExecutor:
        return DockerExecutor(installation=installation, hosts=tmp_path / "hosts")
