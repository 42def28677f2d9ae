"""Upkeep: what an operator asks of the house."""

import errno
import logging
from collections.abc import Callable
from typing import Any

import pytest

from orcaops.app import App
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
