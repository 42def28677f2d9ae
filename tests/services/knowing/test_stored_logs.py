"""Stored logs read again: a taught pattern finds lines that were not kept, and facts are completed."""

import json
from pathlib import Path

import pytest

from orcaops.app import App
from orcaops.learning.failures.expressions import compiled
from orcaops.model.pattern import PatternTaught


def _imported(app: App, tmp_path: Path, *, passing: str = "all is well") -> None:
    path = tmp_path / "runs.jsonl"
    failing = "getting ready for tenant-{n}\nERROR the merge failed\n"
    with path.open("w") as file:
        for n in range(4):
            for hour, status, code, log in ((10, "failed", 1, failing), (11, "succeeded", 0, passing)):
                run = {"name": "ledger", "command": "ledger", "started_at": f"2026-11-0{n + 1}T{hour}:00:00Z"}
                run |= {"duration_s": 3, "status": status, "exit_code": code, "log": log.format(n=n)}
                file.write(json.dumps(run) + "\n")
    done = app.history.import_file(path, "jsonl", workspace="default")
    assert done.added == 8


def _state(app: App) -> list[tuple[str, tuple[str, ...], str]]:
    with app.store.read() as transaction:
        return [(each.job_id, each.patterns, each.signature) for each in transaction.diagnoses.each()]


TENANT = PatternTaught(
    pattern=r"^getting ready for (tenant-\d+)$",
    title="{1} is not ready",
    examples=("getting ready for tenant-3",),
    id="acme.tenant",
)


def test_a_taught_pattern_finds_what_was_not_kept_of_a_log(app: App, tmp_path: Path) -> None:
    _imported(app, tmp_path)
    assert app.knowledge.teach("default", TENANT, by="me").occurrences == 4
    before = _state(app)
    app.upkeep.relearn()
    assert _state(app) == before


def test_a_taught_pattern_reaches_all_of_history_in_batches(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _imported(app, tmp_path)
    monkeypatch.setattr("orcaops.services.knowing.stored_logs._AT_ONCE", 2)
    told: list[tuple[int, int]] = []
    taught = app.knowledge.teach(
        "default", TENANT, by="me", progress=lambda done, total: told.append((done, total))
    )
    assert taught.occurrences == 4
    assert told[:2] == [(2, 4), (4, 4)]


def test_a_proposal_fires_in_no_log_of_a_passing_run(app: App, tmp_path: Path) -> None:
    passing = "step 2\n+ echo ERROR the merge failed\nnothing of that happened"
    _imported(app, tmp_path, passing=passing)
    proposed = [one.pattern for one in app.knowledge.proposals("default") if one.pattern]
    assert proposed
    assert not any(compiled(pattern).search(passing) for pattern in proposed)


def test_relearning_takes_what_logs_still_tell_and_again_changes_nothing(
    app: App, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(app.history._evidence, "gather", lambda *_args: None)  # type: ignore[union-attr]
        _imported(app, tmp_path)
    assert {each[2] for each in _state(app)}
    with app.store.read() as transaction:
        jobs = [each.job_id for each in transaction.diagnoses.each()]
        assert not transaction.evidence.find("default", jobs)
    app.upkeep.relearn()
    with app.store.read() as transaction:
        assert len(transaction.evidence.find("default", jobs)) == 4
    first = _state(app)
    app.upkeep.relearn()
    assert _state(app) == first
