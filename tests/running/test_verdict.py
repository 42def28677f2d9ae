"""From an outcome to a status and one cause."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from orcaops.model.job import JobSpec
from orcaops.model.run import Cause, Status
from orcaops.running.executor import Failure, HaltReason, Outcome
from orcaops.running.verdict import judge

SPEC = JobSpec(command=("true",), timeout=300, idle_timeout=60, memory="64m")


@pytest.mark.parametrize(
    ("outcome", "halted", "status", "cause"),
    [
        (Outcome(exit_code=0), None, Status.SUCCEEDED, Cause.SUCCESS),
        (Outcome(exit_code=137), None, Status.FAILED, Cause.COMMAND_FAILED),
        (Outcome(signal=9), None, Status.FAILED, Cause.COMMAND_FAILED),
        (Outcome(signal=9, oom_killed=True), None, Status.FAILED, Cause.OOM_KILLED),
        (Outcome(exit_code=1, oom_killed=True), None, Status.FAILED, Cause.OOM_KILLED),
        (Outcome(exit_code=0, oom_killed=True), None, Status.SUCCEEDED, Cause.SUCCESS),
        (Outcome(exit_code=0), HaltReason.CANCELLED, Status.CANCELLED, Cause.CANCELLED),
        (Outcome(signal=15), HaltReason.TIMEOUT_TOTAL, Status.TIMED_OUT, Cause.TIMEOUT_TOTAL),
        (Outcome(signal=9), HaltReason.TIMEOUT_IDLE, Status.TIMED_OUT, Cause.TIMEOUT_IDLE),
        (Outcome(), HaltReason.CANCELLED, Status.CANCELLED, Cause.CANCELLED),
        (Outcome(failure=Failure.ENGINE_LOST), HaltReason.CANCELLED, Status.LOST, Cause.ENGINE_LOST),
        (Outcome(failure=Failure.IMAGE_UNAVAILABLE), None, Status.FAILED, Cause.IMAGE_UNAVAILABLE),
        (Outcome(failure=Failure.INFRASTRUCTURE, exit_code=0), None, Status.FAILED, Cause.INFRASTRUCTURE),
        (Outcome(), None, Status.FAILED, Cause.INFRASTRUCTURE),
    ],
)
def test_every_end_has_its_cause(
    outcome: Outcome, halted: HaltReason | None, status: Status, cause: Cause
) -> None:
    verdict = judge(outcome, halted, SPEC)
    assert (verdict.status, verdict.cause) == (status, cause)


def test_a_timeout_says_which_and_how_long() -> None:
    total = judge(Outcome(signal=15), HaltReason.TIMEOUT_TOTAL, SPEC).message
    idle = judge(Outcome(signal=15), HaltReason.TIMEOUT_IDLE, SPEC).message
    assert total is not None
    assert "5 min" in total
    assert idle is not None
    assert "1 min" in idle


def test_out_of_memory_names_the_limit() -> None:
    message = judge(Outcome(signal=9, oom_killed=True), None, SPEC).message
    assert message is not None
    assert "64.0 MiB" in message


outcomes = st.builds(
    Outcome,
    exit_code=st.none() | st.integers(0, 255),
    signal=st.none() | st.integers(1, 64),
    oom_killed=st.booleans(),
    failure=st.none() | st.sampled_from(list(Failure)),
)


@given(outcomes, st.none() | st.sampled_from(list(HaltReason)))
def test_every_verdict_is_final_and_success_is_only_exit_0(
    outcome: Outcome, halted: HaltReason | None
) -> None:
    verdict = judge(outcome, halted, SPEC)
    assert verdict.status.final
    success = verdict.cause is Cause.SUCCESS
    assert success == (verdict.status is Status.SUCCEEDED)
    if success:
        assert outcome.exit_code == 0
        assert halted is None
    if verdict.cause is Cause.OOM_KILLED:
        assert outcome.oom_killed, "never guessed from 137"
