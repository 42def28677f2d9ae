"""The guard: hard evidence at once, other harm by evidence, and patience otherwise."""

import random
from collections.abc import Sequence

import pytest

from orcaops.improving.guard import judge, too_tight
from orcaops.improving.optimizations import Event
from orcaops.model.job import JobSpec
from orcaops.model.optimization import State
from orcaops.model.override import Arm, Assignment, OptimizedField, Override
from orcaops.model.run import Cause, Run, Status, Usage
from tests.improving.test_optimizations import MIB, START, change

SPEC = JobSpec(command=("true",), image="i", memory=368 * MIB)


def run(
    number: int,
    arm: Arm,
    *,
    cause: Cause = Cause.SUCCESS,
    seconds: float = 10.0,
    held: int | None = 100 * MIB,
    stage: str = "canary",
) -> Run:
    statuses = {Cause.SUCCESS: Status.SUCCEEDED, Cause.TIMEOUT_TOTAL: Status.TIMED_OUT}
    override = Override(optimization_id="o1", field=OptimizedField.MEMORY, own=512 * MIB, after=368 * MIB)
    return Run(
        job_id=f"j{number}",
        key="name:n",
        status=statuses.get(cause, Status.FAILED),
        cause=cause,
        submitted_at=START,
        started_at=START,
        duration_s=seconds,
        effective=SPEC,
        usage=Usage(memory_resident_bytes=held, memory_resident_basis="exact" if held else None),
        overrides=(override,) if arm is Arm.CANDIDATE else (),
        trial=Assignment(optimization_id="o1", stage=stage, arm=arm),
    )


def mixed(candidates: Sequence[Run], controls: Sequence[Run]) -> list[Run]:
    return [*controls, *candidates]


CANARY = change(state=State.CANARY, share=0.2, runs_before=100, failures_before=1)


def test_ten_good_runs_let_the_canary_grow() -> None:
    controls = [run(n, Arm.CONTROL) for n in range(40)]
    nine = [run(100 + n, Arm.CANDIDATE) for n in range(9)]
    assert judge(CANARY, mixed(nine, controls)).event is None
    ten = [*nine, run(109, Arm.CANDIDATE)]
    found = judge(CANARY, mixed(ten, controls))
    assert found.event is Event.GROW
    assert (found.evidence.candidates, found.evidence.of_stage, found.evidence.needed) == (10, 10, 10)


def test_the_first_kill_ends_it() -> None:
    killed = run(1, Arm.CANDIDATE, cause=Cause.OOM_KILLED)
    found = judge(CANARY, [killed])
    assert found.event is Event.STOP
    assert "killed at 368 MiB; its own limit is 512 MiB" in found.reason


@pytest.mark.parametrize(("held", "ends"), [(349, False), (350, True)])
def test_a_run_too_near_the_limit_ends_it(held: int, ends: bool) -> None:
    found = judge(CANARY, [run(1, Arm.CANDIDATE, held=held * MIB)])
    assert (found.event is Event.STOP) is ends


def test_page_cache_is_no_evidence() -> None:
    cached = run(1, Arm.CANDIDATE, held=None).changed(usage=Usage(memory_peak_bytes=368 * MIB))
    assert judge(CANARY, [cached]).event is None


def test_a_run_without_it_that_would_not_fit_ends_it_before_anything_is_killed() -> None:
    found = judge(CANARY, [run(1, Arm.CONTROL, held=400 * MIB)])
    assert found.event is Event.STOP
    assert "would have been killed" in found.reason


def test_a_kill_at_a_limit_that_the_job_asked_for_itself_is_not_ours() -> None:
    own = run(1, Arm.CONTROL, cause=Cause.OOM_KILLED)
    assert too_tight(own) is None


def test_failures_end_it_by_evidence_and_one_alone_does_not() -> None:
    controls = [run(n, Arm.CONTROL) for n in range(20)]
    one = [run(100, Arm.CANDIDATE, cause=Cause.COMMAND_FAILED)]
    assert judge(CANARY, mixed(one, controls)).event is None
    five = [run(100 + n, Arm.CANDIDATE, cause=Cause.COMMAND_FAILED) for n in range(3)]
    found = judge(CANARY, mixed(five, controls))
    assert found.event is Event.STOP
    assert "3 of 3 runs with the change failed" in found.reason


def test_infrastructure_is_nobodys_fault() -> None:
    lost = [run(n, Arm.CANDIDATE, cause=Cause.INFRASTRUCTURE) for n in range(20)]
    assert judge(CANARY, lost).event is None


def test_slower_than_tolerated_ends_it() -> None:
    chance = random.Random(1)
    controls = [run(n, Arm.CONTROL, seconds=10 + chance.random()) for n in range(40)]
    slow = [run(100 + n, Arm.CANDIDATE, seconds=13 + chance.random()) for n in range(10)]
    found = judge(CANARY, mixed(slow, controls))
    assert found.event is Event.STOP
    assert "times as long" in found.reason
    little = [run(100 + n, Arm.CANDIDATE, seconds=10.5 + chance.random()) for n in range(10)]
    assert judge(CANARY, mixed(little, controls)).event is Event.GROW, "within what is tolerated"


def test_runs_of_an_earlier_round_say_nothing() -> None:
    again = CANARY.changed(round=2)
    assert judge(again, [run(1, Arm.CANDIDATE, cause=Cause.OOM_KILLED)]).evidence.candidates == 0


def test_a_harmless_trial_is_seldom_ended_by_noise() -> None:
    """Durations that spread by 30 %, 2 % failures, judged after every run of a whole trial."""
    chance = random.Random(3)
    ended = 0
    for _ in range(60):
        runs: list[Run] = []
        trial = change(state=State.HALF, share=0.5, runs_before=100, failures_before=2)
        for number in range(80):
            arm = Arm.CANDIDATE if number % 2 else Arm.CONTROL
            cause = Cause.COMMAND_FAILED if chance.random() < 0.02 else Cause.SUCCESS
            runs.append(
                run(number, arm, cause=cause, seconds=10 * chance.lognormvariate(0, 0.3), stage="half")
            )
            found = judge(trial, runs) if arm is Arm.CANDIDATE else None
            if found is not None and found.event is Event.STOP:
                ended += 1
                break
    assert ended / 60 <= 0.05


def test_a_look_is_not_missed_when_several_runs_ended_at_once() -> None:
    """From nine candidates to twelve in one batch: the tenth was never the last."""
    slow = [run(n, Arm.CANDIDATE, seconds=15 + n % 3) for n in range(12)]
    plain = [run(100 + n, Arm.CONTROL, seconds=10 + n % 3) for n in range(12)]
    found = judge(CANARY, mixed(slow, plain))
    assert found.event is Event.STOP
    assert "times as long" in found.reason
