"""A limit that ran out in a real container is raised when somebody says so, and that it helped is counted."""

from pathlib import Path

import pytest

from orcaops import config
from orcaops.app import build
from orcaops.model.job import JobSpec
from orcaops.model.remedy import Action
from orcaops.model.run import Cause, Status

from .conftest import WORK_IMAGE
from .test_fixes_that_helped import HUNGRY

pytestmark = pytest.mark.live


def test_memory_is_raised_and_counted(tmp_path: Path) -> None:
    chosen = config.load(
        {"home": tmp_path / "home", "policy.remediate": ["raise_memory"]},
        environment={},
        folder=tmp_path,
        user_file=tmp_path / "none",
    )
    app = build(chosen)
    try:
        spec = JobSpec(name="hungry", image=WORK_IMAGE, command=("python3", "-c", HUNGRY), memory="96m")
        killed = app.jobs.run(spec)
        assert killed.cause is Cause.OOM_KILLED
        taken = app.remediation.fix("default", killed.job_id, by="joe")
        assert (taken.action, taken.status) == (Action.RAISE_MEMORY, Status.SUCCEEDED)
        assert (taken.before, taken.after) == ("96.0 MiB", "192 MiB")
        again = app.failures.debug("default", app.jobs.run(spec).job_id)
        learned = next(fix for fix in again.suggested_fixes if fix.change is not None)
        assert learned.effect is not None
        assert (learned.effect.n, learned.effect.helped) == (1, 1)
    finally:
        app.close()
