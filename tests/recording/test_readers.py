# ruff: noqa: E501 - rows of foreign formats stay as they are
import gzip
import io
import json
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from orcaops.model.errors import ErrorCode, OrcaError
from orcaops.model.run import Cause, Run, Status
from orcaops.recording.exporter import FORMATS, export
from orcaops.recording.json_documents import objects_of
from orcaops.recording.reader import BadLine, ReadOptions, read_runs, readers

ROW = {"name": "build", "started_at": "2026-01-01T00:00:00Z", "duration_s": 10}


def read(format_name: str, content: bytes | str, **options) -> tuple[list[Run], list[BadLine]]:
    raw = content.encode() if isinstance(content, str) else content
    found = list(readers()[format_name].read(io.BytesIO(raw), ReadOptions(**options)))
    return [x for x in found if isinstance(x, Run)], [x for x in found if isinstance(x, BadLine)]


def jsonl(*rows: object) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def test_all_formats_are_found() -> None:
    assert sorted(readers()) == ["csv", "github", "gitlab", "jsonl", "junit", "nextflow", "orcaops", "swf"]


def test_jsonl() -> None:
    (run, full), bad = read(
        "jsonl",
        jsonl(
            ROW | {"unknown": 1},
            {
                "job_id": "j-1",
                "image": "python:3.11",
                "command": ["pytest", "-q", "a b"],
                "submitted_at": 1767225600,
                "started_at": 1767225601.5,
                "finished_at": 1767225611500,
                "exit_code": 1,
                "memory_peak_bytes": 1000,
                "memory_limit_bytes": 2000,
                "cpu_seconds": 1.5,
                "timeout_s": 60,
                "image_digest": "sha256:ab",
                "commit": "c",
                "branch": "b",
                "host": "h",
                "labels": {"team": "a"},
            },
        ),
        workspace="w",
    )
    assert bad == []
    assert (run.key, run.status, run.duration_s, run.source) == (
        "name:build",
        Status.SUCCEEDED,
        10.0,
        "jsonl",
    )
    assert run.finished_at == datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC)
    assert full.key == "image:python:3.11|command:pytest -q 'a b'"
    assert (full.status, full.cause, full.exit_code) == (Status.FAILED, Cause.COMMAND_FAILED, 1)
    assert full.submitted_at == datetime(2026, 1, 1, tzinfo=UTC)
    assert full.duration_s == 10.0
    assert full.effective is not None
    assert (full.effective.memory, full.effective.timeout) == (2000, 60.0)
    assert (full.usage.memory_peak_bytes, full.usage.cpu_seconds) == (1000, 1.5)
    assert (full.context.commit, full.context.branch, full.context.host) == ("c", "b", "h")
    assert (full.labels, full.job_id, full.workspace) == ({"team": "a"}, "j-1", "w")
    assert Run.model_validate(full.model_dump()) == full


def test_the_same_content_gives_the_same_ids() -> None:
    first, _ = read("jsonl", jsonl(ROW, ROW | {"duration_s": 11}))
    again, _ = read("jsonl", jsonl(ROW, ROW | {"duration_s": 11}))
    assert [run.job_id for run in first] == [run.job_id for run in again]
    assert len({run.job_id for run in first}) == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ('{"name": "x"', "not valid JSON: unexpected end of data (column 13)"),
        ("[1]", "not a JSON object"),
        ({"started_at": 1, "duration_s": 1}, "neither 'name' nor 'command'"),
        ({"name": "x", "duration_s": 1}, "'started_at' is missing"),
        ({"name": "x", "started_at": 1}, "says how long"),
        (ROW | {"duration_s": -1}, "negative"),
        (ROW | {"duration_s": "nan"}, "finite"),
        ('{"name": "x", "started_at": 1, "duration_s": NaN}', "not valid JSON"),
        (ROW | {"duration_s": True}, "not a number"),
        (ROW | {"duration_s": "soon"}, "not a number"),
        (ROW | {"duration_s": 1e12}, "ten years"),
        (
            {"name": "x", "started_at": "1970-01-02T00:00:00Z", "finished_at": "2026-01-02T00:00:00Z"},
            "more than ten years after",
        ),
        (ROW | {"finished_at": "2025-01-01T00:00:00Z"}, "before"),
        (ROW | {"started_at": "2026-01-01 00:00:00"}, "no time zone"),
        (ROW | {"started_at": "yesterday"}, "RFC 3339"),
        (ROW | {"started_at": -5}, "not a time"),
        (ROW | {"started_at": 1e300}, "future"),
        (ROW | {"job_id": "../x"}, "cannot be a job_id"),
        (ROW | {"job_id": "a/b"}, "cannot be a job_id"),
        (ROW | {"status": "running"}, "must be one of"),
        (ROW | {"exit_code": "x"}, "not a number"),
        (ROW | {"memory_peak_bytes": -3}, "negative"),
        (ROW | {"command": {"a": 1}}, "'command'"),
        (ROW | {"labels": 5}, "'labels'"),
        (ROW | {"cause": "bad luck"}, "Cause"),
        (ROW | {"log": "../../etc/passwd"}, "not followed"),
        (ROW | {"name": "a\x00b"}, "NUL"),
    ],
)
def test_bad_lines_are_reported_and_stop_nothing(row: object, reason: str) -> None:
    line = row if isinstance(row, str) else json.dumps(row)
    runs, bad = read("jsonl", jsonl(ROW) + line + "\n" + jsonl(ROW))
    assert len(runs) == 2
    assert [b.number for b in bad] == [2]
    assert reason in bad[0].reason


def test_odd_files() -> None:
    assert read("jsonl", b"") == ([], [])
    assert read("csv", b"") == ([], [])
    runs, bad = read("jsonl", b"\xef\xbb\xbf" + jsonl(ROW).replace("\n", "\r\n\r\n").encode())
    assert (len(runs), bad) == (1, [])
    runs, bad = read("jsonl", b'{"name": "\xff"}\n' + jsonl(ROW).encode().rstrip())
    assert (len(runs), [b.number for b in bad]) == (1, [1])
    huge = b'{"name": "' + b"x" * (17 * 1024 * 1024) + b'"}\n'
    runs, bad = read("jsonl", huge + jsonl(ROW).encode())
    assert (len(runs), bad) == (1, [BadLine(1, "the line is longer than 16 MiB")])


def test_csv() -> None:
    text = (
        "\ufeffname,command,started_at,duration_s,exit_code,labels,memory_limit_bytes,log\r\n"
        'a,"make ""all""",2026-01-01T00:00:00Z,1.5,,"team=a, tier=b",100,\r\n'
        "\r\n"
        "b,,1767225600,nan,,,,\r\n"
        'c,,1767225600,2,3,"{""x"": ""y""}",50,"line 1\nerror: 2\n"\r\n'
        "d,,1767225600,2,0,,,,too,many\r\n"
    )
    logs: dict[str, str] = {}
    runs, bad = read("csv", text, keep_log=logs.__setitem__)
    assert [run.name for run in runs] == ["a", "c"]
    assert runs[0].command == 'make "all"'
    assert runs[0].labels == {"team": "a", "tier": "b"}
    assert runs[0].effective is not None
    assert runs[0].effective.memory == 100
    assert runs[1].status is Status.FAILED
    assert runs[1].context.attributes["memory_limit_bytes"] == "50"
    assert runs[1].log is not None
    assert runs[1].log.first_error == "error: 2"
    assert logs == {runs[1].job_id: "line 1\nerror: 2\n"}
    assert [b.number for b in bad] == [4, 8]
    assert len(read("csv", "name;started_at;duration_s\nx;1;2\n")[0]) == 1
    assert "UTF-8" in read("csv", b"name,started_at,duration_s\n\xff,1,2\n")[1][0].reason
    with pytest.raises(OrcaError) as raised:
        read("csv", "a,2026-01-01T00:00:00Z,5\n")
    assert raised.value.code is ErrorCode.INVALID


def test_a_spreadsheet_with_decimal_commas() -> None:
    runs, bad = read(
        "csv", 'name;started_at;duration_s;cpu_seconds\n"1,5";1767225600,25;12,5;0,25\nb;1;1.234,5;\n'
    )
    assert [(run.name, run.duration_s, run.usage.cpu_seconds) for run in runs] == [("1,5", 12.5, 0.25)]
    assert runs[0].started_at is not None
    assert runs[0].started_at.microsecond == 250_000
    assert [b.reason for b in bad] == ["'duration_s' is not a number: '1.234,5'"]
    between_commas = 'name,started_at,duration_s\na,1767225600,"12,5"\n'
    assert len(read("csv", between_commas)[1]) == 1, "there it may be meant to group thousands"


def test_logs_by_path_stay_in_their_folder(tmp_path: Path) -> None:
    folder = tmp_path / "history"
    folder.mkdir()
    (folder / "a.log").write_text("ERROR password: hunter22\n")
    (folder / "b.log.gz").write_bytes(gzip.compress(b"zipped\n"))
    (tmp_path / "secret.log").write_text("secret\n")
    (folder / "link.log").symlink_to(tmp_path / "secret.log")
    rows = [ROW | {"log": log} for log in ("a.log", "b.log.gz", "../secret.log", "link.log", "none.log")]
    rows.append(ROW | {"log": str(tmp_path / "secret.log")})
    (folder / "runs.jsonl").write_text(jsonl(*rows))
    logs: dict[str, str] = {}
    options = ReadOptions(folder=folder, keep_log=logs.__setitem__)
    found = list(read_runs(folder / "runs.jsonl", None, options))
    assert sorted(logs.values()) == ["ERROR password: ***\n", "zipped\n"]
    assert [x.number for x in found if isinstance(x, BadLine)] == [3, 4, 5, 6]
    options = ReadOptions(folder=folder, any_path=True)
    assert sum(isinstance(x, Run) for x in read_runs(folder / "runs.jsonl", "jsonl", options)) == 5


def test_compressed_files_and_guessing(tmp_path: Path) -> None:
    import zstandard

    text = jsonl(ROW, ROW | {"duration_s": 3}).encode()
    for name, raw in (("a", text), ("b", gzip.compress(text)), ("c", zstandard.compress(text))):
        (tmp_path / name).write_bytes(raw)
        assert len(list(read_runs(tmp_path / name))) == 2
    big = b"".join(jsonl(ROW | {"duration_s": n}).encode() for n in range(5000))
    (tmp_path / "torn").write_bytes(gzip.compress(big)[:-3000])
    found = list(read_runs(tmp_path / "torn", "jsonl"))
    assert len(found) > 100
    assert isinstance(found[-1], BadLine)
    for bad in ("none", "unknown"):
        (tmp_path / "unknown").write_bytes(b"what is this\n")
        with pytest.raises(OrcaError):
            list(read_runs(tmp_path / bad))
    with pytest.raises(OrcaError):
        list(read_runs(tmp_path / "a", "xml"))


SWF = """; UnixStartTime: 1000000
; Note: x
    1    10      5    100   4   50.0   2048   4   3600   4096  1   7   1   3   2  -1  -1  -1
    2    20     -1     -1  -1   -1       -1   4   3600     -1  5   7   1   3   2  -1  -1  -1
    3    30      0     50   4   -1       -1   4   3600     -1  0   7   1   3   2  -1  -1  -1
    4    30      0     50   4   -1       -1   4   3600     -1  2   7   1   3   2  -1  -1  -1
    5    30      0     -1   4   -1       -1   4   3600     -1  1   7   1   3   2  -1  -1  -1
    6 broken
"""


def test_swf() -> None:
    runs, bad = read("swf", SWF)
    assert [run.status for run in runs] == [Status.SUCCEEDED, Status.CANCELLED, Status.FAILED]
    assert runs[0].key == "name:user 7 exe 3 procs 4"
    assert runs[0].started_at == datetime.fromtimestamp(1_000_015, UTC)
    assert runs[0].usage.memory_resident_bytes == 2048 * 1024 * 4
    assert runs[0].usage.cpu_seconds == 200
    assert runs[1].started_at is None
    assert [b.number for b in bad] == [7, 8]


NEXTFLOW = """task_id,native_id,process,tag,name,status,exit,container,memory,attempt,submit,start,complete,duration,realtime,%cpu,peak_rss
1,nf-1,A:B,x,A:B (x),COMPLETED,0,quay.io/a:1,1073741824,1,1678701065485,1678701086000,1678701090000,24515,3500,65.9,8667136
2,nf-2,A:B,y,A:B (y),FAILED,1,quay.io/a:1,1073741824,1,1678701065485,1678701086000,1678701090000,24515,0,-,0
3,nf-3,A:B,y,A:B (y),CACHED,0,quay.io/a:1,1073741824,1,1678701065485,1678701086000,1678701090000,24515,0,-,0
4,nf-4,A:B,y,A:B (y),COMPLETED,0,quay.io/a:1,1,1,x,1678701086000,1678701090000,24515,0,-,0
"""


def test_nextflow() -> None:
    runs, bad = read("nextflow", NEXTFLOW)
    assert [run.status for run in runs] == [Status.SUCCEEDED, Status.FAILED]
    assert (runs[0].key, runs[0].image, runs[0].duration_s) == ("name:A:B", "quay.io/a:1", 3.5)
    assert runs[0].usage.memory_resident_bytes == 8667136
    assert runs[0].usage.cpu_seconds == pytest.approx(0.659 * 3.5)
    assert [b.number for b in bad] == [5]
    readable = (
        "task_id\thash\tname\tstatus\texit\tsubmit\tstart\tcomplete\trealtime\tpeak_rss\n"
        "1\ta1/b2\tmap (s1)\tCOMPLETED\t0\t2024-01-01 10:00:00.123\t2024-01-01 10:00:01\t2024-01-01 10:02:04\t2m 3s\t1.2 GB\n"
    )
    (run,), _ = read("nextflow", readable)
    assert (run.name, run.duration_s, run.usage.memory_resident_bytes) == ("map", 123.0, int(1.2 * 1024**3))


GITHUB_RUN = {
    "id": 5,
    "name": "CI",
    "workflow_id": 1,
    "status": "completed",
    "conclusion": "success",
    "created_at": "2026-01-01T00:00:00Z",
    "run_started_at": "2026-01-01T00:00:05Z",
    "updated_at": "2026-01-01T00:03:00Z",
    "head_sha": "abc",
    "head_branch": "main",
    "run_attempt": 2,
    "repository": {"full_name": "o/r"},
    "actor": {"login": "joe"},
}
GITHUB_JOB = {
    "id": 6,
    "run_id": 5,
    "run_attempt": 2,
    "run_url": "https://api.github.com/repos/o/r/actions/runs/5",
    "workflow_name": "CI",
    "name": "test",
    "status": "completed",
    "conclusion": "failure",
    "created_at": "2026-01-01T00:00:00Z",
    "started_at": "2026-01-01T00:00:10Z",
    "completed_at": "2026-01-01T00:01:10Z",
    "labels": ["ubuntu-latest"],
    "runner_name": "runner-1",
    "steps": [
        {
            "name": "a",
            "conclusion": "success",
            "started_at": "2026-01-01T00:00:10Z",
            "completed_at": "2026-01-01T00:00:20Z",
        },
        {"name": "b", "conclusion": "skipped", "started_at": None, "completed_at": None},
    ],
}


def test_github() -> None:
    pages = json.dumps({"total_count": 2, "workflow_runs": [GITHUB_RUN, GITHUB_RUN | {"status": "queued"}]})
    pages += json.dumps({"jobs": [GITHUB_JOB, GITHUB_JOB | {"conclusion": "skipped"}]})
    (run, job), bad = read("github", pages)
    assert (run.key, run.job_id, run.duration_s, run.attempt) == ("name:o/r/CI", "github-run-5-2", 175.0, 2)
    assert (job.key, job.job_id, job.duration_s) == ("name:o/r/CI/test", "github-job-6", 60.0)
    assert (job.status, job.parent_job_id, job.context.host) == (Status.FAILED, run.job_id, "runner-1")
    assert [(step.command, step.exit_code) for step in job.steps] == [(("a",), 0)]
    assert [b.number for b in bad] == [2]
    assert len(read("github", json.dumps([GITHUB_JOB, GITHUB_JOB]))[0]) == 2


def test_gitlab() -> None:
    job = {
        "id": 1,
        "name": "rspec",
        "stage": "test",
        "status": "failed",
        "failure_reason": "script_failure",
        "created_at": "2026-01-01T00:00:00.000+01:00",
        "started_at": "2026-01-01T00:00:10.000+01:00",
        "finished_at": "2026-01-01T00:01:00.000+01:00",
        "duration": 49.5,
        "ref": "main",
        "commit": {"id": "abc"},
        "pipeline": {"id": 9, "project_id": 3},
        "web_url": "https://gitlab.com/g/sub/p/-/jobs/1",
        "runner": {"description": "r"},
    }
    others = [
        job | {"id": 2, "failure_reason": "runner_system_failure"},
        job | {"id": 3, "failure_reason": "job_execution_timeout"},
        job | {"id": 4, "status": "manual"},
        job | {"id": 5, "status": "running"},
    ]
    runs, bad = read("gitlab", json.dumps([job, *others]))
    assert [run.cause for run in runs] == [Cause.COMMAND_FAILED, Cause.INFRASTRUCTURE, Cause.TIMEOUT_TOTAL]
    assert (runs[0].key, runs[0].duration_s) == ("name:g/sub/p/rspec", 49.5)
    assert runs[0].labels == {"stage": "test"}
    assert [b.number for b in bad] == [5]


JUNIT = """<?xml version="1.0"?>
<testsuites><testsuite name="outer"><testsuite name="a.B" timestamp="2026-01-01T00:00:00" time="1.5" hostname="h">
<testcase classname="a.B" name="x" time="0.5"/>
<testcase classname="a.B" name="y" time="1.0"><failure type="Assert" message="1 != 2">trace</failure></testcase>
</testsuite></testsuite>
<testsuite name="late"><testcase name="z" time="1"/></testsuite>
<testsuite name="c" timestamp="2026-01-01T00:00:00+00:00"><testcase name="z" time="2.5"><skipped/></testcase></testsuite>
</testsuites>"""


def test_junit() -> None:
    logs: dict[str, str] = {}
    runs, bad = read("junit", JUNIT, keep_log=logs.__setitem__)
    assert [(run.key, run.status, run.duration_s) for run in runs] == [
        ("name:a.B", Status.FAILED, 1.5),
        ("name:c", Status.SUCCEEDED, 2.5),
    ]
    assert runs[0].log is not None
    assert runs[0].log.first_error == "ERROR a.B.y: Assert: 1 != 2"
    assert "trace" in logs[runs[0].job_id]
    assert [b.number for b in bad] == [6]
    _, bad = read("junit", JUNIT[:-20])
    assert "XML" in bad[-1].reason
    with pytest.raises(OrcaError):
        read("junit", '<!DOCTYPE x [<!ENTITY a "b">]><testsuite/>')


def test_every_format_is_guessed_from_its_beginning(tmp_path: Path) -> None:
    (run,), _ = read("jsonl", jsonl(ROW | {"name": "pipeline"}))
    files = {
        "jsonl": jsonl(ROW | {"name": "pipeline"}),
        "csv": "name,started_at,duration_s\na,1,2\n",
        "swf": SWF,
        "nextflow": NEXTFLOW,
        "github": json.dumps({"workflow_runs": [GITHUB_RUN]}),
        "gitlab": json.dumps([{"id": 1, "stage": "x", "pipeline": {"id": 1}}]),
        "junit": JUNIT,
    }
    beginnings = [(name, text.encode()) for name, text in files.items()]
    beginnings += [("orcaops", b"".join(export([run], format_name))) for format_name in FORMATS]
    for name, beginning in beginnings:
        assert next(n for n, reader in readers().items() if reader.sniff(beginning)) == name


def test_objects_of_documents_of_any_shape() -> None:
    rows = [{"n": n, "t": "x" * (n % 700)} for n in range(3000)]
    for text in (
        json.dumps(rows),
        "\n".join(map(json.dumps, rows)),
        json.dumps(rows[:9]) + json.dumps(rows[9:]),
    ):
        assert list(objects_of(io.BytesIO(text.encode()))) == rows
    with pytest.raises(ValueError, match="JSON"):
        list(objects_of(io.BytesIO(b'[{"a": 1}, nonsense]')))


@pytest.mark.slow
@pytest.mark.parametrize("format_name", ["jsonl", "csv"])
def test_speed(format_name: str) -> None:
    count = 5_000
    if format_name == "jsonl":
        text = jsonl(
            *(ROW | {"duration_s": n + 1, "command": f"make t{n}", "exit_code": 0} for n in range(count))
        )
    else:
        text = "name,command,started_at,duration_s\n" + "".join(f"a,make t{n},{n},1\n" for n in range(count))
    begin = time.process_time()
    runs, _ = read(format_name, text)
    assert len(runs) == count
    assert count / (time.process_time() - begin) > 2_000  # far below what it does, for a busy machine
