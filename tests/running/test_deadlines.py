"""One thread for all moments."""

import threading
from collections.abc import Iterator

import pytest

from orcaops.running.deadlines import Deadlines


@pytest.fixture
def deadlines() -> Iterator[Deadlines]:
    one = Deadlines()
    yield one
    one.close()


def test_they_come_in_the_order_of_their_moments(deadlines: Deadlines) -> None:
    come: list[str] = []
    done = threading.Event()
    deadlines.after(0.6, lambda: (come.append("later"), done.set()))  # all are known long before it comes
    deadlines.after(0.02, lambda: come.append("sooner"))
    deadlines.after(-5.0, lambda: come.append("past"))
    assert done.wait(60)
    assert come == ["past", "sooner", "later"]


def test_a_cancelled_one_passes_unnoticed(deadlines: Deadlines) -> None:
    come: list[str] = []
    done = threading.Event()
    deadlines.after(0.01, lambda: come.append("no")).cancel()
    deadlines.after(0.02, done.set)
    assert done.wait(60)
    assert come == []


def test_a_callback_that_raises_does_not_take_the_others_with_it(
    deadlines: Deadlines, caplog: pytest.LogCaptureFixture
) -> None:
    done = threading.Event()
    deadlines.after(0.0, lambda: int("x"))
    deadlines.after(0.01, done.set)
    assert done.wait(60)
    assert "a deadline's callback failed" in caplog.text


def test_a_far_one_does_not_hold_up_the_end() -> None:
    deadlines = Deadlines()
    deadlines.after(10 * 366 * 86400.0, lambda: None)
    deadlines.close()
    deadlines.close()


def test_no_thread_before_there_is_something_to_watch() -> None:
    before = threading.active_count()
    Deadlines()
    assert threading.active_count() == before
