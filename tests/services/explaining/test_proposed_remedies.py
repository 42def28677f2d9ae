"""What OrcaOps could do about a failure: only what fits its end, each once, and why it may not."""

import pytest

from orcaops.guarding.policy import Policy
from orcaops.learning.failures.classification import Classification
from orcaops.model.debug import DebugAnalysis
from orcaops.model.job import JobSpec
from orcaops.model.quantities import MIB
from orcaops.model.remedy import Action, Remedy
from orcaops.model.run import Cause, Run, Status
from orcaops.model.solution import Atom, Effect, Solution
from orcaops.services.explaining.debugging import explain
from orcaops.services.explaining.proposed_remedies import changed_spec, with_remedies

from .conftest import CODE, INFRASTRUCTURE, findings, run_of

ANYTHING = Policy(remediate=tuple(Action))
RESET = ("curl: (56) Recv failure: Connection reset by peer",)


def explained(run: Run, lines: tuple[str, ...] = (), classed: Classification = CODE) -> DebugAnalysis:
    return explain(findings(run, lines, classification=classed))


def proposed(run: Run, analysis: DebugAnalysis, policy: Policy = ANYTHING, **taken: str) -> list[Remedy]:
    done = {Action(action): job_id for action, job_id in taken.items()}
    return list(with_remedies(analysis, run, policy, done).remedies)


def test_a_limit_that_ran_out_is_doubled_or_raised_to_what_helped() -> None:
    run = run_of(cause=Cause.OOM_KILLED, exit_code=137)
    analysis = explained(run)
    [remedy] = proposed(run, analysis)
    assert (remedy.action, remedy.before, remedy.after, remedy.allowed) == (
        Action.RAISE_MEMORY,
        "512 MiB",
        "1.0 GiB",
        True,
    )
    helped = Solution(
        id="s1",
        text="Raise memory from 512 MiB to 768 MiB",
        source="learned",
        action="raise_memory",
        standing="suggested",
        effect=Effect(n=3, helped=3),
        change=Atom(kind="memory", before=str(512 * MIB), after=str(768 * MIB)),
    )
    known = explain(findings(run, learned=[helped]))
    assert changed_spec(run, known, Action.RAISE_MEMORY) == {"memory": 768 * MIB}


def test_a_timeout_is_doubled() -> None:
    spec = JobSpec(command=("make",), timeout=30)
    run = run_of(
        status=Status.TIMED_OUT, cause=Cause.TIMEOUT_TOTAL, exit_code=None, requested=spec, effective=spec
    )
    [remedy] = proposed(run, explained(run))
    assert (remedy.action, remedy.before, remedy.after) == (Action.RAISE_TIMEOUT, "30.0 s", "1 min")


def test_a_retry_is_for_infrastructure_and_never_for_what_the_engine_blames_the_job_for() -> None:
    run = run_of()
    [remedy] = proposed(run, explained(run, RESET, INFRASTRUCTURE))
    assert remedy.action is Action.RETRY
    assert proposed(run, explained(run, RESET, CODE)) == []
    blamed = run_of(cause=Cause.OOM_KILLED, exit_code=137)
    assert Action.RETRY not in {
        one.action for one in proposed(blamed, explained(blamed, RESET, INFRASTRUCTURE))
    }


def test_what_the_policy_does_not_name_is_shown_with_the_reason() -> None:
    run = run_of()
    [remedy] = proposed(run, explained(run, RESET, INFRASTRUCTURE), Policy())
    assert not remedy.allowed
    assert remedy.why_not == 'the policy does not allow it: policy.remediate lacks "retry"'


def test_what_was_done_is_not_done_again() -> None:
    run = run_of()
    [remedy] = proposed(run, explained(run, RESET, INFRASTRUCTURE), retry="later")
    assert (remedy.allowed, remedy.job_id) == (False, "later")
    assert remedy.why_not == "it was done before: later followed"


@pytest.mark.parametrize("lacking", [{"requested": None}, {"status": Status.RUNNING, "cause": None}])
def test_a_run_that_cannot_be_asked_for_again_has_none(lacking: dict[str, object]) -> None:
    analysis = explained(run_of(), RESET, INFRASTRUCTURE)
    assert proposed(run_of(**lacking), analysis) == []


def test_secrets_are_not_kept_so_the_job_cannot_be_run_again() -> None:
    run = run_of(masked=True)
    analysis = explained(run_of(), RESET, INFRASTRUCTURE)
    [remedy] = proposed(run, analysis)
    assert "secrets" in (remedy.why_not or "")
