"""A limit that begins to kill, on a real engine: undone before a second run is lost, the first retried."""

import importlib
from pathlib import Path

import pytest


@pytest.mark.live
def test_a_bad_limit_is_undone_before_a_second_run_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(__file__).parents[2]))
    found = importlib.import_module("benchmarks.bad_limit").bad_limit()
    if found is None:
        pytest.skip("no engine with orcaops-test/work:1 answers")
    assert (found.killed, found.lost, len(found.retried)) == (1, 0, 1)
    assert found.state == "rolled_back"
    assert [line.split(":")[0] for line in found.log] == [
        "orcaops propose proposed",
        "orcaops approve approved",
        "orcaops start canary",
        "orcaops stop rolled_back",
    ]
    assert f"{found.retried[0]} was killed at 192 MiB; its own limit is 256 MiB" in found.log[-1]
