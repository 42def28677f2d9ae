"""Limits replayed: who would have been stopped, who spared, what saved."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.improving.counterfactual import cpus_replayed, memory_replayed, timeout_replayed
from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Run, Usage
from orcaops.testing.advisors import a_run

GIB = 1024**3


def held(number: int, gib: float, *, limit: float = 4, cause: Cause = Cause.SUCCESS) -> Run:
    spec = JobSpec(name="a", command=("make",), memory=int(limit * GIB))
    return a_run(number, 3600.0, spec=spec, cause=cause, usage=Usage(memory_resident_bytes=int(gib * GIB)))


def test_memory_freed_is_saved_and_a_killed_try_costs() -> None:
    replayed = memory_replayed([held(0, 1), held(1, 3)], 2 * GIB)
    assert replayed.runs == 2
    assert replayed.stopped == ("job-0001",)
    assert replayed.saved == (2.0, -2.0)


def test_a_higher_limit_spares_what_the_old_one_killed() -> None:
    killed = held(0, 4, cause=Cause.OOM_KILLED)
    assert memory_replayed([killed], 8 * GIB).spared == ("job-0000",)
    assert memory_replayed([killed], 4 * GIB).spared == ()


def test_time_waited_for_a_hung_run_is_saved() -> None:
    spec = JobSpec(name="a", command=("make",), timeout=3600)
    runs = [a_run(0, 60.0, spec=spec), a_run(1, 3600.0, spec=spec, cause=Cause.TIMEOUT_TOTAL)]
    shorter = timeout_replayed(runs, 120.0)
    assert (shorter.stopped, shorter.saved) == ((), (0.0, 3480.0))
    assert timeout_replayed(runs, 30.0).stopped == ("job-0000",)
    assert timeout_replayed(runs, 7200.0).spared == ("job-0001",)


def test_processors_given_back() -> None:
    spec = JobSpec(name="a", command=("make",), cpus=4)
    runs = [a_run(0, 3600.0, spec=spec, usage=Usage(cpu_seconds=3600.0 * used)) for used in (0.5, 2.0)]
    replayed = cpus_replayed(runs, 1.0)
    assert (len(replayed.stopped), replayed.saved) == (1, (3.0, 3.0))


def test_a_run_whose_busiest_moment_would_be_stretched_counts_as_touched() -> None:
    spec = JobSpec(name="a", command=("make",), cpus=4)
    usage = Usage(cpu_seconds=3600.0 * 0.4, cpu_peak_cores=4.0)
    run = a_run(0, 3600.0, spec=spec, usage=usage)
    assert [len(cpus_replayed([run], cpus).stopped) for cpus in (1.0, 2.7, 4.0)] == [1, 0, 0]


@given(st.lists(st.floats(0.01, 4), min_size=1, max_size=30), st.floats(0.01, 8), st.floats(0.01, 8))
def test_a_higher_limit_never_stops_more(gib: list[float], one: float, other: float) -> None:
    runs = [held(n, each) for n, each in enumerate(gib)]
    low, high = (memory_replayed(runs, int(limit * GIB)) for limit in sorted((one, other)))
    assert set(high.stopped) <= set(low.stopped)
    assert len(low.saved) == low.runs == len(runs)


@pytest.mark.parametrize("replay", [memory_replayed, timeout_replayed, cpus_replayed])
def test_runs_that_say_nothing_are_left_out(replay: object) -> None:
    assert callable(replay)
    assert replay([a_run(0, cause=Cause.INFRASTRUCTURE)], 1).runs == 0
