import json
import subprocess
import urllib.request
from collections.abc import Callable

import click
import pytest

from orcaops.interfaces.cli.main import COMMANDS, HIDDEN, SECTIONS, cli

from .conftest import Command


def every_command() -> dict[str, click.Command]:
    """All commands and the commands below them, by what one types."""
    context = click.Context(cli)
    found: dict[str, click.Command] = {}
    for name in COMMANDS:
        command = cli.get_command(context, name)
        assert command is not None
        below = command.commands if isinstance(command, click.Group) else {}
        found |= {f"{name} {each}": inner for each, inner in below.items()} or {name: command}
    return found


EVERY = every_command()


@pytest.mark.parametrize("name", EVERY)
def test_every_command_has_help_with_an_example(name: str, orcaops: Command) -> None:
    shown = orcaops(*name.split(), "--help")
    assert shown.code == 0
    assert f"Usage: orcaops {name}" in shown.text
    assert f"Example: orcaops {name}" in shown.text
    assert shown.err == ""


@pytest.mark.parametrize("name", sorted({name.partition(" ")[0] for name in EVERY if " " in name}))
def test_every_group_has_help_with_an_example(name: str, orcaops: Command) -> None:
    assert f"\n  Example: orcaops {name} " in orcaops(name, "--help").text


@pytest.mark.parametrize("name", EVERY)
def test_every_command_has_json(name: str) -> None:
    assert any("--json" in parameter.opts for parameter in EVERY[name].params)


@pytest.mark.parametrize("name", sorted({name.partition(" ")[0] for name in EVERY if " " in name}))
def test_a_group_says_whole_sentences_of_its_commands(
    name: str, orcaops: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "60")
    shown = orcaops(name, "--help").text
    assert "..." not in shown.partition("Commands:")[2]
    assert max(map(len, shown.splitlines())) <= 60


def test_without_arguments_it_says_what_to_do_first(orcaops: Command) -> None:
    shown = orcaops()
    assert shown.code == 0
    assert "Start here:" in shown.text
    assert "orcaops demo" in shown.text


def test_help_lists_all_commands_with_a_sentence(orcaops: Command) -> None:
    text = orcaops("--help").text
    for name in set(COMMANDS) - HIDDEN:
        assert f"\n  {name} " in text
    assert "Example: orcaops run" in text


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["rnu"], "Did you mean 'run'?"),
        (["jobs", "lits"], "There is no command 'lits'. Did you mean 'list'?"),
        (["export", "--format", "csv", "--json"], "--format csv"),
        (["--nonsense"], "--nonsense"),
        (["jobs", "list", "--limit", "x"], "--limit"),
        (["jobs", "list", "--limit", "0"], "--limit"),
        (["run"], "COMMAND"),
        (["jobs", "show"], "JOB_ID"),
        (["anomalies", "resolve", "x"], "--resolution"),
        (["recommendations", "dismiss", "x"], "--reason"),
        (["import"], "FILE"),
        (["import", "no-such-file", "--format", "jsonl"], "no-such-file"),
    ],
)
def test_wrong_usage_is_2_and_says_what(arguments: list[str], said: str, orcaops: Command) -> None:
    answer = orcaops(*arguments)
    assert answer.code == 2
    assert said in answer.err
    assert answer.out == b""


@pytest.mark.parametrize(
    "job_id", ["nope", "../../etc/passwd", "a/b", "..", "", "x" * 300, "a b", "ä", "%2e%2e"]
)
@pytest.mark.parametrize(
    "arguments",
    [
        ["jobs", "show"],
        ["jobs", "logs"],
        ["jobs", "logs", "-f"],
        ["jobs", "cancel"],
        ["jobs", "artifacts"],
        ["jobs", "download"],
        ["jobs", "summary"],
        ["jobs", "rerun"],
        ["baselines", "show"],
        ["baselines", "reset"],
        ["anomalies", "show"],
        ["anomalies", "ack"],
        ["recommendations", "show"],
        ["recommendations", "apply"],
    ],
)
def test_unknown_ids_are_said_to_be_unknown(
    arguments: list[str], job_id: str, past: object, orcaops: Command
) -> None:
    answer = orcaops(*arguments, job_id)
    # The exit code of a rerun is the command's own, so a failure of ours is told apart as for `run`.
    assert answer.code == (125 if "rerun" in arguments else 1), answer.err
    assert answer.out == b""
    assert answer.err.startswith("orcaops: there is no ")
    assert answer.err.count("\n") == 2, "what, and what to do next"


def test_a_reader_that_has_enough_is_no_failure(past: object, process: object) -> None:
    running = process("jobs", "list", "--json", env={"PYTHONUNBUFFERED": "1"})  # type: ignore[operator]
    assert running.stdout.readline().startswith(b"{")
    running.stdout.close()
    assert running.wait(60) == 0
    assert running.stderr.read() == b""


def test_the_program_is_installed_under_its_name() -> None:
    import sysconfig
    from pathlib import Path

    program = Path(sysconfig.get_path("scripts")) / "orcaops"
    shown = subprocess.run([program, "--version"], capture_output=True, check=True, text=True)
    assert shown.stdout.startswith("orcaops, version ")


def test_the_list_of_commands_is_complete_and_grouped(orcaops: Command) -> None:
    listed = orcaops("--help").text
    for heading in SECTIONS.values():
        assert f"\n{heading}:\n" in listed
    for name, (_, text) in COMMANDS.items():
        assert (f"  {name.ljust(15)}  {text}" in listed) is (name not in HIDDEN), name


def test_a_server_says_its_address_as_data(process: Callable[..., "subprocess.Popen[bytes]"]) -> None:
    serving = process("serve", "--port", "0", "--json")
    assert serving.stdout is not None
    url = json.loads(serving.stdout.readline())["url"]
    with urllib.request.urlopen(f"{url}/healthz") as answer:
        assert answer.status == 200
    serving.terminate()
    assert serving.wait(120) == 0
