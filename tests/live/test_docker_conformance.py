"""The shared suite of executors on a real engine."""

import pytest

from orcaops.running.executors.docker import DockerExecutor
from orcaops.testing.executors import ExecutorConformance
from tests.live.conftest import SMALL_IMAGE

pytestmark = pytest.mark.live


class TestDockerExecutor(ExecutorConformance):
    image = SMALL_IMAGE

    @pytest.fixture
    def executor(self, installation: str) -> DockerExecutor:
        return DockerExecutor(installation=installation)
