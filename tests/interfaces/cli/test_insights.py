"""``orcaops baselines``, ``anomalies`` and ``recommendations``."""

import json
from pathlib import Path

import pytest

from .conftest import Command

KEY = "name:nightly"


def test_baselines_are_listed_and_shown_with_a_picture(past: Path, orcaops: Command) -> None:
    (baseline,) = orcaops("baselines", "list", "--json").documents
    assert baseline["key"] == KEY
    assert baseline["established"] is True
    assert baseline["sample_count"] == 15
    shown = orcaops("baselines", "show", KEY).text
    assert "established" in shown
    (picture,) = (line for line in shown.splitlines() if line and set(line) <= set("▁▂▃▄▅▆▇█"))
    assert len(picture) == 15
    assert picture[-1] == "█", "the last success was the longest"
    assert orcaops("baselines", "show", KEY, "--json").document == baseline
    assert orcaops("baselines", "list", "night").text.count(KEY) == 1
    assert orcaops("baselines", "list", "nothing-like-it").out == b""


def test_a_baseline_is_listed_from_its_first_run(orcaops: Command) -> None:
    assert orcaops("run", "--name", "new", "--", "true").code == 0
    (baseline,) = orcaops("baselines", "list", "--json").documents
    assert (baseline["established"], baseline["needed"]) == (False, 10)
    assert "1 of 10" in orcaops("baselines", "list").text
    assert "±" not in orcaops("baselines", "show", "name:new").text, "one run has no spread"


def test_a_key_may_hold_anything(orcaops: Command) -> None:
    name = "a/b ../c %2F ä 'x' \"y\""
    assert orcaops("run", "--name", name, "--", "true").code == 0
    assert orcaops("baselines", "show", f"name:{name}", "--json").document["key"] == f"name:{name}"


def test_reset_forgets_and_relearn_knows_that(past: Path, orcaops: Command) -> None:
    reset = orcaops("baselines", "reset", KEY, "--reason", "new hardware", "--json")
    assert reset.document == {"key": KEY, "workspace": "default", "reset": True}
    assert orcaops("baselines", "list", "--json").documents == []
    assert len(orcaops("jobs", "list", "--json").documents) == 16, "its runs stay"
    assert orcaops("relearn", "--json").document == {"runs": 16}
    assert orcaops("baselines", "list", "--json").documents == []


def test_baselines_are_exported(past: Path, orcaops: Command) -> None:
    assert orcaops("baselines", "export").documents == orcaops("baselines", "list", "--json").documents


def test_relearn_gives_the_same_opinions(past: Path, orcaops: Command) -> None:
    before = [orcaops("baselines", "export").out, orcaops("anomalies", "list", "--json").out]
    assert orcaops("relearn").text == "learned again from 16 runs\n"
    assert [orcaops("baselines", "export").out, orcaops("anomalies", "list", "--json").out] == before


def test_the_mirrors_are_written(past: Path, orcaops: Command) -> None:
    orcaops("baselines", "list")
    mirrored = json.loads((past / "baselines.json").read_text())
    assert KEY in json.dumps(mirrored)
    assert list((past / "anomalies").glob("*.jsonl"))


def test_anomalies_through_their_life(past: Path, orcaops: Command) -> None:
    found = orcaops("anomalies", "list", "--json").documents
    assert {"duration", "error"} <= {anomaly["type"] for anomaly in found}
    slow = next(anomaly for anomaly in found if anomaly["type"] == "duration")
    assert slow["actual"] == pytest.approx(190)
    shown = orcaops("anomalies", "show", slow["id"])
    assert slow["title"] in shown.text

    seen = orcaops("anomalies", "ack", slow["id"], "--note", "known", "--json").document
    assert (seen["acknowledged"], seen["note"]) == (True, "known")
    left = orcaops("anomalies", "list", "--unacknowledged", "--json").documents
    assert slow["id"] not in [anomaly["id"] for anomaly in left]

    ended = orcaops("anomalies", "resolve", slow["id"], "--resolution", "pinned it", "--json").document
    assert ended["resolution"] == "pinned it"
    assert orcaops("relearn").code == 0
    again = orcaops("anomalies", "show", slow["id"], "--json").document
    assert (again["acknowledged"], again["resolution"]) == (True, "pinned it"), "decisions survive"

    reopened = orcaops("anomalies", "reopen", slow["id"], "--json").document
    assert not reopened["acknowledged"]
    assert not reopened["resolution"]
    assert orcaops("anomalies", "resolve", slow["id"], "--resolution", " ").code == 2


def test_anomalies_are_filtered(past: Path, orcaops: Command) -> None:
    every = orcaops("anomalies", "list", "--json").documents
    for option, value in (("type", "duration"), ("severity", "critical"), ("key", KEY)):
        expected = [anomaly["id"] for anomaly in every if anomaly[option] == value]
        found = orcaops("anomalies", "list", "--json", f"--{option}", value).documents
        assert [anomaly["id"] for anomaly in found] == expected
    assert orcaops("anomalies", "list", "--key", "name:other", "--json").documents == []
    job_id = every[0]["job_id"]
    assert every[0] in orcaops("anomalies", "list", "--job", job_id, "--json").documents
    assert orcaops("anomalies", "list", "--severity", "terrible").code == 2
    assert "SEVERITY" in orcaops("anomalies", "list").text


def with_a_large_limit(orcaops: Command) -> None:
    """Twelve runs that may take 4 GiB and took 100 MiB: one that was run here, told twelve times."""
    assert orcaops("run", "--name", "nightly", "--", "true").code == 0
    run = orcaops("jobs", "list", "--json").document
    usage = run["usage"] | {"memory_peak_bytes": 100 * 2**20, "memory_resident_bytes": None}
    told = [
        run | {"job_id": f"told-{n}", "usage": usage, "effective": run["effective"] | {"memory": 4 * 2**30}}
        for n in range(12)
    ]
    file = Path("told.jsonl")
    file.write_text("".join(json.dumps(each | {"number": None}) + "\n" for each in told))
    assert orcaops("import", file, "--format", "orcaops", "--json").document["added"] == 12


def test_recommendations_through_their_life(orcaops: Command) -> None:
    assert "nothing to improve" in orcaops("recommendations", "list").err
    with_a_large_limit(orcaops)
    found = orcaops("recommendations", "list", "--json").documents
    assert found, "a limit of 4 GiB for 100 MiB is worth a word"
    first = found[0]
    assert first["key"] == KEY
    assert first["title"] in orcaops("recommendations", "list").text
    assert first["title"] in orcaops("recommendations", "show", first["id"]).text
    dismissed = orcaops("recommendations", "dismiss", first["id"], "--reason", "month end", "--json").document
    assert dismissed["state"] == "dismissed"
    assert first["id"] not in [r["id"] for r in orcaops("recommendations", "list", "--json").documents]
    kept = orcaops("recommendations", "list", "--state", "dismissed", "--json").documents
    assert [recommendation["id"] for recommendation in kept] == [first["id"]]
    assert orcaops("recommendations", "apply", first["id"], "--json").document["state"] == "applied"


def test_predict_says_what_and_why(past: Path, orcaops: Command) -> None:
    told = orcaops("predict", "--name", "nightly", "--json", "--", "x").document
    assert set(told) == {"duration", "memory", "failure_risk", "cost"}
    duration = told["duration"]
    assert duration["range_low"] <= duration["estimated_seconds"] <= duration["range_high"]
    assert duration["sample_count"] == 15
    assert duration["reason"]
    assert set(told["cost"]) == {"abstention"}
    for word in ("interval", "confidence", "runs", "why", "not known"):
        assert word in orcaops("predict", "--name", "nightly", "--", "x").text


def test_predict_abstains_where_nothing_is_known(orcaops: Command) -> None:
    told = orcaops("predict", "--json", "--", "never-seen").document
    assert {next(iter(answer)) for answer in told.values()} == {"abstention"}
    assert told["duration"]["abstention"]["need"] > 0
