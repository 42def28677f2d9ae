"""The script of several commands, in a real shell, and its records however they are cut."""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.model.run import Step
from orcaops.running.containers.script import StepRecords, script_of
from orcaops.running.containers.status import exit_or_signal

NOW = datetime(2026, 1, 1, tzinfo=UTC)
COMMANDS = [("printf", "%s", "a'b $HOME"), ("sh", "-c", "echo err >&2; exit 3"), ("echo", "never")]


def read(pieces: list[bytes]) -> tuple[bytes, list[Step]]:
    records = StepRecords(COMMANDS, "w0rd", lambda step, at: None)
    output = b"".join(records.feed(piece, NOW + timedelta(seconds=n)) for n, piece in enumerate(pieces))
    return output + records.rest(), records.steps


def test_a_real_shell_runs_it() -> None:
    ended = subprocess.run(["sh", "-c", script_of(COMMANDS, "w0rd")], capture_output=True, check=False)
    assert ended.returncode == 3
    assert ended.stdout == b"a'b $HOME"
    output, steps = read([ended.stderr])
    assert output == b"err\n"
    assert [(step.command, step.exit_code) for step in steps] == [(COMMANDS[0], 0), (COMMANDS[1], 3)]


def test_variables_of_the_job_reach_its_commands_as_they_are() -> None:
    names = ("status", "halted", "up", "idle")
    commands = [("true",), ("sh", "-c", "echo " + " ".join(f"${name}" for name in names))]
    env = {name: f"my-{name}" for name in names} | {"PATH": os.environ["PATH"]}
    line = script_of(commands, "w0rd")
    ended = subprocess.run(["sh", "-c", line], capture_output=True, check=True, env=env)
    assert ended.stdout.split() == [b"my-status", b"my-halted", b"my-up", b"my-idle"]


def test_how_long_a_step_took_is_known_though_all_was_heard_at_once() -> None:
    commands = [("true",), ("sleep", "1"), ("true",)]
    line = script_of(commands, "w0rd")
    ended = subprocess.run(["sh", "-c", line], capture_output=True, check=True)
    records = StepRecords(commands, "w0rd", lambda step, at: None)
    records.feed(ended.stderr, NOW)
    first, second, third = records.steps
    assert 0.98 <= second.duration_s < 15.0
    assert max(first.duration_s, third.duration_s) < second.duration_s
    assert second.started_at == NOW - timedelta(seconds=second.duration_s)


@pytest.mark.parametrize(
    "ups", [("", ""), (" nan", " 5.0"), (" 5.0", " -inf"), (" 1e9", " 2e9"), (" 9.0", " 1.0")]
)
def test_a_clock_that_says_nonsense_makes_no_duration(ups: tuple[str, str]) -> None:
    records = StepRecords(COMMANDS, "w0rd", lambda step, at: None)
    records.feed(f"\x1ew0rd 0 begin{ups[0]}\x1e\n".encode(), NOW)
    records.feed(f"\x1ew0rd 0 0{ups[1]}\x1e\n".encode(), NOW + timedelta(seconds=2))
    assert records.steps[0].duration_s == (0.01 if ups[0] == " 9.0" else 2.0)


@given(st.lists(st.sampled_from([b"x", b"\x1e", b"\x1ew0rd ", b"line\n"]), max_size=8), st.data())
def test_records_are_found_however_the_stream_is_cut(noise: list[bytes], data: st.DataObject) -> None:
    records = [b"\x1ew0rd 0 begin\x1e\n", b"\x1ew0rd 0 0\x1e\n"]
    plain = b"".join(piece for piece in noise if piece != b"\x1ew0rd ")
    stream = plain + records[0] + b"mid" + records[1] + b"end"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    edges = [0, *cuts, len(stream)]
    output, steps = read([stream[a:b] for a, b in pairwise(edges)])
    assert output == plain + b"midend"
    assert [step.exit_code for step in steps] == [0]


def test_a_signal_needs_evidence() -> None:
    assert exit_or_signal(143) == (143, None)
    assert exit_or_signal(143, {15}) == (None, 15)
    assert exit_or_signal(0, {9, 15}) == (0, None)
