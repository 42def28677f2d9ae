import json
import os
import signal
import subprocess
import threading
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from .conftest import HISTORY, Command, past_run, write_lines

Start = Callable[..., "subprocess.Popen[bytes]"]


@pytest.mark.parametrize(
    ("command", "code", "cause"),
    [
        (["true"], 0, "success"),
        (["sh", "-c", "exit 7"], 7, "command_failed"),
        (["sh", "-c", "exit 255"], 255, "command_failed"),
        (["sh", "-c", "kill -TERM $$"], 143, "command_failed"),
        (["sh", "-c", "kill -9 $$"], 137, "command_failed"),
        (["no-such-command-anywhere"], 127, "command_failed"),
        (["/etc/passwd"], 126, "command_failed"),
    ],
)
def test_the_exit_code_is_the_commands_own(
    command: list[str], code: int, cause: str, orcaops: Command
) -> None:
    answer = orcaops("run", "--json", "--", *command)
    assert answer.code == code
    assert answer.document["cause"] == cause


@pytest.mark.parametrize(
    ("options", "cause"),
    [(["--timeout", "300ms"], "timeout_total"), (["--idle-timeout", "0.3"], "timeout_idle")],
)
def test_a_timeout_is_124(options: list[str], cause: str, orcaops: Command) -> None:
    answer = orcaops("run", "--json", *options, "--", "sleep", "60")
    assert (answer.code, answer.document["cause"]) == (124, cause)
    assert "opped: " in answer.err


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--memory", "lots"], "--memory: 'lots' is not a size"),
        (["--memory", "-5m"], "--memory"),
        (["--memory", "0"], "--memory"),
        (["--timeout", "soon"], "--timeout: 'soon' is not a duration"),
        (["--timeout", "0"], "--timeout"),
        (["--timeout", "nan"], "--timeout"),
        (["--idle-timeout", "1x"], "--idle-timeout"),
        (["-v", "/tmp"], "-v"),
        (["-v", "/tmp:relative"], "'relative' cannot be used as a place inside the job"),
        (["-v", "/tmp:/x:rx"], "-v"),
        (["-e", "NOT_SET_ANYWHERE"], "NOT_SET_ANYWHERE is not set here"),
        (["-e", "=x"], "-e"),
        (["-e", "1A=x"], "-e: '1A' cannot be used"),
        (["--label", "x"], "--label"),
        (["--label", "..=x"], "--label"),
        (["--cpus", "nan"], "--cpus"),
        (["--cpus", "many"], "--cpus"),
        (["--pids", "0"], "--pids"),
        (["--network", "a b"], "--network"),
        (["--image", "a b"], "--image"),
        (["--executor", "nope"], "there is no executor 'nope'"),
        (["--executor", "docker"], "the docker executor needs an image"),
        (["--fail-on", "weather"], "--fail-on"),
        (["--bogus"], "--bogus"),
        (["--workspace", "../up"], "../up"),
    ],
)
def test_wrong_usage_is_2_before_anything_starts(
    options: list[str], said: str, orcaops: Command, orcaops_home: Path
) -> None:
    answer = orcaops("run", *options, "--", "touch", "it-ran")
    assert answer.code == 2
    assert said in answer.err
    assert "pattern" not in answer.err
    assert answer.out == b""
    assert not Path("it-ran").exists()
    assert not orcaops_home.exists() or orcaops("jobs", "list", "--json").documents == []


def test_with_json_one_line_on_stdout_and_the_output_on_stderr(orcaops: Command) -> None:
    answer = orcaops(
        "run", "--json", "--label", "team=a", "--intent", "try", "--", "sh", "-c", "echo out; echo err >&2"
    )
    run = answer.document
    assert run["status"] == "succeeded"
    assert run["command"] == "sh -c 'echo out; echo err >&2'"
    assert run["labels"] == {"team": "a"}
    assert run["intent"] == "try"
    assert "out\n" in answer.err
    assert "err\n" in answer.err


def test_output_passes_byte_for_byte_and_only_output_is_on_stdout(orcaops: Command) -> None:
    every_byte = bytes(range(256)) * 3
    Path("bytes").write_bytes(every_byte + "ä€😀 no newline at the end".encode())
    answer = orcaops("run", "--", "cat", str(Path("bytes").absolute()))
    assert answer.out == Path("bytes").read_bytes()
    assert answer.code == 0


def test_estimate_runs_nothing(past: Path, orcaops: Command) -> None:
    answer = orcaops("run", "--estimate", "--name", "nightly", "--json", "--", "touch", "it-ran")
    assert not Path("it-ran").exists()
    assert set(answer.document) >= {"duration", "memory", "failure_risk", "cost"}
    assert 55 < answer.document["duration"]["estimated_seconds"] < 80
    assert (
        answer.document == orcaops("predict", "--name", "nightly", "--json", "--", "touch", "it-ran").document
    )
    assert "interval" in orcaops("run", "--estimate", "--name", "nightly", "--", "x").text


def test_a_regression_is_3_only_if_asked_and_only_instead_of_0(orcaops: Command) -> None:
    nights = write_lines(Path("n.jsonl"), [past_run(n, 0.01 + n % 3 / 1000, name="quick") for n in range(14)])
    assert orcaops("import", nights).code == 0
    slow = ["--name", "quick", "--", "sh", "-c", "sleep 2.5; exit ${CODE:-0}"]
    assert orcaops("run", "--fail-on", "regression", *slow).code == 3
    assert orcaops("run", "-e", "CODE=4", "--fail-on", "regression", *slow).code == 4
    told = orcaops("run", *slow)
    assert told.code == 0
    assert orcaops("run", "--name", "quick", "--fail-on", "regression", "--", "true").code == 0


def test_what_is_unusual_is_told(orcaops: Command) -> None:
    assert orcaops("import", write_lines(Path("n.jsonl"), [past_run(n, 0.01) for n in range(14)])).code == 0
    answer = orcaops("run", "--name", "nightly", "--", "sleep", "2.5")
    assert "expected: 10 ms" in answer.err
    assert "unusual: " in answer.err


def test_a_refusal_by_policy_is_125_and_names_the_rule(orcaops: Command) -> None:
    Path("orcaops.toml").write_text('[policy.commands]\ndeny = ["touch*"]\n')
    answer = orcaops("run", "--", "touch", "it-ran")
    assert answer.code == 125
    assert "touch*" in answer.err
    assert not Path("it-ran").exists()


def test_an_image_never_runs_on_the_host(orcaops: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nonexistent/engine.sock")
    answer = orcaops("run", "--image", "busybox", "--json", "--", "touch", "it-ran")
    assert answer.code == 125
    assert "engine" in answer.err.lower()
    assert not Path("it-ran").exists()
    assert orcaops("run", "--image", "busybox", "--executor", "process", "--", "touch", "it-ran").code == 2
    assert not Path("it-ran").exists()


def test_detach_returns_at_once_and_the_job_goes_on(process: Start, orcaops: Command) -> None:
    mark = Path("mark").absolute()
    started = process(
        "run",
        "--detach",
        "--json",
        "--",
        "sh",
        "-c",
        f"while [ ! -e {mark} ]; do sleep 0.05; done; echo done",
    )
    out, _ = started.communicate(timeout=60)
    job_id = json.loads(out)["job_id"]
    assert started.returncode == 0
    mark.touch()
    followed = process("jobs", "logs", "-f", job_id)
    out, err = followed.communicate(timeout=60)
    assert out == b"done\n", err
    assert orcaops("jobs", "show", job_id, "--json").document["status"] == "succeeded"


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 129)]
)
def test_a_signal_cancels_the_whole_tree_and_the_record_says_so(
    number: signal.Signals, code: int, process: Start, orcaops: Command
) -> None:
    script = "sleep 4321 & echo $! ; trap '' TERM INT HUP; while :; do sleep 0.1; done"
    running = process("run", "--json", "--", "sh", "-c", script, env={"ORCAOPS_RUN_GRACE_S": "0.3"})
    child = next(int(line) for line in running.stderr or () if line.strip().isdigit())
    asked_at = datetime.now(UTC)
    running.send_signal(number)
    out, _ = running.communicate(timeout=120)
    assert running.returncode == code
    run = json.loads(out)
    assert (datetime.fromisoformat(run["finished_at"]) - asked_at).total_seconds() < 5.3
    assert (run["status"], run["cause"]) == ("cancelled", "cancelled")
    assert not _lives(child)
    assert orcaops("jobs", "show", run["job_id"], "--json").document["status"] == "cancelled"


def test_what_was_set_aside_for_it_does_not_end_it(process: Start) -> None:
    nohup = {"preexec_fn": partial(signal.signal, signal.SIGHUP, signal.SIG_IGN)}
    running = process("run", "--", "sh", "-c", "echo up; sleep 1; exit 5", **nohup)
    assert running.stdout is not None
    assert running.stdout.readline() == b"up\n"
    running.send_signal(signal.SIGHUP)
    assert running.wait(60) == 5


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_where_it_cannot_be_shown_it_is_kept(stream: str, process: Start, orcaops: Command) -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        running = process("run", "--", "sh", "-c", "echo one; echo two; exit 5", **{stream: full})
        _, err = running.communicate(timeout=60)
    assert running.returncode == 5
    assert err is None or b"cannot be shown" in err
    (run,) = orcaops("jobs", "list", "--json").documents
    assert run["cause"] == "command_failed"
    assert orcaops("jobs", "logs", run["job_id"]).text == "one\ntwo\n"


def test_a_job_is_cancelled_from_another_process(process: Start, orcaops: Command) -> None:
    running = process("run", "--", "sh", "-c", "echo up; sleep 4321")
    assert running.stdout is not None
    assert running.stdout.readline() == b"up\n"
    (run,) = orcaops("jobs", "list", "status:running", "--json").documents
    cancelled = orcaops("jobs", "cancel", run["job_id"], "--json")
    assert cancelled.document["status"] == "cancelled"
    assert running.wait(60) == 143
    again = orcaops("jobs", "cancel", run["job_id"])
    assert (again.code, again.text) == (0, f"{run['job_id']} cancelled\n")


def test_a_reader_that_has_enough_does_not_end_the_job(process: Start) -> None:
    running = process("run", "--", "sh", "-c", "seq 300000; touch it-ended; exit 5", env={"PWD": "."})
    assert running.stdout is not None
    assert running.stdout.readline() == b"1\n"
    running.stdout.close()
    assert running.wait(60) == 5
    assert running.stderr is not None
    assert b"rror" not in running.stderr.read()


def test_standard_streams_may_be_closed(process: Start) -> None:
    shell = ["sh", "-c", 'exec "$@" <&- >&- 2>&-', "sh"]
    from .conftest import PROGRAM

    ended = subprocess.run(
        [*shell, *PROGRAM, "run", "--", "sh", "-c", "echo a; echo b >&2; exit 6"], check=False
    )
    assert ended.returncode == 6


def test_a_job_gets_no_input(process: Start) -> None:
    reader, writer = os.pipe()
    running = process("run", "--", "cat", stdin=reader)
    try:
        out, _ = running.communicate(timeout=120)
    finally:
        os.close(reader)
        os.close(writer)
    assert (running.returncode, out) == (0, b"")


def test_secrets_are_not_kept(orcaops: Command, orcaops_home: Path) -> None:
    secret = "hunter2-" + "x" * 20
    answer = orcaops("run", "--json", "-e", f"API_TOKEN={secret}", "--", "sh", "-c", "echo $API_TOKEN")
    assert secret in answer.err, "people see their own output as it is"
    assert secret not in answer.text
    job_id = answer.document["job_id"]
    assert secret not in orcaops("jobs", "logs", job_id).text
    for file in orcaops_home.rglob("*"):
        assert not file.is_file() or secret.encode() not in file.read_bytes(), file
    again = orcaops("jobs", "rerun", job_id)
    assert again.code == 125
    assert "secrets" in again.err


def test_progress_is_for_terminals_and_no_color_is_honoured(
    monkeypatch: pytest.MonkeyPatch, orcaops: Command
) -> None:
    pty_out = _on_a_terminal({}, "run", "--", "true")
    assert b"\x1b[" in pty_out
    plain = _on_a_terminal({"NO_COLOR": "1"}, "run", "--", "true")
    assert b"\x1b[" not in plain
    assert b"\x1b[" not in orcaops("run", "--", "true").err.encode()


def test_the_history_fixture_is_what_it_says() -> None:
    assert [row["status"] for row in HISTORY].count("failed") == 1


def _on_a_terminal(environment: dict[str, str], *arguments: str) -> bytes:
    from .conftest import PROGRAM

    main, other = os.openpty()
    said = bytearray()

    def read() -> None:
        while True:
            try:
                piece = os.read(main, 65536)
            except OSError:
                return
            if not piece:
                return
            said.extend(piece)

    reader = threading.Thread(target=read)
    reader.start()
    known = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
    subprocess.run(
        [*PROGRAM, *arguments], stdin=other, stdout=other, stderr=other, env=known | environment, check=True
    )
    os.close(other)
    reader.join(60)
    os.close(main)
    return bytes(said)


def _lives(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_what_is_expected_of_a_new_job_says_that_it_goes_by_others(orcaops: Command) -> None:
    for number in range(4):
        orcaops("run", "--name", f"broken-{number}", "--", "sh", "-c", f"exit {number + 1}")
    told = orcaops("run", "--name", "new", "--", "true").err
    assert "expected, going by other jobs: failure risk" in told
    assert "expected: " not in told
    again = orcaops("run", "--name", "new", "--", "true").err
    assert "going by other jobs" not in again
    assert "failure risk" in again
