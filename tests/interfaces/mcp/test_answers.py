"""Answers: bounded, and what came from elsewhere stays recognisable."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from orcaops.interfaces.mcp.answers import LONGEST_LIST, LONGEST_TEXT, bounded, compact, one_line, quoted
from orcaops.model.logline import LogLine, Stream


def test_long_texts_say_how_much_is_missing() -> None:
    shown = bounded({"text": "x" * (LONGEST_TEXT + 5), "list": list(range(LONGEST_LIST + 5)), "n": 1})
    assert shown["text"].endswith("x… (5 more letters)")
    assert len(shown["list"]) == LONGEST_LIST
    assert shown["n"] == 1


def test_what_is_unknown_is_left_out() -> None:
    assert compact({"a": None, "b": {}, "c": [], "d": 0, "e": False, "f": [{"g": None, "h": ""}]}) == (
        '{"d":0,"e":false,"f":[{"h":""}]}'
    )


@given(st.text(st.characters(), max_size=60), st.sampled_from(Stream))
def test_no_output_can_leave_its_quotes(text: str, stream: Stream) -> None:
    shown = quoted([LogLine.model_construct(offset=0, stream=stream, at=datetime.now(UTC), text=text)])
    shown.encode()
    assert all(line[:2] == ("| " if stream is Stream.STDOUT else "! ") for line in shown.splitlines())


@given(st.text(st.characters(), max_size=60))
def test_a_text_inside_a_sentence_begins_no_line(text: str) -> None:
    assert len(one_line(text).splitlines()) <= 1
