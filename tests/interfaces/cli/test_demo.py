import time

import pytest

from .conftest import Command


def test_the_demo_remembers_predicts_notices_and_explains(
    orcaops: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/engine.sock")
    began = time.monotonic()
    answer = orcaops("demo")
    assert answer.code == 0
    assert time.monotonic() - began < 60
    for words in (
        "processes of this machine",
        "It remembers: usually",
        "What will the next run take?",
        "interval",
        "as long as usual",
        "of 11 within 20%",
        "Newly failing: tests.test_app::test_order (passed 14 times before)",
        "No module named 'requests'",
        'orcaops ask "why did demo-tests fail?"',
        "pip install requests",
        "Try next:",
        "orcaops serve",
    ):
        assert words in answer.text
    runs = orcaops("jobs", "list", "--workspace", "demo", "--json").documents
    assert [run["status"] for run in runs].count("succeeded") == 14
    assert runs[0]["status"] == "failed"
    assert orcaops("jobs", "list", "--json").documents == [], "it keeps to a workspace of its own"

    told = orcaops("demo", "--json")
    assert told.document["baseline"]["sample_count"] == 14
    assert [told.document[name]["anomalies"][0]["type"] for name in ("slow", "failed")] == [
        "duration",
        "error",
    ]
    again = told.err
    assert "as long as usual" in again, "it starts anew each time"
    assert "none of the 14 runs of this job had failed" in again
    tries = [
        line.strip().split("  ")[0] for line in again.partition("Try next:")[2].splitlines() if line.strip()
    ]
    assert len(tries) == 6
    for line in tries:
        if "serve" not in line:
            assert orcaops(*line.split()[1:]).code == 0, line
