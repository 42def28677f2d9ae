import json
import os
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.baseline import Baseline
from orcaops.recording.mirrors import Mirrors, write_anomalies, write_baselines
from orcaops.recording.private_files import private_folder, replacing

AT = datetime(2026, 1, 1, 12, tzinfo=UTC)


def baseline(workspace: str, key: str) -> Baseline:
    return Baseline(workspace=workspace, key=key, sample_count=3, last_updated=AT)


def anomaly(name: str, days: int) -> Anomaly:
    return Anomaly(
        id=name,
        job_id="j",
        type="duration",
        severity=Severity.WARNING,
        title="slow",
        description="d",
        detected_at=AT + timedelta(days=days),
        key="k",
        detector="spike",
    )


def test_baselines(tmp_path: Path) -> None:
    assert write_baselines(tmp_path, [baseline("a", "x"), baseline("a", 'y"z'), baseline("b", "x")]) == 3
    found = json.loads((tmp_path / "baselines.json").read_bytes())["baselines"]
    assert {w: list(keys) for w, keys in found.items()} == {"a": ["x", 'y"z'], "b": ["x"]}
    assert Baseline.model_validate(found["a"]["x"]) == baseline("a", "x")
    assert write_baselines(tmp_path, []) == 0
    assert json.loads((tmp_path / "baselines.json").read_bytes()) == {"baselines": {}}
    assert (tmp_path / "baselines.json").stat().st_mode & 0o777 == 0o600


def test_anomalies_by_day(tmp_path: Path) -> None:
    some = [anomaly("b", 1), anomaly("a", 0), anomaly("c", 0)]
    assert write_anomalies(tmp_path, some) == 2
    assert sorted(path.name for path in (tmp_path / "anomalies").iterdir()) == [
        "2026-01-01.jsonl",
        "2026-01-02.jsonl",
    ]
    lines = (tmp_path / "anomalies" / "2026-01-01.jsonl").read_text().splitlines()
    assert [Anomaly.model_validate_json(line).id for line in lines] == ["a", "c"]
    assert write_anomalies(tmp_path, some) == 0  # nothing has changed


def test_writing_is_not_due_again_at_once(tmp_path: Path) -> None:
    mirrors = Mirrors(tmp_path)
    assert mirrors.due(1)
    mirrors.write(1, [], [])
    assert not mirrors.due(1)
    assert not mirrors.due(2)
    os.utime(tmp_path / "baselines.json", (0, 0))
    assert mirrors.due(2)
    assert not mirrors.due(1)


def test_a_failing_writer_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text("old")
    with pytest.raises(TypeError), replacing(path) as file:
        file.writelines([b"new", 5])  # type: ignore[list-item]
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
    folder = private_folder(tmp_path / "a" / "b")
    assert folder.stat().st_mode & 0o777 == 0o700
    assert folder.parent.stat().st_mode & 0o777 == 0o700


def test_a_large_mirror_is_written_less_often(tmp_path: Path) -> None:
    mirrors = Mirrors(tmp_path)
    mirrors.write(1, [], [])
    file = tmp_path / "baselines.json"
    two_minutes_ago = time.time() - 120
    os.utime(file, (two_minutes_ago, two_minutes_ago))
    assert mirrors.due(2)
    file.write_bytes(b" " * 50_000_000)
    os.utime(file, (two_minutes_ago, two_minutes_ago))
    assert not mirrors.due(2)
