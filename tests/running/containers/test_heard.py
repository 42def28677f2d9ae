"""What was heard of a run before its engine went away is not heard twice."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from orcaops.model.logline import Stream
from orcaops.model.run import Step
from orcaops.running.containers import heard as module
from orcaops.running.containers.heard import Heard
from orcaops.testing.executors import RecordingObserver

AT = datetime(2026, 1, 1, tzinfo=UTC)


def pieces_of(text: bytes, cuts: list[int]) -> list[bytes]:
    places = sorted({0, len(text), *(cut % (len(text) + 1) for cut in cuts)})
    return [text[a:b] for a, b in pairwise(places)]


@given(st.binary(max_size=40), st.lists(st.lists(st.integers(0, 60), max_size=5), min_size=1, max_size=3))
def test_whatever_the_pieces_are_that_it_is_told_in(text: bytes, tellings: list[list[int]]) -> None:
    observer = RecordingObserver(Path())
    heard = Heard(observer)
    for number, cuts in enumerate(tellings):
        assert heard.tell_again(None) is None
        told = pieces_of(text, cuts)
        last = number == len(tellings) - 1
        for piece in told if last else told[: len(told) // 2]:
            heard.output(Stream.STDOUT, piece, AT)
            heard.output(Stream.STDERR, piece, AT)
    assert observer.text(Stream.STDOUT) == text
    assert observer.text(Stream.STDERR) == text


def test_a_command_ends_once() -> None:
    observer = RecordingObserver(Path())
    heard = Heard(observer)
    first, second = (
        Step(command=(name,), started_at=AT, duration_s=1.0, exit_code=0, signal=None) for name in "ab"
    )
    heard.step(first)
    heard.tell_again(None)
    heard.step(first)
    heard.step(second)
    assert observer.all("step") == [first, second]


def test_by_time_where_the_log_may_have_lost_its_beginning(monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(module, "LOG_KEPT_BYTES", 8)
    heard = Heard(RecordingObserver(Path()))
    heard.output(Stream.STDOUT, b"1234", AT + timedelta(seconds=7))
    assert heard.tell_again(None) == AT + timedelta(seconds=7)


def test_by_time_where_it_was_told_by_time_before() -> None:
    heard = Heard(RecordingObserver(Path()))
    assert heard.tell_again(AT) == AT
    heard.output(Stream.STDOUT, b"1", AT + timedelta(seconds=7))
    assert heard.tell_again(AT) == AT + timedelta(seconds=7)
