"""What is read of a log for evidence: its beginning and its end, each line once."""

import json
from pathlib import Path

import pytest

from orcaops.app import App
from orcaops.recording.logs.files import FileLogStore
from orcaops.services.knowing import evidence


@pytest.mark.parametrize(
    ("lines", "length", "whole"),
    [(0, 1, True), (100, 50, True), (24_000, 1, True), (300_000, 1, False), (20_000, 100, False)],
)
def test_the_ends_of_a_log(app: App, tmp_path: Path, lines: int, length: int, whole: bool) -> None:
    printed = [f"{n % 10}" * length for n in range(lines)] + ["the end"]
    path = tmp_path / "runs.jsonl"
    run = {"job_id": "a", "name": "a", "command": "a", "started_at": "2026-11-01T10:00:00Z", "duration_s": 1}
    path.write_text(json.dumps(run | {"status": "failed", "exit_code": 1, "log": "\n".join(printed) + "\n"}))
    assert app.history.import_file(path, "jsonl", workspace="default").added == 1
    with app.store.read() as transaction:
        run_read = transaction.runs.get("default", "a")
    read = list(evidence.ends_of_log(FileLogStore(tmp_path / "home" / "logs"), run_read))
    offsets = [offset for offset, _ in read]
    assert offsets == sorted(set(offsets))
    assert read[-1][1] == "the end"
    assert read[0] == (0, printed[0])
    assert (len(read) == len(printed)) is whole
    assert len(read) <= evidence._HEAD_LINES + evidence._TAIL_LINES
