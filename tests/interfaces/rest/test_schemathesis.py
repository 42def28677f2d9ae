"""Schemathesis against a real server on loopback: every check, with links followed, and no exception.

Nothing is really run: the executors follow a script. A wider run, against any server:
``schemathesis run --checks all http://127.0.0.1:8750/openapi.json``.
"""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.slow
@pytest.mark.usefixtures("learned", "advised")
@pytest.mark.parametrize("phases", ["examples,coverage", "fuzzing", "stateful"])
def test_all_checks_hold(
    phases: str, served: Callable[[str | None], str], submitted: Callable[..., dict[str, Any]], tmp_path: Path
) -> None:
    submitted(name="greeting")
    address = served("fuzzing-token")
    ran = subprocess.run(
        [
            str(Path(sys.executable).with_name("schemathesis")),
            "run",
            f"{address}/openapi.json",
            "--header=Authorization: Bearer fuzzing-token",
            "--checks=all",
            f"--phases={phases}",
            "--suppress-health-check=too_slow",  # how fast examples are made is no property of ours
            "--wait-for-schema=60",
            f"--max-examples={os.environ.get('ORCAOPS_TEST_EXAMPLES', '8')}",
            "--seed=1",
            "--generation-deterministic",
            "--no-color",
        ],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
        timeout=1200,
    )
    assert ran.returncode == 0, ran.stdout[-20_000:] + ran.stderr
