"""Timeouts from durations: never near what was healthy."""

import random

from hypothesis import given
from hypothesis import strategies as st

from orcaops.stats.timeouts import NEEDED, timeout

durations = st.lists(st.floats(0.001, 1e5), min_size=NEEDED, max_size=100)


@given(durations, st.floats(0, 1e6))
def test_it_is_well_above_every_run_and_every_healthy_stop(seconds: list[float], stopped_s: float) -> None:
    found = timeout(seconds, stopped_at=[stopped_s])
    assert found is not None
    assert found >= 60
    assert found >= 2 * max(seconds)
    assert found >= 1.2 * stopped_s
    assert (timeout(seconds, longest=2 * max(seconds), stopped_at=[stopped_s]) or 0) >= found


def test_too_few_runs_say_nothing() -> None:
    assert timeout([1.0] * (NEEDED - 1)) is None


def test_few_healthy_runs_of_a_wide_job_would_be_killed() -> None:
    chance = random.Random(3)
    killed = n = 0
    for _ in range(300):
        seen = [chance.lognormvariate(4, 0.5) for _ in range(NEEDED)]
        limit = timeout(seen) or 0.0
        coming = [chance.lognormvariate(4, 0.5) for _ in range(20)]
        killed += sum(value > limit for value in coming)
        n += len(coming)
    assert killed / n <= 0.001


def test_it_comes_down_as_runs_come_in() -> None:
    limits = [timeout([100.0] * n) or 0.0 for n in range(NEEDED, 25)]
    assert limits == sorted(limits, reverse=True)
    assert limits[0] > 1600
    assert limits[10:] == [limits[-1]] * 5, "as before from twenty runs on"
