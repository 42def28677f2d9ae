import csv
import gzip
import io
import json
import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from .conftest import HISTORY, Command, past_run, write_lines

Start = Callable[..., "subprocess.Popen[bytes]"]


def test_the_same_file_twice_adds_nothing(orcaops: Command) -> None:
    file = write_lines(Path("n.jsonl"), HISTORY)
    first = orcaops("import", file, "--format", "jsonl", "--json")
    assert (first.code, first.document["added"], first.document["known"]) == (0, 16, 0)
    before = orcaops("baselines", "export").out
    again = orcaops("import", file, "--format", "jsonl", "--json")
    assert (again.code, again.document["added"], again.document["known"]) == (0, 0, 16)
    assert orcaops("baselines", "export").out == before


def test_bad_lines_are_named_and_the_rest_comes_in(orcaops: Command) -> None:
    file = Path("mixed.jsonl")
    good = json.dumps(past_run(0))
    file.write_text("\n".join([good, "{not json", json.dumps(past_run(1)), '{"name": "x"}', "[]", ""]))
    answer = orcaops("import", file, "--format", "jsonl")
    assert answer.code == 1
    assert "added 2 runs" in answer.text
    for number in (2, 4, 5):
        assert f"line {number}: " in answer.err
    told = orcaops("import", file, "--format", "jsonl", "--json")
    assert told.document["bad"] == 3
    assert [problem.partition(":")[0] for problem in told.document["problems"]] == [
        "line 2",
        "line 4",
        "line 5",
    ]


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-1", '"soon"', "1e999"])
def test_a_duration_that_is_none_is_a_bad_line(value: str, orcaops: Command) -> None:
    Path("n.jsonl").write_text(
        f'{{"name": "x", "started_at": "2026-01-05T02:00:00Z", "duration_s": {value}}}\n'
    )
    answer = orcaops("import", "n.jsonl", "--format", "jsonl")
    assert answer.code == 1
    assert "line 1: " in answer.err
    assert orcaops("jobs", "list", "--json").documents == []


def test_a_clock_that_jumps_backwards_loses_nothing(orcaops: Command) -> None:
    """Runs that ended before they began, or in disorder, are kept, or said to be bad."""
    rows = [past_run(5), past_run(2), past_run(9), past_run(2, name="other")]
    rows.append({"name": "x", "started_at": "2026-01-05T02:00:00Z", "finished_at": "2026-01-05T01:00:00Z"})
    answer = orcaops("import", write_lines(Path("n.jsonl"), rows), "--format", "jsonl", "--json")
    assert answer.document["added"] + answer.document["bad"] == 5
    assert answer.document["added"] >= 4
    kept = [run["submitted_at"] for run in orcaops("jobs", "list", "--json").documents]
    assert kept == sorted(kept, reverse=True)


def test_the_format_is_found_out(orcaops: Command) -> None:
    file = write_lines(Path("n.jsonl"), HISTORY)
    Path("n.jsonl.gz").write_bytes(gzip.compress(file.read_bytes()))
    assert orcaops("import", "n.jsonl.gz", "--json").document["added"] == 16
    assert orcaops("import", file, "--json").document["known"] == 16


FILES = {
    "csv": "name,started_at,duration_s,status\nnightly,2026-01-05T02:00:00Z,60,succeeded\n",
    "swf": "; UnixStartTime: 1000000000\n1 0 5 60 4 -1 -1 4 -1 -1 1 3 4 -1 1 -1 -1 -1\n",
    "github": json.dumps(
        {
            "workflow_runs": [
                {
                    "id": 7,
                    "name": "CI",
                    "status": "completed",
                    "conclusion": "success",
                    "created_at": "2026-01-05T02:00:00Z",
                    "run_started_at": "2026-01-05T02:00:05Z",
                    "updated_at": "2026-01-05T02:05:00Z",
                    "head_sha": "0" * 40,
                    "head_branch": "main",
                    "run_attempt": 1,
                }
            ]
        }
    ),
    "gitlab": json.dumps(
        [
            {
                "id": 8,
                "name": "test",
                "stage": "test",
                "status": "success",
                "created_at": "2026-01-05T02:00:00Z",
                "started_at": "2026-01-05T02:00:05Z",
                "finished_at": "2026-01-05T02:05:00Z",
                "duration": 295.0,
                "ref": "main",
            }
        ]
    ),
    "nextflow": "task_id\thash\tnative_id\tname\tstatus\texit\tsubmit\tduration\trealtime\t%cpu\tpeak_rss\n"
    "1\tab/cdef01\t77\tALIGN (1)\tCOMPLETED\t0\t2026-01-05 02:00:00.000\t1m\t55s\t99.0%\t1.5 GB\n",
    "junit": '<testsuite name="s" timestamp="2026-01-05T02:00:00">'
    '<testcase classname="a" name="b" time="1.5"/></testsuite>',
}


@pytest.mark.parametrize("name", FILES)
def test_every_format_comes_in(name: str, orcaops: Command) -> None:
    Path("file").write_text(FILES[name])
    answer = orcaops("import", "file", "--format", name, "--json")
    assert (answer.code, answer.document["added"]) == (0, 1), answer.document
    (run,) = orcaops("jobs", "list", "--json").documents
    assert (run["source"], run["status"]) == (name, "succeeded")


def test_an_unknown_format_names_the_known_ones(orcaops: Command) -> None:
    Path("file").write_text("x")
    answer = orcaops("import", "file", "--format", "papyrus")
    assert answer.code == 2
    assert "jsonl" in answer.err
    assert orcaops("import", "file").code == 1


def test_what_was_exported_comes_in_elsewhere_as_it_was(
    past: Path, orcaops: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert orcaops("run", "--name", "here", "--", "sh", "-c", "echo x; exit 2").code == 2
    exported = orcaops("export").out
    Path("all.jsonl").write_bytes(exported)
    before = orcaops("baselines", "export").documents
    monkeypatch.setenv("ORCAOPS_HOME", str(tmp_path / "elsewhere"))
    assert orcaops("import", "all.jsonl", "--format", "orcaops", "--json").document["added"] == 17
    after = orcaops("export").out
    assert [json.loads(line)["job_id"] for line in after.splitlines()] == [
        json.loads(line)["job_id"] for line in exported.splitlines()
    ]
    kept = orcaops("baselines", "export").documents
    assert [(b["key"], b["sample_count"], b["duration_p50"]) for b in kept] == [
        (b["key"], b["sample_count"], b["duration_p50"]) for b in before
    ]


def test_export_speaks_three_formats_and_the_search_language(past: Path, orcaops: Command) -> None:
    assert len(json.loads(orcaops("export", "--format", "json").out)) == 16
    assert len(orcaops("export", "status:failed").documents) == 1
    rows = list(csv.DictReader(io.StringIO(orcaops("export", "--format", "csv").text)))
    assert len(rows) == 16
    assert orcaops("export", "--format", "xml").code == 2
    assert orcaops("export", "status:(").code == 2


def test_exam_scores_the_stored_history_and_a_file(past: Path, orcaops: Command) -> None:
    told = orcaops("exam", "--json").document
    assert told["runs"] == 16
    duration = next(each for each in told["learners"] if each["name"].startswith("duration"))
    assert duration["rivals"]
    assert {"within_20", "median_abs_pct_error"} <= set(duration)
    shown = orcaops("exam").text
    assert "FIGURE" in shown
    file = write_lines(Path("n.jsonl"), HISTORY)
    of_file = orcaops("exam", "--data", file, "--format", "jsonl", "--json").document
    assert of_file == told | {"bad": 0, "problems": []}
    assert len(orcaops("jobs", "list", "--json").documents) == 16, "an exam keeps nothing"


def test_an_exam_says_which_lines_of_a_file_it_left_out(tmp_path: Path, orcaops: Command) -> None:
    file = tmp_path / "past.jsonl"
    line = '{"name": "a", "status": "succeeded", "started_at": "2026-01-0%dT00:00:00Z", "duration_s": 5}'
    file.write_text("\n".join([line % 1, "nonsense", line % 2]))
    answer = orcaops("exam", "--data", file)
    assert answer.text.startswith("2 runs, each predicted")
    assert "left out 1 line that could not be read" in answer.err
    assert "line 2: " in answer.err
    assert orcaops("exam", "--data", file, "--json").document["bad"] == 1


def test_an_exam_of_nothing(orcaops: Command) -> None:
    answer = orcaops("exam")
    assert answer.code == 0
    assert "too short" in answer.err


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_an_import_that_is_ended_says_what_becomes_of_it(
    number: signal.Signals, code: int, process: Start, orcaops: Command, tmp_path: Path
) -> None:
    slow = tmp_path / "slow.jsonl"
    os.mkfifo(slow)
    importing = process("import", slow, "--format", "jsonl")
    with slow.open("w") as file:  # opens once it is read from
        file.write(json.dumps(past_run(0)) + "\n")
        file.flush()
        importing.send_signal(number)
        _, err = importing.communicate(timeout=60)
    assert importing.returncode == code
    assert b"the same command goes on from there" in err
    assert b"Traceback" not in err
    again = orcaops("import", write_lines(Path("n.jsonl"), HISTORY), "--json")
    assert again.code == 0
    assert again.document["added"] + again.document["known"] == 16
