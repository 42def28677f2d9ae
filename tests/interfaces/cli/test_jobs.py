import os
from pathlib import Path

import pytest

from .conftest import HISTORY, Command


def job_of(orcaops: Command, *query: str) -> str:
    job_id: str = orcaops("jobs", "list", "-n", 1, "--json", *query).documents[0]["job_id"]
    return job_id


def test_list_pages_through_everything_latest_first(past: Path, orcaops: Command) -> None:
    seen: list[str] = []
    cursor: list[str] = []
    while True:
        page = orcaops("jobs", "list", "--json", "-n", 5, *cursor)
        seen += [run["submitted_at"] for run in page.documents]
        if "--cursor" not in page.err:
            break
        cursor = ["--cursor", page.err.split()[-1]]
    assert len(seen) == len(HISTORY)
    assert seen == sorted(seen, reverse=True)


def test_list_takes_the_search_language(past: Path, orcaops: Command) -> None:
    def found(*query: str) -> int:
        return len(orcaops("jobs", "list", "--json", *query).documents)

    assert found("status:failed") == 1
    assert found("status:succeeded", "duration:>100") == 1
    assert found("label:team=a NOT status:failed") == len(HISTORY) - 1
    assert found("Traceback") == 1
    assert found("mirror OR Traceback") == 2
    assert found("status:lost") == 0


def test_a_bad_query_names_the_place(orcaops: Command) -> None:
    answer = orcaops("jobs", "list", "status:(")
    assert answer.code == 2
    assert "column" in answer.err
    assert orcaops("jobs", "list", "--cursor", "not-a-cursor").code == 1


def test_list_for_people(past: Path, orcaops: Command) -> None:
    shown = orcaops("jobs", "list", "status:failed")
    heading, line = shown.text.splitlines()
    assert heading.split() == ["JOB", "STATUS", "SUBMITTED", "(UTC)", "TOOK", "WORK"]
    assert line[heading.index("STATUS") :].startswith("failed")
    assert line[heading.index("WORK") :].startswith("nightly")
    assert line.endswith("nightly"), "what has a name and no command is called by its name"
    assert shown.err == ""
    nothing = orcaops("jobs", "list", "status:lost")
    assert (nothing.out, "nothing matches" in nothing.err) == (b"", True)


def test_facets(past: Path, orcaops: Command) -> None:
    assert orcaops("jobs", "list", "--facets", "--json").document["status"] == {"succeeded": 15, "failed": 1}
    assert "STATUS" in orcaops("jobs", "list", "--facets").text


def test_show_and_summary(past: Path, orcaops: Command) -> None:
    job_id = job_of(orcaops, "status:failed")
    shown = orcaops("jobs", "show", job_id).text
    assert "failed with exit code 2" in shown
    assert "name:nightly" in shown
    told = orcaops("jobs", "summary", job_id)
    assert "ValueError: no" in told.text
    assert f"orcaops jobs logs {job_id}" in told.text
    assert orcaops("jobs", "summary", job_id, "--json").document["status"] == "failed"


def test_logs_tell_the_streams_apart(orcaops: Command) -> None:
    assert (
        orcaops("run", "--name", "both", "--", "sh", "-c", "echo a; echo e >&2; echo b; printf c").code == 0
    )
    job_id = job_of(orcaops)
    shown = orcaops("jobs", "logs", job_id)
    assert (shown.out, shown.err) == (b"a\nb\nc", "e\n")
    assert orcaops("jobs", "logs", "-f", job_id).out == b"a\nb\nc"
    lines = orcaops("jobs", "logs", job_id, "--json").documents
    assert sorted((line["stream"], line["text"]) for line in lines) == [
        ("stderr", "e"),
        ("stdout", "a"),
        ("stdout", "b"),
        ("stdout", "c"),
    ]
    assert [line["text"] for line in orcaops("jobs", "logs", "--json", "-n", 1, job_id).documents] == ["c"]
    only = orcaops("jobs", "logs", "--stream", "stderr", job_id)
    assert (only.out, only.err) == (b"", "e\n")
    assert orcaops("jobs", "logs", "-t", job_id).text.count("T") == 3
    last = lines[1]["offset"]
    assert len(orcaops("jobs", "logs", "--json", "--after", last, job_id).documents) == len(lines) - 2


def test_artifacts_are_listed_and_downloaded(orcaops: Command) -> None:
    script = "mkdir -p dist/deep; cd dist; printf one > a.txt; printf two > deep/b.txt; ln -s /etc/passwd out"
    assert orcaops("run", "--artifact", "dist/**", "--", "sh", "-c", script).code == 0
    job_id = job_of(orcaops)
    found = {a["path"]: a for a in orcaops("jobs", "artifacts", "--json", job_id).documents}
    assert set(found) == {"dist/a.txt", "dist/deep/b.txt"}
    assert found["dist/a.txt"]["size_bytes"] == 3
    assert found["dist/a.txt"]["sha256"].startswith("7692c3ad3540")
    assert orcaops("jobs", "download", job_id, "-o", "here").code == 0
    assert Path("here/dist/deep/b.txt").read_text() == "two"
    copied = orcaops("jobs", "download", job_id, "dist/a.txt", "-o", "there", "--json").document
    assert (copied["path"], copied["file"]) == ("dist/a.txt", "there/dist/a.txt")
    assert [path.name for path in Path("there").rglob("*.txt")] == ["a.txt"]
    for path in ("../../orcaops.db", "/etc/passwd", "dist/nothing"):
        answer = orcaops("jobs", "download", job_id, path, "-o", "elsewhere")
        assert answer.code == 1
        assert "left no artifact" in answer.err
    assert not Path("elsewhere").exists()


def test_rerun_runs_it_as_it_was_asked_for(orcaops: Command) -> None:
    assert (
        orcaops("run", "--label", "a=b", "--name", "again", "--", "sh", "-c", "echo hello; exit 3").code == 3
    )
    first = job_of(orcaops)
    second = orcaops("jobs", "rerun", first, "--json")
    assert second.code == 3
    run = second.document
    assert (run["parent_job_id"], run["labels"], run["key"]) == (first, {"a": "b"}, "name:again")
    assert "hello" in second.err


def test_an_imported_run_cannot_be_run_again(past: Path, orcaops: Command) -> None:
    answer = orcaops("jobs", "rerun", job_of(orcaops))
    assert answer.code == 125
    assert "its specification is not known" in answer.err


def test_the_home_is_private_to_its_user(orcaops: Command, orcaops_home: Path) -> None:
    before = os.umask(0)
    try:
        assert orcaops("run", "--artifact", "*", "--", "sh", "-c", "echo hi; touch it").code == 0
    finally:
        os.umask(before)
    assert orcaops_home.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("command", [["list"], ["list", "--facets"]])
def test_nothing_yet(command: list[str], orcaops: Command) -> None:
    answer = orcaops("jobs", *command)
    assert answer.code == 0
    assert orcaops("jobs", *command, "--json").code == 0
