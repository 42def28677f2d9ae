"""The process executor against the shared contract."""

from pathlib import Path

import pytest

from orcaops.running.executors.process import ProcessExecutor
from orcaops.testing.executors import ExecutorConformance


class TestProcessExecutor(ExecutorConformance):
    @pytest.fixture
    def executor(self, tmp_path: Path) -> ProcessExecutor:
        return ProcessExecutor(tmp_path / "work", installation=tmp_path.name)
