"""A halt is asked for once, from any thread, and reaches everyone who wants to know."""

import threading
from concurrent.futures import ThreadPoolExecutor

from orcaops.running.executor import Halt, HaltReason


def test_the_first_reason_stays() -> None:
    halt = Halt(1.5)
    assert not halt.requested
    assert halt.request(HaltReason.TIMEOUT_IDLE)
    assert not halt.request(HaltReason.CANCELLED)
    assert (halt.requested, halt.reason, halt.grace_s) == (True, HaltReason.TIMEOUT_IDLE, 1.5)


def test_subscribers_are_called_once_and_late_ones_at_once() -> None:
    halt = Halt()
    calls: list[str] = []
    halt.subscribe(lambda: calls.append("early"))
    halt.request(HaltReason.CANCELLED)
    halt.request(HaltReason.CANCELLED)
    halt.subscribe(lambda: calls.append("late"))
    assert calls == ["early", "late"]


def test_waiting_ends_with_the_request() -> None:
    halt = Halt()
    assert not halt.wait(0.01)
    timer = threading.Timer(0.02, halt.request, [HaltReason.CANCELLED])
    timer.start()
    assert halt.wait(60)
    timer.join()


def test_of_many_requests_at_once_one_wins() -> None:
    halt = Halt()
    calls: list[int] = []
    halt.subscribe(lambda: calls.append(1))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: halt.request(HaltReason.CANCELLED), range(64)))
    assert answers.count(True) == 1
    assert calls == [1]
