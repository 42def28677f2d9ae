"""While an import is under way in one process, no other learns from the part that is in."""

import json
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from orcaops.app import App

START = datetime(2026, 3, 1, tzinfo=UTC)
RUNS = 1500  # more than are written at a time
IMPORTING = """
import sys
from pathlib import Path
from orcaops import config
from orcaops.app import build

home, file = Path(sys.argv[1]), Path(sys.argv[2])
app = build(config.load({"home": home}, environment={}, folder=home.parent, user_file=home / "none"))
paused = []

def progress(count):
    if count >= 1000 and not paused:
        paused.append(count)
        print("a part is in", flush=True)
        sys.stdin.readline()

app.history.import_file(file, "jsonl", workspace="default", progress=progress)
app.close()
"""


def written(file: Path) -> Path:
    """A file whose runs are in the reverse order of their times."""
    with file.open("w", encoding="utf-8") as lines:
        for number in reversed(range(RUNS)):
            at = START + timedelta(minutes=number)
            run = {
                "job_id": f"job-{number:04}",
                "command": f"make t{number % 7}",
                "submitted_at": at.isoformat(),
                "duration_s": 5.0 + number % 3,
                "status": "succeeded",
                "exit_code": 0,
            }
            lines.write(json.dumps(run) + "\n")
    return file


def importing(home: Path, file: Path) -> "subprocess.Popen[str]":
    """Another process that waits in the middle of an import."""
    process = subprocess.Popen(
        [sys.executable, "-c", IMPORTING, str(home), str(file)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "a part is in\n"
    return process


def numbers(app: App) -> list[int | None]:
    """The places of all runs in the learning order, by the times of the runs."""
    with app.store.read() as transaction:
        return [run.number for run in transaction.runs.each("default")]


def test_nobody_learns_from_a_part(open_app: Callable[..., App], tmp_path: Path) -> None:
    app = open_app()
    with importing(tmp_path / "home", written(tmp_path / "runs.jsonl")) as process:
        assert app.absorber.absorb_all() == 0
        assert set(numbers(app)) == {None}
        process.communicate("go on\n", timeout=60)
    assert process.returncode == 0
    app.absorber.absorb_all()
    assert numbers(app) == list(range(1, RUNS + 1))


def test_an_import_that_is_killed_is_learned_from_after_a_while(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    app = open_app()
    later = START.timestamp()
    with importing(tmp_path / "home", written(tmp_path / "runs.jsonl")) as process:
        process.kill()
    assert app.absorber.absorb_all() == 0
    with app.store.read() as transaction:
        assert transaction.imports.under_way(later)
        later = datetime.now(UTC).timestamp() + 3600
        assert not transaction.imports.under_way(later)
    app.absorber._clock = lambda: later
    assert app.absorber.absorb_all() == 1000
    assert numbers(app) == list(range(1, 1001))


def test_an_import_that_was_killed_and_is_repeated_is_learned_from_at_once(
    open_app: Callable[..., App], tmp_path: Path
) -> None:
    app = open_app()
    file = written(tmp_path / "runs.jsonl")
    with importing(tmp_path / "home", file) as process:
        process.kill()
    done = app.history.import_file(file, "jsonl", workspace="default")
    assert (done.added, done.known) == (500, 1000)
    assert numbers(app) == list(range(1, RUNS + 1))


def test_one_import_does_not_take_another_for_dead(open_app: Callable[..., App], tmp_path: Path) -> None:
    app = open_app()
    file, small = written(tmp_path / "runs.jsonl"), tmp_path / "small.jsonl"
    small.write_text('{"command": "make", "started_at": "2026-03-01T00:00:00Z", "duration_s": 5}\n')
    with importing(tmp_path / "home", file) as process:
        app.history.import_file(small, "jsonl", workspace="default")
        assert set(numbers(app)) == {None}
        process.communicate("go on\n", timeout=60)
    app.absorber.absorb_all()
    assert sorted(number or 0 for number in numbers(app)) == list(range(1, RUNS + 2))


def test_no_more_runs_are_told_than_there_are(app: App, tmp_path: Path) -> None:
    read: list[int] = []
    learned: list[int] = []
    app.history.import_file(
        written(tmp_path / "runs.jsonl"),
        "jsonl",
        workspace="default",
        progress=read.append,
        learning=learned.append,
    )
    assert (max(read), max(learned)) == (RUNS, RUNS)
    assert read == sorted(read)


def test_an_import_that_fails_holds_nobody_up(app: App, tmp_path: Path) -> None:
    def fail(_count: int) -> None:
        raise KeyboardInterrupt

    file = written(tmp_path / "runs.jsonl")
    with pytest.raises(KeyboardInterrupt):
        app.history.import_file(file, "jsonl", workspace="default", progress=fail)
    assert app.absorber.absorb_all() == 1000


def test_secrets_in_imported_commands_and_logs_are_advised_about(app: App, tmp_path: Path) -> None:
    file = tmp_path / "history.jsonl"
    with file.open("w", encoding="utf-8") as lines:
        for number in range(5):
            at = (START + timedelta(hours=number)).isoformat()
            run = {"image": "i@sha256:0", "started_at": at, "duration_s": 5, "exit_code": 0}
            lines.write(json.dumps(run | {"command": "deploy --password hunter2secret"}) + "\n")
            printed = "+ export DB_PASSWORD=hunter2secret\nfine\n"
            lines.write(json.dumps(run | {"command": "make", "log": printed}) + "\n")
    app.history.import_file(file, "jsonl", workspace="default")
    app.absorber.absorb_all()
    told = app.advice.recommendations("default").items
    assert sorted(each.field for each in told if each.type == "security") == ["command", "output"]
