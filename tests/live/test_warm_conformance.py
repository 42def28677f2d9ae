"""The shared suite of executors, with every job in a container that stood ready for it."""

import contextlib
from collections.abc import Iterator

import pytest

from orcaops.model.run import Run
from orcaops.running.executor import Halt, Observer, Outcome
from orcaops.running.executors.docker import DockerExecutor
from orcaops.testing.executors import ExecutorConformance
from tests.live.conftest import SMALL_IMAGE

pytestmark = pytest.mark.live


class AlwaysReady(DockerExecutor):
    """Foresees every job: a container of its shape stands ready when it comes."""

    def run(self, run: Run, observer: Observer, halt: Halt) -> Outcome:
        """Prepare, then run; whatever began must have begun in what was prepared."""
        assert run.effective is not None
        self.prepare(run.effective)
        outcome = super().run(run, observer, halt)
        assert outcome.warm or outcome.failure is not None
        return outcome


class TestWarmDockerExecutor(ExecutorConformance):
    image = SMALL_IMAGE

    @pytest.fixture
    def executor(self, installation: str) -> Iterator[DockerExecutor]:
        with contextlib.closing(AlwaysReady(installation=installation)) as executor:
            yield executor
