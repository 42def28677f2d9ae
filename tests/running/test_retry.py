"""Retry: only what ran out is changed, and nothing goes on for ever."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.model.job import JobSpec
from orcaops.model.override import OptimizedField, Override
from orcaops.model.run import Cause, Run, Status
from orcaops.running.retry import MOST_ATTEMPTS, NextAttempt, next_attempt

AT = datetime(2026, 1, 1, tzinfo=UTC)
MEMORY, TIMEOUT = OptimizedField.MEMORY, OptimizedField.TIMEOUT
LOWERED = Override(optimization_id="o", field=MEMORY, own=512, after=256)


def ended(cause: Cause, *, attempt: int = 1, overrides: tuple[Override, ...] = (), **spec: object) -> Run:
    asked = JobSpec.model_validate({"command": ["true"], **spec})
    return Run(
        job_id="j",
        key="k",
        status=Status.FAILED,
        cause=cause,
        submitted_at=AT,
        started_at=None if cause is Cause.INFRASTRUCTURE else AT,
        requested=asked,
        effective=asked,
        attempt=attempt,
        overrides=overrides,
    )


def test_a_limit_that_we_lowered_is_the_jobs_own_again() -> None:
    found = next_attempt(ended(Cause.OOM_KILLED, memory=256, overrides=(LOWERED,)), [])
    assert found is not None
    assert (found.changes, found.restored) == ({MEMORY: 512}, {MEMORY})
    assert "lowered from 512 B" in found.reason


def test_a_kill_for_another_reason_keeps_our_limit() -> None:
    assert next_attempt(ended(Cause.TIMEOUT_TOTAL, timeout=5, overrides=(LOWERED,)), []) is None


def test_a_start_that_was_refused_is_tried_without_overrides() -> None:
    found = next_attempt(ended(Cause.INFRASTRUCTURE, memory=256, overrides=(LOWERED,)), [])
    assert found is not None
    assert found.changes == {MEMORY: 512}


def test_an_own_limit_is_raised_only_where_that_is_set_and_once() -> None:
    killed = ended(Cause.OOM_KILLED, memory=100, cpus=1)
    assert next_attempt(killed, []) is None
    found = next_attempt(killed, [], raise_to=4)
    assert found is not None
    assert found.changes == {MEMORY: 200}, "only what ran out"
    again = ended(Cause.OOM_KILLED, memory=200, attempt=2)
    assert next_attempt(again, [killed], raise_to=4) is None, "it takes whatever it is given"
    assert next_attempt(killed, [], raise_to=4, ceilings={MEMORY: 100}) is None
    capped = next_attempt(killed, [], raise_to=1.5)
    assert capped is not None
    assert capped.changes == {MEMORY: 150}


def test_infrastructure_is_tried_again_as_often_as_asked() -> None:
    lost = ended(Cause.ENGINE_LOST, retries=2)
    first = next_attempt(lost, [])
    assert first is not None
    assert (first.changes, first.delay_s) == ({}, 0.5)
    second = next_attempt(lost.changed(attempt=2), [lost])
    assert second is not None
    assert second.delay_s == 1.0
    assert next_attempt(lost.changed(attempt=3), [lost, lost]) is None
    assert next_attempt(ended(Cause.ENGINE_LOST), []) is None


@pytest.mark.parametrize("flaky", [True, False])
def test_a_failing_command_is_tried_again_only_if_it_is_known_to_be_flaky(flaky: bool) -> None:
    override = Override(optimization_id="o", field=OptimizedField.RETRIES, after=1, flaky=flaky)
    failed = ended(Cause.COMMAND_FAILED, retries=1, overrides=(override,))
    assert (next_attempt(failed, []) is not None) is flaky


@pytest.mark.parametrize("cause", [Cause.SUCCESS, Cause.CANCELLED, Cause.COMMAND_FAILED, Cause.POLICY_DENIED])
def test_what_stands(cause: Cause) -> None:
    assert next_attempt(ended(cause, retries=5), [], raise_to=16) is None


@given(st.lists(st.sampled_from(list(Cause)), max_size=30), st.floats(1, 16), st.integers(0, 5))
def test_nothing_goes_on_for_ever(causes: list[Cause], raise_to: float, retries: int) -> None:
    earlier: list[Run] = []
    spec: dict[str, object] = {"memory": 256, "timeout": 60, "retries": retries}
    overrides = (LOWERED,)
    for number, cause in enumerate(causes, 1):
        run = ended(cause, attempt=number, overrides=overrides, **spec)
        found: NextAttempt | None = next_attempt(run, earlier, raise_to=raise_to)
        if found is None:
            return
        assert number < MOST_ATTEMPTS
        for name, value in found.changes.items():
            spec[str(name)] = value
        overrides = tuple(each for each in overrides if each.field not in found.restored)
        earlier.append(run)
