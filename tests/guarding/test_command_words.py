"""What reading a command tells, and where it says that it cannot tell."""

import pytest

from orcaops.guarding.command_words import commands_within, hides_commands, is_shell_line


def seen(*words: str) -> list[str]:
    return [command.line for command in commands_within(words)]


def test_a_plain_command_is_itself() -> None:
    assert seen("make", "test") == ["make test"]


def test_a_shell_line_is_cut_into_its_commands() -> None:
    line = "cd x && A=1 make -j2 | tee log; if test -f y; then ls; fi"
    assert seen("sh", "-c", line)[1:] == ["cd x", "make -j2", "tee log", "test -f y", "ls"]


def test_wrappers_are_looked_behind() -> None:
    assert seen("sudo", "-n", "env", "A=1", "make")[1:] == ["env A=1 make", "make"]


def test_nesting_ends() -> None:
    words: tuple[str, ...] = ("true",)
    for _ in range(50):
        words = ("env", *words)
    assert len(seen(*words)) < 20


@pytest.mark.parametrize(
    ("words", "hides"),
    [
        (("sh", "-c", "make test"), False),
        (("sh", "-c", "eval x"), True),
        (("sh", "-c", "$X"), True),
        (("sh", "-c", "a $(b)"), True),
        (("sh", "-c", "env make"), True),
        (("sh", "-c", "'open"), True),
        (("make", "test"), False),
    ],
)
def test_hiding_is_told(words: tuple[str, ...], hides: bool) -> None:
    assert hides_commands(words) == hides


@pytest.mark.parametrize(
    ("words", "is_line"),
    [
        (("sh", "-c", "x"), True),
        (("/bin/bash", "-euc", "x"), True),
        (("sh", "-x", "-c", "x"), True),
        (("sh", "script", "-c", "x"), False),
        (("sh", "-c"), False),
        (("make", "-c", "x"), False),
    ],
)
def test_a_shell_with_a_line(words: tuple[str, ...], is_line: bool) -> None:
    assert is_shell_line(words) == is_line
