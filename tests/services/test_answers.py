"""A request under a key is done once, whoever repeats it."""

import threading
from collections.abc import Callable

import pytest

from orcaops.app import App, now
from orcaops.model.errors import ErrorCode, OrcaError, unavailable
from orcaops.services.answers import Answers


class Work:
    """Something that counts how often it was done."""

    def __init__(self) -> None:
        self.times = 0

    def __call__(self) -> bytes:
        self.times += 1
        return b"%d" % self.times


@pytest.fixture
def answers(app: App) -> Answers:
    return Answers(app.store, clock=now)


def test_it_is_done_once(answers: Answers) -> None:
    work = Work()
    assert [answers.once("default", "k", b"request", work) for _ in range(3)] == [b"1"] * 3


def test_without_a_key_it_is_done_each_time(answers: Answers) -> None:
    work = Work()
    assert [answers.once("default", None, b"request", work) for _ in range(3)] == [b"1", b"2", b"3"]


def test_another_process_knows_it_too(app: App, answers: Answers) -> None:
    work = Work()
    answers.once("default", "k", b"request", work)
    assert Answers(app.store, clock=now).once("default", "k", b"request", work) == b"1"


def test_a_key_means_one_request(answers: Answers) -> None:
    work = Work()
    answers.once("default", "k", b"request", work)
    with pytest.raises(OrcaError) as refused:
        answers.once("default", "k", b"another", work)
    assert refused.value.code is ErrorCode.CONFLICT
    assert answers.once("other", "k", b"another", work) == b"2"  # keys belong to a workspace


def test_what_failed_can_be_asked_again(answers: Answers) -> None:
    def fails() -> bytes:
        raise unavailable("not now")

    with pytest.raises(OrcaError, match="not now"):
        answers.once("default", "k", b"request", fails)
    assert answers.once("default", "k", b"request", Work()) == b"1"


def test_a_request_that_is_being_worked_on_is_not_done_beside(answers: Answers) -> None:
    begun, go = threading.Event(), threading.Event()

    def slow() -> bytes:
        begun.set()
        go.wait(60)
        return b"slow"

    first: Callable[[], object] = lambda: answers.once("default", "k", b"request", slow)  # noqa: E731
    thread = threading.Thread(target=first)
    thread.start()
    assert begun.wait(60)
    with pytest.raises(OrcaError) as refused:
        answers.once("default", "k", b"request", Work())
    assert refused.value.code is ErrorCode.CONFLICT
    go.set()
    thread.join()
    assert answers.once("default", "k", b"request", Work()) == b"slow"
