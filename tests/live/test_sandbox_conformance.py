"""The shared suite of executors, with every job in a sandbox that it shares with nobody."""

import secrets
from collections.abc import Iterator

import pytest

from orcaops.model.run import Run
from orcaops.model.sandbox import SandboxSpec
from orcaops.running.executor import Executor, Halt, Observer, Outcome
from orcaops.running.executors.docker import DockerExecutor
from orcaops.testing.executors import ExecutorConformance
from tests.live.conftest import SMALL_IMAGE

pytestmark = pytest.mark.live


class InSandboxes(DockerExecutor):
    """Runs each job in a sandbox made for it."""

    def run(self, run: Run, observer: Observer, halt: Halt) -> Outcome:
        """Make a sandbox, run the job in it, remove the sandbox."""
        assert run.effective is not None
        sandbox = f"s{secrets.token_hex(6)}"
        spec = run.effective
        limits = {name: getattr(spec, name) for name in ("memory", "cpus", "pids", "network")}
        self.sandboxes.create(sandbox, SandboxSpec(image=spec.image, workspace=run.workspace, **limits))
        try:
            inside = run.changed(effective=spec.model_copy(update={"sandbox": sandbox}))
            return super().run(inside, observer, halt)
        finally:
            self.sandboxes.remove(sandbox)


class TestDockerSandboxes(ExecutorConformance):
    image = SMALL_IMAGE

    @pytest.fixture
    def executor(self, installation: str) -> Iterator[DockerExecutor]:
        made = InSandboxes(installation=installation)
        yield made
        assert made.sandboxes.found() == []

    def assert_nothing_left(self, executor: Executor) -> None:
        """Nothing of a command is left in its sandbox either, which is gone with all that was in it."""
        super().assert_nothing_left(executor)
