"""Proposals: what is worth trying, and when nothing is said."""

from datetime import timedelta

import pytest

from orcaops.improving.policy import asks, starts_by_itself
from orcaops.improving.proposals import Past, Proposal, propose, recent
from orcaops.model.job import JobSpec
from orcaops.model.optimization import Mode
from orcaops.model.override import OptimizedField, Override
from orcaops.model.run import Cause, Phase, PhaseName, Run, Status, Usage
from tests.improving.test_optimizations import MIB, START


def run(
    number: int,
    *,
    held: int = 100,
    seconds: float = 10.0,
    cause: Cause = Cause.SUCCESS,
    cpu: float = 5.0,
    **spec: object,
) -> Run:
    known: dict[str, object] = {"command": ["true"], "image": "i", "memory": 512 * MIB}
    asked = JobSpec.model_validate(known | spec)
    at = START + timedelta(hours=number)
    return Run(
        job_id=f"j{number}",
        key="name:n",
        status=Status.SUCCEEDED if cause is Cause.SUCCESS else Status.FAILED,
        cause=cause,
        submitted_at=at,
        started_at=at,
        finished_at=at + timedelta(seconds=seconds),
        duration_s=seconds,
        requested=asked,
        effective=asked,
        image_digest="sha256:a",
        phases={PhaseName.PULL: Phase(started_at=at, duration_s=3.0)},
        usage=Usage(
            cpu_seconds=cpu,
            memory_resident_bytes=held * MIB,
            memory_resident_basis="exact",
            memory_peak_bytes=held * MIB,
        ),
    )


def found(runs: list[Run], field: OptimizedField, **more: object) -> Proposal | None:
    past = Past(runs=list(reversed(runs)), **more)  # type: ignore[arg-type]
    return next((each for each in propose(past) if each.field is field), None)


def test_a_memory_limit_is_lowered_by_steps() -> None:
    proposal = found([run(n, held=90 + n % 5) for n in range(30)], OptimizedField.MEMORY)
    assert proposal is not None
    assert (proposal.own, proposal.before, proposal.after) == (512 * MIB, 512 * MIB, 368 * MIB)
    assert proposal.target == 112 * MIB
    assert proposal.counterfactual == {"runs": 30, "would_have_been_killed": 0, "largest": 94 * MIB}
    assert proposal.promised.amount == pytest.approx((512 - 368) / 1024 * 10 / 3600)


def test_the_next_step_begins_from_what_is_kept() -> None:
    runs = [run(n, held=90 + n % 5) for n in range(30)]
    proposal = found(runs, OptimizedField.MEMORY, in_force={OptimizedField.MEMORY: 368 * MIB})
    assert proposal is not None
    assert (proposal.own, proposal.before, proposal.after) == (512 * MIB, 368 * MIB, 272 * MIB)


def test_a_job_run_once_a_month_is_left_alone() -> None:
    monthly = [run(n * 30 * 24) for n in range(30)]
    assert found(recent(list(reversed(monthly)))[::-1], OptimizedField.MEMORY) is None
    assert len(recent([run(n) for n in reversed(range(30))])) == 30


def test_too_few_runs_say_nothing() -> None:
    assert found([run(n) for n in range(4)], OptimizedField.MEMORY) is None
    assert found([run(n) for n in range(5)], OptimizedField.MEMORY) is not None


def test_memory_that_grows_with_its_input_is_left_alone() -> None:
    assert found([run(n, held=50 + 2 * n) for n in range(40)], OptimizedField.MEMORY) is None


def test_of_two_regimes_the_larger_counts() -> None:
    proposal = found([run(n, held=300 if n % 3 == 0 else 40) for n in range(40)], OptimizedField.MEMORY)
    assert proposal is None or float(str(proposal.after)) > 300 * MIB


def test_a_job_that_needs_more_than_it_asks_for_is_not_lowered() -> None:
    runs = [run(n) for n in range(30)]
    runs[-3] = run(27, cause=Cause.OOM_KILLED)
    assert found(runs, OptimizedField.MEMORY) is None


def test_a_limit_that_its_user_is_changing_is_left_alone() -> None:
    runs = [run(n) for n in range(30)]
    runs[-2] = run(28, memory=256 * MIB)
    assert found(runs, OptimizedField.MEMORY) is None


def test_the_own_limit_of_a_changed_run_is_what_its_job_asked_for() -> None:
    override = Override(optimization_id="o", field=OptimizedField.MEMORY, own=512 * MIB, after=300 * MIB)
    changed = [run(n, memory=300 * MIB).changed(overrides=(override,)) for n in range(30)]
    assert Past(runs=changed).own(OptimizedField.MEMORY) == 512 * MIB


def test_a_timeout_is_lowered_only_where_it_is_far_too_long() -> None:
    runs = [run(n, timeout=3600) for n in range(25)]
    proposal = found(runs, OptimizedField.TIMEOUT)
    assert proposal is not None
    assert (proposal.after, proposal.target) == (2520.0, 70.0)
    assert found([run(n, timeout=120) for n in range(25)], OptimizedField.TIMEOUT) is None
    missing = found([run(n) for n in range(25)], OptimizedField.TIMEOUT)
    assert missing is not None
    assert (missing.own, asks(missing, [run(n) for n in range(25)])) == (None, "the job sets no timeout")


def test_cpus() -> None:
    proposal = found([run(n, cpus=4) for n in range(25)], OptimizedField.CPUS)
    assert proposal is not None
    assert (proposal.before, proposal.after) == (4, 2.8)
    throttled = [run(n, cpus=4) for n in range(25)]
    throttled = [
        each.changed(usage=each.usage.model_copy(update={"throttled_seconds": 3.0})) for each in throttled
    ]
    assert found(throttled, OptimizedField.CPUS) is None


def test_retries_only_for_what_is_not_the_works_own_fault() -> None:
    broken = [run(n, cause=Cause.COMMAND_FAILED if n % 4 == 0 else Cause.SUCCESS) for n in range(40)]
    assert found(broken, OptimizedField.RETRIES) is None
    flaky = found(broken, OptimizedField.RETRIES, flaky=True)
    assert flaky is not None
    assert flaky.flaky
    lost = [run(n, cause=Cause.INFRASTRUCTURE if n % 8 == 0 else Cause.SUCCESS) for n in range(40)]
    proposal = found(lost, OptimizedField.RETRIES)
    assert proposal is not None
    assert (proposal.after, proposal.flaky) == (1, False)


def test_no_retries_for_what_stays_broken() -> None:
    gone = [run(n, cause=Cause.IMAGE_UNAVAILABLE if n >= 30 else Cause.SUCCESS) for n in range(40)]
    assert found(gone, OptimizedField.RETRIES) is None


def test_pulling_always_the_same_image() -> None:
    same = [run(n, pull_policy="always") for n in range(25)]
    proposal = found(same, OptimizedField.PULL_POLICY)
    assert proposal is not None
    assert (proposal.after, proposal.promised.amount) == ("missing", 3.0)
    same[-1] = same[-1].changed(image_digest="sha256:b")
    assert found(same, OptimizedField.PULL_POLICY) is None


def test_who_has_to_be_asked() -> None:
    runs = [run(n, held=200) for n in range(30)]
    proposal = found(runs, OptimizedField.MEMORY)
    assert proposal is not None
    assert asks(proposal, runs) is None
    assert asks(proposal, runs[:19]) == "the job has 19 runs; 20 are needed to go on without asking"
    production = [runs[0].changed(labels={"env": "Prod"})]
    assert asks(proposal, production * 20) == "the job is labelled as production"
    second = found(
        [run(n) for n in range(30)], OptimizedField.MEMORY, in_force={OptimizedField.MEMORY: 300 * MIB}
    )
    assert second is not None
    assert "less than half" in (asks(second, runs) or "")
    assert starts_by_itself(Mode.AUTO, None)
    assert not starts_by_itself(Mode.AUTO, "because")
    assert not any(starts_by_itself(mode, None) for mode in (Mode.OFF, Mode.SUGGEST, Mode.APPROVE))
