"""Upkeep: what an operator asks of the house."""

import errno
import json
import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from orcaops.app import App
from orcaops.model.job import JobSpec
from orcaops.recording import mirrors
from orcaops.testing.stores import make_run


def test_mirrors_that_cannot_be_written_cost_nothing_and_come_later(
    open_app: Callable[..., App], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    app = open_app()
    with app.store.write() as transaction:
        transaction.runs.add_new([make_run(number) for number in range(20)])
    app.absorber.absorb_all()
    mirrored = app.settings.home / "baselines.json"

    def full(*_arguments: Any) -> Any:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched, caplog.at_level(logging.WARNING):
        patched.setattr(mirrors, "replacing", full)
        app.upkeep.mirror()
    assert "No space left on device" in caplog.text
    assert not mirrored.exists()
    app.upkeep.mirror()
    assert mirrored.exists()


def test_logs_of_old_runs_stay_until_they_have_been_learned_from(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    app = open_app()
    past = {"name": "n", "started_at": "2020-01-01T00:00:00Z", "duration_s": 1, "status": "failed"}
    history = tmp_path / "old.jsonl"
    history.write_text(json.dumps(past | {"job_id": "old", "log": "Error: no\n"}) + "\n")
    app.history.import_file(history, "jsonl", workspace="default")
    with app.store.write() as transaction:  # as while an import is under way
        transaction.runs.clear_numbers()
        transaction.set_watermark(0)
    assert app.upkeep.gc().removed == ()
    app.absorber.absorb_all()
    assert "log of old" in app.upkeep.gc().removed[0]


def test_what_another_process_cleans_up_at_the_same_time_is_no_failure(
    open_app: Callable[..., App], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = open_app(retention__artifacts_days=1e-8)
    run = app.jobs.run(JobSpec(shell="echo x > a", artifacts=("a",)))
    folder = app.settings.home / "artifacts" / "default" / run.job_id
    assert folder.is_dir()
    time.sleep(0.002)
    really = shutil.rmtree

    def second(path: Path) -> None:
        really(path)  # the other one was quicker
        really(path)

    monkeypatch.setattr(shutil, "rmtree", second)
    assert any(run.job_id in each for each in app.upkeep.gc().removed)
    assert not folder.exists()
