"""An engine that is away is waited for as long as was agreed, and not for ever."""

from types import SimpleNamespace
from typing import Any

import pytest

from orcaops.model.run import Run
from orcaops.running.containers import comeback
from orcaops.running.containers.comeback import Comeback
from orcaops.running.engine.errors import EngineGoneError
from orcaops.running.executor import Halt, HaltReason
from orcaops.testing.stores.builders import make_run


class Clock:
    """Time passes only while somebody sleeps."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now_s = 0.0
        names = SimpleNamespace(monotonic=lambda: self.now_s, sleep=self.sleep)
        monkeypatch.setattr(comeback, "time", names)
        monkeypatch.setattr(Halt, "wait", lambda _, seconds: self.sleep(seconds))

    def sleep(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return Clock(monkeypatch)


class Engine:
    """An engine that answers from a time on."""

    def __init__(self, clock: Clock, from_s: float) -> None:
        self.clock = clock
        self.from_s = from_s

    def ping(self) -> None:
        if self.clock.now_s < self.from_s:
            raise EngineGoneError("not yet")


def a_run(**changes: Any) -> Run:
    return make_run(1, **changes)


@pytest.mark.parametrize(("attached", "waited_s"), [(True, 30.0), (False, 600.0)])
def test_where_somebody_sits_there_a_minute_at_most(clock: Clock, attached: bool, waited_s: float) -> None:
    engine: Any = Engine(clock, float("inf"))
    assert not Comeback(engine, a_run(attached=attached), Halt(), 600.0).awaited()
    assert waited_s <= clock.now_s < waited_s + 2.0


def test_an_engine_that_goes_again_later_is_waited_for_as_long(clock: Clock) -> None:
    engine: Any = Engine(clock, 250.0)
    found = Comeback(engine, a_run(), Halt(), 300.0)
    assert found.awaited()
    clock.now_s += 1000.0
    engine.from_s = clock.now_s + 250.0
    assert found.awaited()


def test_one_that_answers_and_does_nothing_is_given_up_too(clock: Clock) -> None:
    engine: Any = Engine(clock, 0.0)
    found = Comeback(engine, a_run(), Halt(), 300.0)
    times = 0
    while found.awaited():
        times += 1
        assert times < 1000
    assert 300.0 <= clock.now_s < 302.0


def test_a_run_whose_time_is_over_is_waited_for_and_one_that_is_cancelled_is_not(clock: Clock) -> None:
    late, cancelled = Halt(), Halt()
    late.request(HaltReason.TIMEOUT_TOTAL)
    cancelled.request(HaltReason.CANCELLED)
    engine: Any = Engine(clock, 20.0)
    assert not Comeback(engine, a_run(), cancelled, 300.0).awaited()
    assert clock.now_s == 0.0
    assert Comeback(engine, a_run(), late, 300.0).awaited()
