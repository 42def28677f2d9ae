"""Memory that is too short: killed, or nearly."""

import pytest

from orcaops.improving.advisors.memory_shortage import MemoryShortage
from orcaops.model.job import JobSpec
from orcaops.model.quantities import MIB
from orcaops.model.recommendation import Priority
from orcaops.model.run import Cause, Context, Run, Usage
from orcaops.testing.advisors import a_dossier, a_run, told

SPEC = JobSpec(name="a", command=("make",), memory=1024 * MIB)


def run(number: int, held_mib: int = 700, cause: Cause = Cause.SUCCESS, spec: JobSpec = SPEC) -> Run:
    return a_run(number, spec=spec, cause=cause, usage=Usage(memory_resident_bytes=held_mib * MIB))


def test_a_limit_that_killed_is_doubled() -> None:
    (found,) = told(MemoryShortage(), a_dossier([run(0), run(1, 900, Cause.OOM_KILLED), run(2)]))
    assert (found.type, found.priority, found.evidence["proposed_bytes"]) == (
        "reliability",
        Priority.HIGH,
        2048 * MIB,
    )
    assert found.evidence["killed"] == ["job-0001"]
    assert found.description.startswith("1 of the last 3 runs with this limit was killed")


def test_a_limit_that_is_nearly_reached_is_raised() -> None:
    (found,) = told(MemoryShortage(), a_dossier([run(n, 1000) for n in range(12)]))
    assert found.evidence["proposed_bytes"] >= 1.25 * 1024 * MIB
    assert len(found.evidence["near_the_limit"]) == 12


def test_page_cache_is_no_need() -> None:
    full = Usage(memory_resident_bytes=100 * MIB, memory_peak_bytes=1024 * MIB)
    assert not told(MemoryShortage(), a_dossier([a_run(n, spec=SPEC, usage=full) for n in range(20)]))


def test_kills_under_a_lower_limit_are_over() -> None:
    lower = SPEC.model_copy(update={"memory": 256 * MIB})
    old = [run(n, 256, Cause.OOM_KILLED, lower) for n in range(5)]
    assert not told(MemoryShortage(), a_dossier([*old, *(run(n) for n in range(5, 20))]))


def test_memory_that_grows_towards_its_limit_is_told_before_a_run_is_killed() -> None:
    growing = [run(n, round(500 * 1.02**n)) for n in range(30)]
    (found,) = told(MemoryShortage(), a_dossier(growing))
    assert found.evidence["runs_until_the_limit"] == 8
    assert found.evidence["growth_per_run"] == pytest.approx(0.02, abs=0.001)
    assert "is reached in 8 runs" in found.description
    assert found.evidence["proposed_bytes"] >= 500 * 1.02**50 * MIB
    assert found.saving is not None
    assert found.saving.per_run > 0.4


def test_memory_that_grows_by_an_amount_is_given_so_much_and_no_share() -> None:
    growing = [run(n, 200 + 30 * n) for n in range(24)]
    (found,) = told(MemoryShortage(), a_dossier(growing))
    assert "grows by 30.0 MiB from run to run" in found.description
    assert found.evidence["runs_until_the_limit"] == 5
    assert found.evidence["growth_per_run_bytes"] == 30 * MIB
    assert found.evidence["proposed_bytes"] < 3 * 1024 * MIB


def test_memory_that_grows_far_below_its_limit_is_no_shortage() -> None:
    assert not told(MemoryShortage(), a_dossier([run(n, round(300 * 1.02**n)) for n in range(30)]))


def test_an_import_shows_a_kill_by_its_signal_at_the_limit() -> None:
    def imported(number: int, held_mib: int, exit_code: int) -> Run:
        cause = Cause.SUCCESS if exit_code == 0 else Cause.COMMAND_FAILED
        usage = Usage(memory_peak_bytes=held_mib * MIB)
        return a_run(number, spec=SPEC, source="jsonl", cause=cause, exit_code=exit_code, usage=usage)

    runs = [imported(n, 1024 if n % 5 == 0 else 700, 137 if n % 5 == 0 else 0) for n in range(20)]
    (found,) = told(MemoryShortage(), a_dossier(runs))
    assert found.evidence["proposed_bytes"] == 2048 * MIB
    assert len(found.evidence["killed"]) == found.evidence["would_have_been_spared"] == 4
    assert not told(
        MemoryShortage(), a_dossier([imported(n, 700, 137 if n % 5 == 0 else 0) for n in range(20)])
    )
    assert not told(MemoryShortage(), a_dossier([run.changed(source="local") for run in runs]))


def test_no_more_is_advised_than_the_machine_has() -> None:
    def on(host_class: str) -> list[int]:
        context = Context(host_class=host_class)
        killed = [run(n, 900, Cause.OOM_KILLED).changed(context=context) for n in range(3)]
        return [
            found.evidence["proposed_bytes"] // MIB for found in told(MemoryShortage(), a_dossier(killed))
        ]

    assert on("x86_64-2cpu-24g") == [2048]
    assert on("x86_64-2cpu-1g") == []
