"""Sealed specifications: private, in memory, and gone when asked."""

import os
from pathlib import Path

import pytest

from orcaops.model.job import JobSpec
from orcaops.recording.sealed_specs import SealedSpecs

_SPEC = JobSpec(command=("true",), env={"API_TOKEN": "hunter2"})


def test_a_specification_is_found_by_another_process_until_it_is_forgotten(tmp_path: Path) -> None:
    SealedSpecs("home", tmp_path).keep("job-1", _SPEC)
    (folder,) = tmp_path.iterdir()
    (file,) = folder.iterdir()
    assert (folder.stat().st_mode & 0o777, file.stat().st_mode & 0o777) == (0o700, 0o600)
    other = SealedSpecs("home", tmp_path)
    assert other.find("job-1") == _SPEC
    other.forget("job-1")
    assert other.find("job-1") is None
    assert not folder.exists(), "nothing is left behind"


def test_what_a_killed_process_left_is_dropped_but_not_what_is_new(tmp_path: Path) -> None:
    sealed = SealedSpecs("home", tmp_path)
    for job_id in ("dead", "living", "new"):
        sealed.keep(job_id, _SPEC)
    (folder,) = tmp_path.iterdir()
    for job_id in ("dead", "living"):
        os.utime(folder / f"{job_id}.json", (1, 1))
    sealed.forget_others(["living"])
    assert {path.stem for path in folder.iterdir()} == {"living", "new"}
    sealed.forget("living")
    sealed.forget("new")
    sealed.forget_others([])


def test_a_folder_that_others_can_read_is_not_used(tmp_path: Path) -> None:
    sealed = SealedSpecs("home", tmp_path)
    sealed.keep("job-1", _SPEC)
    next(tmp_path.iterdir()).chmod(0o755)
    with pytest.raises(PermissionError):
        sealed.keep("job-2", _SPEC)


def test_without_memory_nothing_is_written(tmp_path: Path) -> None:
    sealed = SealedSpecs("home", tmp_path / "nowhere")
    sealed.keep("job-1", _SPEC)
    assert sealed.find("job-1") is None
    assert not list(tmp_path.iterdir())
