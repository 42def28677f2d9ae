"""Times of a run never go back, whatever the wall clock does."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from orcaops.running.clock import RunClock


class JumpingClock:
    def __init__(self) -> None:
        self.wall = datetime(2026, 1, 1, tzinfo=UTC)
        self.passed = 0.0

    def now(self) -> datetime:
        return self.wall

    def monotonic(self) -> float:
        return self.passed


@given(st.lists(st.tuples(st.floats(0, 1e6), st.floats(-1e6, 1e6))))
def test_a_jumping_wall_clock_does_not_show(moves: list[tuple[float, float]]) -> None:
    clock = JumpingClock()
    run_clock = RunClock(clock)
    start = before = run_clock.now()
    for passed_s, jump_s in moves:
        clock.passed += passed_s
        clock.wall += timedelta(seconds=jump_s)
        assert run_clock.now() >= before
        before = run_clock.now()
    assert abs((before - start).total_seconds() - clock.passed) < 1e-3
