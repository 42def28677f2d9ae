"""The process executor against the shared contract."""

from pathlib import Path
from typing import Any

import pytest

from orcaops.model.run import Run
from orcaops.running.executors.process import ProcessExecutor
from orcaops.running.processes.limits import can_limit
from orcaops.testing.executors import ExecutorConformance


class TestProcessExecutor(ExecutorConformance):
    @pytest.fixture
    def executor(self, tmp_path: Path) -> ProcessExecutor:
        return ProcessExecutor(tmp_path / "work", installation=tmp_path.name, limits=False)


@pytest.mark.skipif(not can_limit(), reason="no control group can be made here")
class TestProcessExecutorWithLimits(ExecutorConformance):
    @pytest.fixture
    def executor(self, tmp_path: Path) -> ProcessExecutor:
        return ProcessExecutor(tmp_path / "work", installation=tmp_path.name)

    def job(self, line: str | None = None, **fields_of_spec: Any) -> Run:
        return super().job(line, **{"memory": "256m", "cpus": 2, "pids": 200, **fields_of_spec})
