"""MCP over standard input and output: the command as a client starts it."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import anyio
import pytest
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters, stdio_client

from tests.interfaces.mcp.conftest import TOOLS

COMMAND = (sys.executable, "-m", "orcaops.interfaces.cli.main", "mcp")

NOISY = """
import os, sys
print("printed by a plug-in")
os.write(1, b"written by a library\\n")
os.system("echo echoed by a child")
"""

INITIALIZE = {
    "jsonrpc": "2.0",
    "id": 0,
    "method": "initialize",
    "params": {
        "protocolVersion": "2025-11-25",
        "capabilities": {},
        "clientInfo": {"name": "test", "version": "1"},
    },
}


@pytest.fixture
def environment(orcaops_home: Path) -> dict[str, str]:
    """Where the server keeps its things; its executor is the one that needs nothing."""
    return {"ORCAOPS_HOME": str(orcaops_home), "PATH": os.environ["PATH"], "HOME": os.environ["HOME"]}


@pytest.fixture
def started(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts the command and shakes hands with it."""
    processes: list[subprocess.Popen[str]] = []

    def start() -> subprocess.Popen[str]:
        process = subprocess.Popen(
            COMMAND,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment,
        )
        processes.append(process)
        say(process, INITIALIZE)
        assert hear(process)["id"] == 0
        say(process, {"jsonrpc": "2.0", "method": "notifications/initialized"})
        return process

    yield start
    for process in processes:
        with process:
            process.kill()


def say(process: subprocess.Popen[str], message: dict[str, Any]) -> None:
    assert process.stdin is not None
    process.stdin.write(json.dumps(message) + "\n")
    process.stdin.flush()


def hear(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    message: dict[str, Any] = json.loads(process.stdout.readline())
    return message


def call(number: int, name: str, **arguments: Any) -> dict[str, Any]:
    params = {"name": name, "arguments": arguments}
    return {"jsonrpc": "2.0", "id": number, "method": "tools/call", "params": params}


@pytest.mark.parametrize("mode", ["legacy", "auto"])
def test_a_whole_conversation(environment: dict[str, str], mode: str) -> None:
    async def main() -> None:
        server = StdioServerParameters(command=COMMAND[0], args=list(COMMAND[1:]), env=environment)
        with anyio.fail_after(60):
            async with Client(stdio_client(server), mode=mode) as client:
                assert client.protocol_version == ("2025-11-25" if mode == "legacy" else "2026-07-28")
                assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
                ran = await client.call_tool("orcaops_run_job", {"shell": "echo out; echo err >&2; exit 4"})
                assert ran.structured_content["job"]["exit_code"] == 4
                assert {line["text"] for line in ran.structured_content["first"]} == {"out", "err"}

    anyio.run(main)


def test_nothing_but_the_protocol_comes_out(environment: dict[str, str], tmp_path: Path) -> None:
    """Not even what a plug-in prints while it is loaded, or what its children write."""
    (tmp_path / "noisy.py").write_text(NOISY)
    (tmp_path / "orcaops.toml").write_text(f'[plugins]\ndirs = ["{tmp_path}"]\n')
    messages = [
        INITIALIZE,
        {"jsonrpc": "2.0", "method": "notifications/initialized"},
        {"jsonrpc": "2.0", "id": 1, "method": "tools/list"},
        call(2, "orcaops_run_job", shell="echo printed by the job"),
    ]
    done = subprocess.run(
        COMMAND,
        input="".join(json.dumps(message) + "\n" for message in messages),
        capture_output=True,
        text=True,
        env=environment | {"ORCAOPS_LOG": "DEBUG"},
        cwd=tmp_path,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert all(answer["jsonrpc"] == "2.0" for answer in answers)
    assert {answer["id"] for answer in answers if "id" in answer} == {0, 1, 2}  # also what came last
    for noise in ("printed by a plug-in", "written by a library", "echoed by a child"):
        assert noise in done.stderr


def test_what_is_no_message_is_told_so(started: Callable[[], subprocess.Popen[str]]) -> None:
    process = started()
    assert process.stdin is not None
    process.stdin.write("{nonsense\n")
    process.stdin.flush()
    answer = hear(process)
    assert (answer["id"], answer["error"]["code"]) == (None, -32700)
    say(process, {"jsonrpc": "2.0", "id": 1, "method": "ping"})
    assert hear(process) == {"jsonrpc": "2.0", "id": 1, "result": {}}


def test_it_ends_with_its_input(started: Callable[[], subprocess.Popen[str]]) -> None:
    process = started()
    _, errors = process.communicate(timeout=120)
    assert (process.returncode, errors) == (0, "")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_it_ends_with_a_signal_and_leaves_no_process(
    started: Callable[[], subprocess.Popen[str]], number: signal.Signals, tmp_path: Path
) -> None:
    process = started()
    os.mkfifo(tmp_path / "pid")
    line = f"echo $$ > {tmp_path / 'pid'}; exec sleep 600"
    say(process, call(1, "orcaops_run_job", shell=line, wait_seconds=600))
    job = int((tmp_path / "pid").read_text())
    process.send_signal(number)
    assert process.wait(60) == 0
    assert not Path(f"/proc/{job}").exists()
    listed = [sys.executable, "-m", "orcaops.interfaces.cli.entry", "jobs", "list", "--json"]
    shown = subprocess.run(listed, capture_output=True, text=True, timeout=60, check=True).stdout
    assert '"status":"cancelled"' in shown, "what was ended with the server says so"


def test_it_ends_when_nobody_listens(started: Callable[[], subprocess.Popen[str]]) -> None:
    process = started()
    assert process.stdout is not None
    assert process.stdin is not None
    process.stdout.close()
    say(process, {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
    process.stdin.close()
    assert process.wait(60) == 0
    assert process.stderr is not None
    assert "Traceback" not in process.stderr.read()
