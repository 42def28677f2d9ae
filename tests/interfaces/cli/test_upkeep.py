import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import Command

LATER = [["jobs", "list"], ["run", "--", "true"], ["baselines", "list"], ["gc"], ["relearn"], ["export"]]


def test_doctor_says_that_all_is_well(past: Path, orcaops: Command) -> None:
    answer = orcaops("doctor", "--json")
    assert answer.code == 0
    checks = {check["name"]: check for check in answer.documents}
    for name in ("python", "home", "disk", "database", "executor process", "orphans"):
        assert checks[name]["state"] in ("ok", "warning"), checks[name]
    assert "16 runs" in checks["database"]["sentence"]
    assert "executor docker" in checks
    shown = orcaops("doctor").text
    assert all(line.split()[0] in ("ok", "warning", "→") for line in shown.splitlines())


def test_doctor_says_what_to_do_about_an_engine_that_does_not_answer(
    orcaops: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/engine.sock")
    checks = {check["name"]: check for check in orcaops("doctor", "--json").documents}
    assert checks["executor docker"]["state"] == "warning"
    assert checks["executor docker"]["hint"]


def test_doctor_says_that_other_learners_have_learned_what_is_known(past: Path, orcaops: Command) -> None:
    with sqlite3.connect(past / "orcaops.db") as connection:
        connection.execute("update meta set value = '1' where name = 'mark:learners'")
    connection.close()
    checks = {check["name"]: check for check in orcaops("doctor", "--json").documents}
    assert "orcaops relearn" in checks["learners"]["hint"]
    orcaops("relearn")
    assert "learners" not in {check["name"] for check in orcaops("doctor", "--json").documents}


def damage(home: Path) -> None:
    with (home / "orcaops.db").open("r+b") as file:
        file.write(b"this is no database at all" * 8)


def grow_newer(home: Path) -> None:
    with sqlite3.connect(home / "orcaops.db") as connection:
        (table,) = connection.execute("select name from sqlite_master where name like '%version%'").fetchone()
        connection.execute(f"update {table} set version_num = '9999'")
    connection.close()


@pytest.mark.parametrize(("spoil", "said"), [(damage, "database"), (grow_newer, "newer")])
def test_a_database_that_cannot_be_used_is_said_and_left_alone(
    spoil: Callable[[Path], None], said: str, past: Path, orcaops: Command
) -> None:
    spoil(past)
    before = (past / "orcaops.db").read_bytes()
    for command in LATER:
        answer = orcaops(*command)
        assert answer.code == 125, command
        assert said in answer.err.lower()
        assert "Traceback" not in answer.err
        assert answer.err.count("\n") >= 2, "what, and what to do next"
    told = orcaops("doctor")
    assert told.code == 1
    assert said in told.text.lower()
    assert orcaops("doctor", "--json").documents[0]["state"] == "failed"
    assert (past / "orcaops.db").read_bytes() == before


def test_a_home_that_cannot_be_made(orcaops: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("file").write_text("")
    monkeypatch.setenv("ORCAOPS_HOME", str(Path("file/home").absolute()))
    for command in (["jobs", "list"], ["run", "--", "true"]):
        answer = orcaops(*command)
        assert answer.code == 125
        assert "file/home" in answer.err
        assert "a bug of ours" not in answer.err
    assert orcaops("doctor").code == 1


def test_gc_says_first_what_would_go(
    orcaops: Command, orcaops_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert orcaops("run", "--artifact", "*.txt", "--", "sh", "-c", "echo hi; echo x > a.txt").code == 0
    (run,) = orcaops("jobs", "list", "--json").documents
    assert "nothing to remove" in orcaops("gc", "--dry-run").err
    monkeypatch.setenv("ORCAOPS_RETENTION_LOGS_DAYS", "0.00000001")
    monkeypatch.setenv("ORCAOPS_RETENTION_ARTIFACTS_DAYS", "0.00000001")
    time.sleep(0.002)
    would = orcaops("gc", "--dry-run", "--json").document
    assert len(would["removed"]) == 2
    assert orcaops("jobs", "logs", run["job_id"]).out == b"hi\n", "a dry run removes nothing"
    assert orcaops("gc", "--json").document["removed"] == would["removed"]
    assert orcaops("jobs", "logs", run["job_id"]).out == b""
    assert orcaops("jobs", "show", run["job_id"], "--json").document["status"] == "succeeded", "records stay"
    gone = orcaops("jobs", "download", run["job_id"], "a.txt")
    assert (gone.code, "retention" in gone.err) == (1, True)
    assert "nothing to remove" in orcaops("gc").err


def test_gc_leaves_strangers_alone(past: Path, orcaops: Command) -> None:
    (past / "logs" / "something-else.txt").write_text("not ours")
    (past / "artifacts" / "default" / "unknown").mkdir(parents=True)
    assert orcaops("gc").code == 0
    assert (past / "logs" / "something-else.txt").exists()
    assert (past / "artifacts" / "default" / "unknown").exists()
