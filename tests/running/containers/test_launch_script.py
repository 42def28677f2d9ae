"""A waiting shell becomes a job: with real shells."""

import os
import shutil
import subprocess
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from orcaops.model.job import JobSpec
from orcaops.running.containers.launch_script import LaunchRecords, can_launch, launch_line, ready_line

WORD = "0123456789abcdef"
NOW = datetime(2026, 1, 1, tzinfo=UTC)
SHELLS = [name for name in ("sh", "bash", "dash") if shutil.which(name)]
TEXTS = st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"]), max_size=40)


def become(
    argv: list[str], env: dict[str, str] | None = None, shell: str = "sh"
) -> subprocess.CompletedProcess[bytes]:
    """What a waiting shell makes of it, started as an engine does: with little in its environment."""
    script = ready_line(WORD) + launch_line(argv, env or {}, WORD)
    return subprocess.run(
        [shell], input=script, capture_output=True, check=False, env={"PATH": os.environ["PATH"]}
    )


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("code", [0, 3, 255])
def test_it_ends_as_the_program_does(shell: str, code: int) -> None:
    assert become(["sh", "-c", f"exit {code}"], shell=shell).returncode == code


@pytest.mark.parametrize("shell", SHELLS)
def test_what_cannot_be_executed_ends_as_in_a_shell(shell: str) -> None:
    assert become(["orcaops-no-such-program"], shell=shell).returncode == 127
    assert become(["/etc"], shell=shell).returncode == 126


@pytest.mark.parametrize("shell", SHELLS)
def test_the_environment_is_what_was_given(shell: str) -> None:
    out = become(["env", "-0"], {"GREETING": "hëllo\n$HOME 'x'"}, shell).stdout.decode()
    found = dict(entry.split("=", 1) for entry in out.rstrip("\0").split("\0"))
    assert found == {"PATH": os.environ["PATH"], "GREETING": "hëllo\n$HOME 'x'"}


@settings(max_examples=25, deadline=None)
@given(arguments=st.lists(TEXTS, max_size=4), value=TEXTS)
def test_arguments_and_values_arrive_as_they_are(arguments: list[str], value: str) -> None:
    ended = become(["sh", "-c", 'printf "%s\\0" "$V" "$@"', "sh", *arguments], {"V": value})
    assert ended.stdout == b"".join(text.encode() + b"\0" for text in [value, *arguments])


def test_standard_input_is_empty() -> None:
    assert become(["cat"]).stdout == b""


def test_a_script_that_was_cut_off_starts_nothing() -> None:
    whole = launch_line(["sh", "-c", "echo begun; echo begun >&2"], {}, WORD)
    for end in (1, 10, len(whole) // 2, len(whole) - 3):
        ended = subprocess.run(["sh"], input=whole[:end], capture_output=True, check=False)
        assert b"begun" not in ended.stdout + ended.stderr
        assert WORD.encode() not in ended.stderr


@given(cuts=st.lists(st.integers(0, 60), max_size=6))
def test_marks_are_taken_out_however_the_stream_is_cut(cuts: list[int]) -> None:
    stream = f"\x1e{WORD} ready\x1e\n\x1e{WORD} start\x1e\nthe job's own".encode()
    records, out, at = LaunchRecords(WORD), b"", 0
    for end in [*sorted(cuts), len(stream)]:
        out += records.feed(stream[at:end], NOW)
        at = max(at, end)
    assert out == b"the job's own"
    assert records.started_at == NOW


def test_without_the_mark_nothing_has_begun() -> None:
    records = LaunchRecords(WORD)
    assert records.feed(b"sh: something\n" * 100, NOW) == b""
    assert records.started_at is None


@pytest.mark.parametrize(
    "fields",
    [
        {"command": ("true",), "env": {"PWD": "/x"}},
        {"command": ("true",), "env": {"a.b": "x"}},
        {"command": ("true",), "env": {"BASH_ENV": "/x"}},
        {"command": ("true",), "env": {"IFS": " "}},
        {"command": ("-x",)},
        {"command": ("a=b",)},
        {"command": ("echo", "x" * 40_000)},
    ],
)
def test_what_a_shell_cannot_hand_on_exactly_starts_cold(fields: dict[str, Any]) -> None:
    assert not can_launch(JobSpec(image="i", **fields))
    assert can_launch(JobSpec(image="i", command=("echo", "$HOME"), env={"A": "b"}))


def test_the_entry_point_is_what_is_executed() -> None:
    assert can_launch(JobSpec(image="i", command=("-x",)), ("/entry",))
    assert not can_launch(JobSpec(image="i", command=("x",)), ("-entry",))
