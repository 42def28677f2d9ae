"""Overrides: laid over a job, within all limits, and taken away without a trace."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.improving.overrides import Laid, assign, laid_over, lay, lifted
from orcaops.model.job import JobSpec
from orcaops.model.optimization import Mode, Optimization, State
from orcaops.model.override import Arm, OptimizedField, Override, Value
from tests.improving.test_optimizations import MIB, change

FIELDS = OptimizedField


def job(**more: object) -> JobSpec:
    return JobSpec.model_validate({"command": ["true"], "image": "i", "memory": 512 * MIB, **more})


def put(
    spec: JobSpec,
    *changes: Optimization,
    mode: Mode = Mode.SUGGEST,
    ceilings: dict[OptimizedField, Value] | None = None,
    job_id: str = "j",
    flying: bool = False,
    work: str | None = None,
) -> Laid:
    modes = dict.fromkeys(OptimizedField, mode)
    return lay(
        spec,
        changes,
        modes,
        job_id=job_id,
        ceilings=ceilings or {},
        in_flight=lambda _: flying,
        work=work,
    )


def test_a_kept_change_is_in_force_for_every_run_and_the_job_is_not_edited() -> None:
    spec = job()
    laid = put(
        spec, change(state=State.KEPT, realised={"amount": 1, "low": 0, "high": 2, "unit": "u", "runs": 9})
    )
    assert (laid.spec.memory, spec.memory, laid.trial) == (368 * MIB, 512 * MIB, None)
    (override,) = laid.overrides
    assert (override.own, override.after, override.lowers) == (512 * MIB, 368 * MIB, True)
    assert lifted(laid.spec, laid.overrides) == spec


def test_what_is_not_in_force_changes_nothing() -> None:
    for state in (State.PROPOSED, State.APPROVED, State.PAUSED, State.ROLLED_BACK, State.REJECTED):
        assert put(job(), change(state=state, share=0.0)) == Laid(job())
    kept = change(state=State.KEPT, share=1.0)
    assert put(job(), kept, mode=Mode.OFF) == Laid(job())


def test_a_user_who_asks_for_another_limit_wins_at_once() -> None:
    laid = put(job(memory=300 * MIB), change(state=State.CANARY, share=1.0))
    assert laid.spec.memory == 300 * MIB
    assert not laid.overrides
    assert [each.id for each in laid.superseded] == ["o1"]


@pytest.mark.parametrize("state", [State.CANARY, State.KEPT])
def test_what_was_learned_of_one_work_is_not_laid_over_another(state: State) -> None:
    learned = change(state=state, share=1.0, work="image:i|command:true")
    assert put(job(), learned, work="image:i|command:true").overrides
    assert put(job(), learned, work="image:i|command:false") == Laid(job())
    assert put(job(memory=300 * MIB), learned, work="image:i|command:false").superseded == ()


def test_a_policy_stands_above_what_was_approved() -> None:
    raising = change(state=State.KEPT, after=900 * MIB, approved_by="ann", share=1.0)
    assert put(job(), raising).overrides
    assert not put(job(), raising, ceilings={FIELDS.MEMORY: 800 * MIB}).overrides
    assert not put(job(), raising.changed(approved_by="orcaops")).overrides, "only people raise limits"


def test_the_second_step_is_compared_with_the_first() -> None:
    measured = {"amount": 1, "low": 0, "high": 2, "unit": "u", "runs": 9}
    first = change(state=State.KEPT, realised=measured)
    second = change(id="o2", step=2, state=State.HALF, share=0.5, before=368 * MIB, after=272 * MIB)
    control = put(job(), first, second)
    assert (control.spec.memory, control.overrides[0].optimization_id) == (368 * MIB, "o1")
    candidate = put(job(), first, control.changed[0])
    assert (candidate.spec.memory, candidate.overrides[0].optimization_id) == (272 * MIB, "o2")
    assert candidate.overrides[0].own == 512 * MIB


@pytest.mark.parametrize(("share", "every"), [(0.1, 10), (0.2, 5), (0.5, 2)])
def test_candidates_are_interleaved(share: float, every: int) -> None:
    found = change(state=State.HALF, share=share)
    arms = []
    for number in range(60):
        found = assign(found, f"j{number}", lambda _: False)
        arms.append(found.last_candidate == f"j{number}")
    assert [place for place, candidate in enumerate(arms) if candidate] == list(range(every - 1, 60, every))


def test_a_canary_has_one_candidate_at_a_time() -> None:
    found = change(state=State.CANARY, share=0.2, assigned=4, last_candidate="before")
    waiting = put(job(), found, flying=True)
    assert waiting.trial is not None
    assert (waiting.trial.arm, waiting.overrides) == (Arm.CONTROL, ())
    freed = put(job(), waiting.changed[0], flying=False)
    assert freed.trial is not None
    assert freed.trial.arm is Arm.CANDIDATE


VALUES = st.one_of(st.none(), st.integers(min_value=64 * MIB, max_value=4096 * MIB))
CHANGES = st.builds(
    change,
    state=st.sampled_from(list(State)),
    own=VALUES,
    after=st.integers(min_value=64 * MIB, max_value=4096 * MIB),
    share=st.sampled_from([0.1, 0.2, 0.5, 0.9, 1.0]),
    assigned=st.integers(min_value=0, max_value=30),
    approved_by=st.sampled_from([None, "orcaops", "ann"]),
)


@given(VALUES, CHANGES, st.one_of(st.none(), st.integers(min_value=64 * MIB, max_value=4096 * MIB)))
def test_nothing_goes_beyond_a_policy_or_by_itself_above_the_job(
    own: int | None, found: Optimization, ceiling: int | None
) -> None:
    if found.approved_by is None:
        found = found.changed(approved_by="orcaops")
    if ceiling is not None and own is not None:
        own = min(own, ceiling)  # a job above it is refused before
    spec = job(memory=own)
    laid = put(spec, found, ceilings={FIELDS.MEMORY: ceiling})
    now = laid.spec.memory
    assert ceiling is None or now is None or now <= max(ceiling, own or 0)
    if own is not None and found.approved_by == "orcaops":
        assert now is not None
        assert now <= own
    assert lifted(laid.spec, laid.overrides) == spec, "a rollback restores exactly"
    assert laid_over(spec, laid.overrides) == laid.spec


@given(st.lists(st.sampled_from(list(OptimizedField)), unique=True), st.floats(1, 1e6), st.integers(1, 2**40))
def test_lifting_restores_whatever_was_laid(names: list[OptimizedField], seconds: float, size: int) -> None:
    spec = job(timeout=math.floor(seconds) + 1.0, retries=None)
    values: dict[OptimizedField, Value] = {
        FIELDS.TIMEOUT: 5.0,
        FIELDS.MEMORY: size,
        FIELDS.CPUS: 0.5,
        FIELDS.PULL_POLICY: "missing",
        FIELDS.RETRIES: 1,
    }
    overrides = [
        Override(optimization_id="o", field=name, own=getattr(spec, name), after=values[name])
        for name in names
    ]
    assert lifted(laid_over(spec, overrides), overrides) == spec
