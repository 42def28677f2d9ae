"""The memory advisor: proposes what past runs would have fitted in, and says nothing without evidence."""

import math
import random

from hypothesis import given
from hypothesis import strategies as st

from orcaops.improving.advisors.memory_limit import MemoryLimit
from orcaops.improving.dossier import Dossier
from orcaops.model.job import JobSpec
from orcaops.model.quantities import MIB
from orcaops.model.run import Cause, Usage
from orcaops.testing.advisors import a_dossier, a_run, told


def of(held_mib: list[int], *, limit_mib: int | None = 1024, cause: Cause = Cause.SUCCESS) -> Dossier:
    spec = JobSpec(name="a", command=("make",), memory=limit_mib * MIB if limit_mib else None)
    runs = [
        a_run(n, spec=spec, usage=Usage(memory_resident_bytes=held * MIB), cause=Cause.SUCCESS)
        for n, held in enumerate(held_mib)
    ]
    return a_dossier([*runs, a_run(len(runs), spec=spec, cause=cause, usage=runs[-1].usage)])


def test_it_lowers_a_limit_that_is_far_above_and_every_past_run_would_have_fitted() -> None:
    (found,) = told(MemoryLimit(), of([100 + n % 10 for n in range(12)]))
    assert (found.type, found.field) == ("cost", "memory")
    assert found.evidence["would_have_fitted"] == 13
    assert found.change is not None
    assert (found.change.before, found.change.after) == (1024 * MIB, found.evidence["proposed_bytes"])
    assert 109 * MIB < found.evidence["proposed_bytes"] < 512 * MIB


def test_it_is_silent_before_ten_runs_without_a_limit_and_where_the_limit_fits() -> None:
    assert not told(MemoryLimit(), of([100] * 8))
    assert not told(MemoryLimit(), of([100] * 20, limit_mib=None))
    assert not told(MemoryLimit(), of([700] * 20))
    assert not told(MemoryLimit(), of([100] * 20, cause=Cause.OOM_KILLED))


def test_growth_that_has_only_begun_is_seen() -> None:
    assert told(MemoryLimit(), of([100] * 30))
    assert not told(MemoryLimit(), of([100] * 24 + [100 + 12 * n for n in range(7)]))


def test_memory_that_follows_its_input_is_given_the_room_that_inputs_ask_for() -> None:
    draw = random.Random(11)
    held = [round(100 * math.exp(draw.gauss(0, 0.9))) for _ in range(32)]
    (found,) = told(MemoryLimit(), of(held[:12], limit_mib=16384))
    assert max(held[12:]) > 3 * max(held[:12])  # the replay over the past does not show it
    assert found.evidence["proposed_bytes"] > max(held[12:]) * MIB


def test_of_several_levels_the_highest_is_given_what_it_would_be_given_alone() -> None:
    (alone,) = told(MemoryLimit(), of([300 + n % 7 for n in range(30)], limit_mib=2048))
    for held, words in (
        ([30 if n % 2 else 300 + n % 7 for n in range(30)], "the limit is for the larger ones"),
        ([300 + n % 7 if n < 15 else 30 for n in range(30)], "since memory fell"),
        ([30 if n < 15 else 300 + n % 7 for n in range(30)], "since memory rose"),
    ):
        (found,) = told(MemoryLimit(), of(held, limit_mib=2048))
        assert found.evidence["proposed_bytes"] <= 1.1 * alone.evidence["proposed_bytes"]
        assert found.evidence["growth_per_run"] == 0
        assert words in found.description
    assert "larger ones" not in alone.description


def test_memory_that_rose_a_step_is_given_room_for_another() -> None:
    (steady,) = told(MemoryLimit(), of([300] * 30, limit_mib=2048))
    (risen,) = told(MemoryLimit(), of([200 if n < 15 else 300 for n in range(30)], limit_mib=2048))
    assert risen.evidence["proposed_bytes"] >= 1.4 * steady.evidence["proposed_bytes"]
    assert "room for it to rise so again" in risen.description


def test_memory_that_grows_is_given_room() -> None:
    (steady,) = told(MemoryLimit(), of([200] * 30, limit_mib=4096))
    (growing,) = told(MemoryLimit(), of([100 + 100 * n // 30 for n in range(31)], limit_mib=4096))
    assert growing.evidence["proposed_bytes"] > 1.3 * steady.evidence["proposed_bytes"]
    assert growing.evidence["growth_per_run"] > 0
    assert "from run to run" in growing.description
    assert "grows" not in steady.description


@given(st.lists(st.integers(1, 2000), min_size=10, max_size=50), st.integers(64, 8192))
def test_no_past_run_would_have_been_stopped(held_mib: list[int], limit_mib: int) -> None:
    for found in told(MemoryLimit(), of([min(each, limit_mib) for each in held_mib], limit_mib=limit_mib)):
        assert found.evidence["would_have_been_stopped"] == 0
        assert found.evidence["proposed_bytes"] < found.evidence["limit_bytes"]
