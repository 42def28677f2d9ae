"""The same commands against a server."""

import ast
import contextlib
import inspect
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import get_type_hints

import pytest

from orcaops.app import App
from orcaops.config import Settings
from orcaops.interfaces import cli
from orcaops.interfaces.cli.remote.app import RemoteApp
from orcaops.services.knowledge import Knowledge

from .conftest import HISTORY, TOKEN, Command, Served, write_lines


def pairs() -> dict[str, tuple[type, type]]:
    """Each service of a server beside the one of this process that it stands for."""
    with contextlib.closing(RemoteApp(Settings(home=Path("unused"), url="http://unused"))) as far:
        later = {"Knowledge": Knowledge}  # services that are imported when they are first asked for
        here = get_type_hints(App, localns=later)
        for name, found in vars(App).items():
            if isinstance(found, property) and found.fget is not None:
                here[name] = get_type_hints(found.fget, localns=later)["return"]
        services = {name: type(service) for name, service in vars(far).items() if not name.startswith("_")}
    return {name: (here[name], side) for name, side in services.items() if name != "settings"}


PAIRS = pairs()
LOCAL_ONLY = {  # what only processes that run jobs themselves do: the door, `work`
    "recovery", "ownership", "dispatcher", "absorber", "close", "settings", "store",
}  # fmt: skip


def calls_of_commands() -> set[tuple[str, str, tuple[str, ...]]]:
    """Every ``app.SERVICE.METHOD(…, keyword=…)`` of the commands."""
    found = set()
    for file in Path(next(iter(cli.__path__))).glob("*.py"):
        for node in ast.walk(ast.parse(file.read_text())):
            if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)):
                continue
            owner = node.value
            if isinstance(owner.value, ast.Name) and owner.value.id == "app":
                found.add((owner.attr, node.attr, ()))
        for node in ast.walk(ast.parse(file.read_text())):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Attribute)
                and isinstance(node.func.value, ast.Attribute)
                and isinstance(node.func.value.value, ast.Name)
                and node.func.value.value.id == "app"
            ):
                words = tuple(sorted(keyword.arg for keyword in node.keywords if keyword.arg))
                found.add((node.func.value.attr, node.func.attr, words))
    return {call for call in found if call[0] not in LOCAL_ONLY}


@pytest.mark.parametrize(("service", "method", "words"), sorted(calls_of_commands()))
def test_what_a_command_calls_is_there_on_both_sides(
    service: str, method: str, words: tuple[str, ...]
) -> None:
    assert service in PAIRS, "a server does not offer it"
    for side in PAIRS[service]:
        parameters = inspect.signature(getattr(side, method)).parameters
        assert set(words) <= set(parameters), f"{side.__name__}.{method}"


@pytest.mark.parametrize("service", PAIRS)
def test_both_sides_take_the_same_arguments(service: str) -> None:
    local, far = PAIRS[service]
    for name, method in vars(far).items():
        if name.startswith("_"):
            continue
        here = dict(inspect.signature(getattr(local, name)).parameters)
        there = dict(inspect.signature(method).parameters)
        assert set(there) <= set(here), f"{name} takes more at a server"
        for word, parameter in there.items():
            assert parameter.kind == here[word].kind, f"{name}: {word}"
            assert (parameter.default is parameter.empty) == (here[word].default is parameter.empty)
        assert all(here[word].default is not inspect.Parameter.empty for word in set(here) - set(there))


def test_a_run_is_as_one_here(there: Command, orcaops_home: Path) -> None:
    answer = there("run", "--json", "--label", "a=b", "--", "sh", "-c", "echo out; echo err >&2; exit 7")
    assert answer.code == 7
    run = answer.document
    assert (run["status"], run["exit_code"], run["labels"]) == ("failed", 7, {"a": "b"})
    assert "out\n" in answer.err
    assert "err\n" in answer.err
    plain = there("run", "--", "sh", "-c", "echo out; echo err >&2; printf äöü")
    assert plain.out == "out\näöü".encode()
    assert not orcaops_home.exists(), "nothing is kept here"


def test_jobs_there(there: Command, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert (
        there("run", "--artifact", "*.txt", "--", "sh", "-c", "echo x > a.txt; echo one; echo two >&2").code
        == 0
    )
    (run,) = there("jobs", "list", "--json", "one").documents
    job_id = run["job_id"]
    assert there("jobs", "show", job_id, "--json").document["status"] == "succeeded"
    assert "succeeded" in there("jobs", "show", job_id).text
    logs = there("jobs", "logs", job_id)
    assert (logs.out, logs.err) == (b"one\n", "two\n")
    assert there("jobs", "logs", "-f", job_id).out == b"one\n"
    assert len(there("jobs", "logs", "-n", 1, job_id, "--json").documents) == 1
    assert there("jobs", "artifacts", job_id, "--json").document["path"] == "a.txt"
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    assert there("jobs", "download", job_id, "-o", "got").code == 0
    assert list((tmp_path / "temporary").iterdir()) == [], "its copy is left"
    assert Path("got/a.txt").read_text() == "x\n"
    assert there("jobs", "summary", job_id, "--json").document["status"] == "succeeded"
    assert there("jobs", "list", "--facets", "--json").document["status"] == {"succeeded": 1}
    again = there("jobs", "rerun", job_id, "--json")
    assert (again.code, again.document["parent_job_id"]) == (0, job_id)


def test_detach_and_cancel_there(there: Command) -> None:
    job_id = there("run", "--detach", "--json", "--", "sleep", "4321").document["job_id"]
    assert there("jobs", "cancel", job_id, "--json").document["status"] == "cancelled"


def test_a_signal_cancels_there(there: Command, process: Callable[..., "subprocess.Popen[bytes]"]) -> None:
    running = process("run", "--json", "--", "sh", "-c", "echo up; sleep 4321")
    assert running.stderr is not None
    while running.stderr.readline() != b"up\n":
        pass
    running.send_signal(signal.SIGINT)
    assert running.wait(60) == 130
    (run,) = there("jobs", "list", "--json").documents
    assert run["status"] == "cancelled"


def test_a_history_there(there: Command) -> None:
    file = write_lines(Path("n.jsonl"), HISTORY)
    assert there("import", file, "--json").document["added"] == 16
    assert there("import", file, "--format", "jsonl", "--json").document["known"] == 16
    deadline = time.monotonic() + 60
    while [each["sample_count"] for each in there("baselines", "list", "--json").documents] != [15]:
        assert time.monotonic() < deadline
    key = "name:nightly"
    assert there("baselines", "show", key, "--json").document["sample_count"] == 15
    assert "▁" in there("baselines", "show", key).text
    assert there("baselines", "export").document["key"] == key
    assert len(there("export").documents) == 16
    slow = next(a for a in there("anomalies", "list", "--json").documents if a["type"] == "duration")
    assert there("anomalies", "show", slow["id"], "--json").document == slow
    assert there("anomalies", "ack", slow["id"], "--json").document["acknowledged"]
    assert (
        there("anomalies", "resolve", slow["id"], "--resolution", "x", "--json").document["resolution"] == "x"
    )
    assert not there("anomalies", "reopen", slow["id"], "--json").document["acknowledged"]
    assert len(there("anomalies", "list", "--type", "duration", "--open", "--json").documents) <= 1
    assert (
        "estimated_seconds" in there("predict", "--name", "nightly", "--json", "--", "x").document["duration"]
    )
    advised = there("recommendations", "list", "--json").documents[0]
    assert there("recommendations", "show", advised["id"], "--json").document == advised
    assert there("recommendations", "try", "nothing").code == 1
    assert there("recommendations", "apply", advised["id"], "--json").document["state"] == "applied"
    assert "promised" in there("recommendations", "show", advised["id"]).text
    dismissed = there("recommendations", "dismiss", advised["id"], "--reason", "x", "--json").document
    assert dismissed["state"] == "dismissed"
    assert there("run", "--name", "zz", "--", "true").code == 0
    keys = [each["key"] for each in there("baselines", "export").documents]
    assert len(keys) > 1
    assert keys == sorted(keys, key=str.encode), "as the export of local state has them"
    assert there("baselines", "reset", key).code == 0
    assert there("baselines", "show", key).code == 1


@pytest.mark.parametrize("word", ["nope", "../../x", "a/b", "ä", "%2e%2e"])
def test_unknown_ids_there(word: str, there: Command) -> None:
    for command in (["jobs", "show"], ["jobs", "logs"], ["baselines", "show"], ["anomalies", "show"]):
        answer = there(*command, word)
        assert answer.code == 1, answer.err
        assert answer.err.startswith("orcaops: there is no ")


def test_what_only_the_machine_of_the_server_can_do_says_so(there: Command) -> None:
    for command in (["gc"], ["relearn"], ["exam"]):
        answer = there(*command)
        assert answer.code == 1
        assert "on the machine of the server only" in answer.err
    assert there("doctor").text.startswith("ok")


def test_wrong_usage_there_is_2(there: Command) -> None:
    assert there("run", "--executor", "nope", "--", "true").code == 2
    assert there("jobs", "list", "status:(").code == 2
    Path("f").write_text("x")
    assert there("import", "f", "--format", "papyrus").code == 2


def test_a_wrong_token_is_said(there: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for token in ("wrong", ""):
        monkeypatch.setenv("ORCAOPS_TOKEN", token)
        answer = there("jobs", "list")
        assert answer.code == 1
        assert "token" in answer.err.lower()
        assert there("run", "--", "true").code == 125
        assert there("doctor").code == 1


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:9", "http://[", "nonsense", "http://no-such-host.invalid:1"]
)
def test_a_server_that_does_not_answer_is_said(
    url: str, orcaops: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORCAOPS_URL", url)
    for command in (["jobs", "list"], ["run", "--", "true"], ["baselines", "show", "x"]):
        answer = orcaops(*command)
        assert answer.code == 125
        assert "does not answer" in answer.err
        assert "ORCAOPS_URL" in answer.err


def test_a_server_that_ends_in_the_middle_is_said(
    tmp_path: Path, process: Callable[..., "subprocess.Popen[bytes]"]
) -> None:
    server = Served(tmp_path / "server")
    environment = {"ORCAOPS_URL": server.url, "ORCAOPS_TOKEN": TOKEN, "ORCAOPS_URL_WAIT": "1s"}
    running = process("run", "--", "sh", "-c", "echo up; sleep 4321", env=environment)
    assert running.stdout is not None
    assert running.stdout.readline() == b"up\n"
    server.process.kill()
    assert running.wait(60) == 125
    assert running.stderr is not None
    assert b"does not answer" in running.stderr.read()
    server.process.wait()
    assert server.process.stderr is not None
    server.process.stderr.close()
    again = Served(tmp_path / "server")  # gives the run its honest end, and ends what is left of it
    give_up = time.monotonic() + 60
    out = b'"status":"running"'
    while b'"status":"running"' in out:  # the server listens while it still sees to that
        assert time.monotonic() < give_up
        listed = process("jobs", "list", "--json", env=environment | {"ORCAOPS_URL": again.url})
        out, _ = listed.communicate(timeout=120)
    assert b'"status":"lost"' in out or b'"status":"cancelled"' in out
    again.end()


def test_knowledge_grows_there(there: Command, orcaops_home: Path, tmp_path: Path) -> None:
    for number in range(3):
        script = f"echo 'error: worker {number} lost its lease on db-{number}' >&2; exit 3"
        there("run", "--name", "w", "--", "sh", "-c", script)
    (proposal,) = there("kb", "proposals", "--json").documents
    assert there("kb", "edit", proposal["id"], "--title", "Lost", "--json").document["title"] == "Lost"
    assert there("kb", "accept", proposal["id"], "--json").document["occurrences"] == 3
    assert there("kb", "coverage", "--json").document["share"] == 1
    taught = there(
        "kb", "teach", "lease (.+) lost", "--title", "x", "--example", "lease a lost", "--id", "a.b"
    )
    assert taught.code == 0, taught.err
    advice = there("kb", "advise", "a.b", "Ask them", "--json").document
    noted = there("kb", "feedback", advice["id"], "--did-not-help", "--json").document
    assert (noted["n"], noted["helped"]) == (1, 0)
    assert "Ask them" in there("kb", "show", "a.b").text
    file = tmp_path / "k.json"
    file.write_bytes(there("kb", "export").out)
    assert there("kb", "import", file, "--json").document["known"] == 3
    log = tmp_path / "x.log"
    log.write_text("lease 7 lost\n")
    assert there("kb", "match", log, "--json").document["pattern_id"] == "a.b"
    assert there("kb", "forget", "a.b").code == 0
    assert there("kb", "show", "a.b").code == 1
    assert there("kb", "dismiss", proposal["id"], "--reason", "no").code == 1
