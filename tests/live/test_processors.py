"""What is measured of processors in real containers of known behaviour, and what follows from it."""

import contextlib
import os
from pathlib import Path

import pytest

from orcaops.app import build
from orcaops.config import load
from orcaops.improving.advisors.cpu_limit import CpuLimit
from orcaops.model.job import JobSpec
from orcaops.model.run import Run, Status
from orcaops.testing.advisors import a_dossier, told
from tests.live.conftest import SMALL_IMAGE

_BUSY = (
    "end=$(($(cut -d. -f1 /proc/uptime) + {s})); while [ $(cut -d. -f1 /proc/uptime) -lt $end ]; do :; done"
)


def ran(home: Path, command: str, cpus: float) -> Run:
    configuration = load({"home": home}, environment={}, folder=home, user_file=home / "none")
    with contextlib.closing(build(configuration)) as app:
        final = app.jobs.run(JobSpec(image=SMALL_IMAGE, command=("sh", "-c", command), cpus=cpus, name="n"))
    assert final.status is Status.SUCCEEDED
    return final


def often(run: Run) -> list[Run]:
    return [run.changed(job_id=f"job-{n}") for n in range(12)]


@pytest.mark.live
def test_a_burst_in_an_idle_run_is_seen_and_not_advised_away(tmp_path: Path) -> None:
    run = ran(tmp_path, f"sleep 3; {_BUSY.format(s=2)}; sleep 3", cpus=min(2, os.cpu_count() or 1))
    mean = (run.usage.cpu_seconds or 0) / (run.duration_s or 1)
    peak = run.usage.cpu_peak_cores
    assert peak is not None
    assert mean < 0.3
    assert 2 * mean < peak < 1.5
    generous = run.changed(
        effective=run.effective.model_copy(update={"cpus": 8.0}) if run.effective else None
    )
    (found,) = told(CpuLimit(), a_dossier(often(generous)))
    assert found.evidence["proposed_cpus"] > 0.6 * peak > 1.5 * 1.15 * mean
    assert "at their busiest" in found.description


@pytest.mark.live
def test_a_job_that_wants_more_than_its_limit_is_seen_to_be_held_back(tmp_path: Path) -> None:
    run = ran(tmp_path, _BUSY.format(s=3), cpus=0.2)
    seconds = run.duration_s or 0.0
    assert (run.usage.throttled_seconds or 0.0) > 0.3 * seconds
    assert (run.usage.cpu_peak_cores or 0.0) < 0.35
    (found,) = told(CpuLimit(), a_dossier(often(run)))
    assert found.title == "Raise the processor limit from 0.2 to 0.5"


@pytest.mark.live
def test_threads_side_by_side_count_together(tmp_path: Path) -> None:
    busy = _BUSY.format(s=3)
    run = ran(tmp_path, f"({busy}) & ({busy}) & wait", cpus=min(2, os.cpu_count() or 1))
    mean = (run.usage.cpu_seconds or 0) / (run.duration_s or 1)
    assert (run.usage.cpu_peak_cores or 0.0) >= 0.9 * mean > 0
