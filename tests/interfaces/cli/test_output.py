"""Tables that fit where they are shown, and JSON that is one line for everybody."""

import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from orcaops.interfaces.cli.output import print_json_lines, table, visible
from orcaops.model.notice import Reached

CELLS = st.text("ab …", max_size=40)
ROWS = st.lists(st.tuples(CELLS, CELLS, CELLS), min_size=1, max_size=4)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(ROWS, st.integers(44, 160))
def test_a_table_is_no_wider_than_the_terminal(
    capsys: pytest.CaptureFixture[str], rows: list[tuple[str, str, str]], width: int
) -> None:
    table(["id", "state", "what"], rows, widest=width)
    assert all(len(line) <= width for line in capsys.readouterr().out.splitlines())


def test_what_has_no_room_goes_below(capsys: pytest.CaptureFixture[str]) -> None:
    row = ("4kx2" * 5, "critical", "Took 15 × as long as usual")
    table(["id", "severity", "what"], [row], widest=34)
    assert capsys.readouterr().out.splitlines() == [
        "ID                    SEVERITY",
        "    WHAT",
        "4kx24kx24kx24kx24kx2  critical",
        "    Took 15 × as long as usual",
    ]
    table(["id", "severity", "what"], [row], widest=44)
    assert capsys.readouterr().out.splitlines()[1] == "4kx24kx24kx24kx24kx2  critical  Took 15 × a…"


def test_on_a_narrow_terminal_the_last_column_is_still_there(capsys: pytest.CaptureFixture[str]) -> None:
    row = ("4kx2" * 5, "2026-11-29 15:38:28", "warning", "1", "over", "nightly", "Takes longer by 57%")
    table(["id", "when (UTC)", "severity", "runs", "state", "job", "what"], [row], widest=40)
    assert capsys.readouterr().out.splitlines()[-3:] == [
        "4kx24kx24kx24kx24kx2",
        "    2026-11-29 15:38:28  warning  1",
        "    over  nightly  Takes longer by 57%",
    ]


def test_wide_letters_take_two_columns(capsys: pytest.CaptureFixture[str]) -> None:
    table(["job", "what"], [("😀日本", "a"), ("e\u0301tude", "b")], widest=40)
    assert capsys.readouterr().out.splitlines() == ["JOB     WHAT", "😀日本  a", "e\u0301tude   b"]
    table(["job", "what"], [("x", "日本" * 20)], widest=20)
    assert capsys.readouterr().out.splitlines()[1] == "x    日本日本日本日…"


def test_for_a_program_nothing_is_cut(capsys: pytest.CaptureFixture[str]) -> None:
    table(["id", "what"], [("1", "x" * 500)])
    assert capsys.readouterr().out.splitlines()[1] == f"1   {'x' * 500}"


def test_every_reader_of_lines_finds_one_document_in_each(capsys: pytest.CaptureFixture[str]) -> None:
    texts = ["a\u2028b", "\x85", "\x9b31m", "ä\n"]
    print_json_lines([*texts, Reached(channel=texts[0], sent=True)])
    lines = capsys.readouterr().out.splitlines()
    assert [json.loads(line) for line in lines[:4]] == texts
    assert json.loads(lines[4])["channel"] == texts[0]
    assert "ä" in lines[3]


def test_letters_that_turn_others_on_a_terminal_are_written_out() -> None:
    assert visible("rm \u202etxt.exe") == "rm \\u202etxt.exe"
    assert visible("größer 👨‍👩") == "größer 👨‍👩"
