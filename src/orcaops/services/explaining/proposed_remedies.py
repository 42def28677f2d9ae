"""Proposed remedies: what OrcaOps itself could do about a failure, and whether it may. Pure.

Only what fits the end of the run is proposed: a retry for infrastructure and never for code, a limit raised
that ran out, and what an advised solution asks for.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from orcaops.guarding.policy import Policy, check
from orcaops.learning.failures.evidence import THE_JOB
from orcaops.model.debug import DebugAnalysis, SuggestedFix
from orcaops.model.errors import OrcaError
from orcaops.model.job import JobSpec
from orcaops.model.quantities import show_duration, show_size
from orcaops.model.remedy import Action, Remedy
from orcaops.model.run import Cause, Run
from orcaops.services.explaining.suggested_fixes import doubled


def with_remedies(
    analysis: DebugAnalysis, run: Run, policy: Policy, taken: Mapping[str, str] | None = None
) -> DebugAnalysis:
    """The explanation of a failed run with what could be done about it.

    ``taken`` are the actions that were taken already, each with the run that followed.
    """
    remedies = tuple(_proposed(analysis, run, policy, taken or {}))
    return analysis.model_copy(update={"remedies": remedies})


def changed_spec(run: Run, analysis: DebugAnalysis, action: Action) -> dict[str, Any]:
    """The fields of the job's specification that an action changes, with their new values."""
    limits = run.effective
    if action is Action.RAISE_MEMORY and limits is not None and limits.memory:
        learned = _learned(analysis, "memory", limits.memory)
        return {"memory": int(learned) if learned is not None else doubled(limits.memory)}
    if action is Action.RAISE_TIMEOUT and limits is not None and limits.timeout:
        learned = _learned(analysis, "timeout", limits.timeout)
        return {"timeout": learned if learned is not None else 2 * limits.timeout}
    return {"pull_policy": "always"} if action is Action.PULL_AGAIN else {}


def _proposed(
    analysis: DebugAnalysis, run: Run, policy: Policy, taken: Mapping[str, str]
) -> Iterator[Remedy]:
    spec = run.requested
    if spec is None or not run.status.final:
        return
    asked: dict[Action, SuggestedFix] = {}
    for fix in analysis.suggested_fixes:
        if fix.remedy is not None and (fix.remedy not in asked or asked[fix.remedy].solution_id is None):
            asked[fix.remedy] = fix
    for action, fix in asked.items():
        if not _fits(action, run, analysis):
            continue
        changes = changed_spec(run, analysis, action)
        why_not = _refusal(action, run, spec, changes, policy)
        if action in taken:
            why_not = f"it was done before: {taken[action]} followed"
        before, after, does = _told(action, run, changes)
        yield Remedy(
            action=action,
            does=does,
            before=before,
            after=after,
            solution_id=fix.solution_id,
            allowed=why_not is None,
            why_not=why_not,
            job_id=taken.get(action),
        )


def _fits(action: Action, run: Run, analysis: DebugAnalysis) -> bool:
    limits = run.effective
    match action:
        case Action.RETRY:
            origin = analysis.origin
            return origin is not None and origin.infrastructure and run.cause not in THE_JOB
        case Action.RAISE_MEMORY:
            return run.cause is Cause.OOM_KILLED and limits is not None and bool(limits.memory)
        case Action.RAISE_TIMEOUT:
            return run.cause is Cause.TIMEOUT_TOTAL and limits is not None and bool(limits.timeout)
        case Action.PULL_AGAIN:
            return run.image is not None
        case Action.FREE_DISK:
            return True


def _refusal(action: Action, run: Run, spec: JobSpec, changes: dict[str, Any], policy: Policy) -> str | None:
    if run.masked:
        return "the job was given secrets, which are not kept: submit it anew with them"
    if action not in policy.remediate:
        return f'the policy does not allow it: policy.remediate lacks "{action}"'
    try:
        check(policy, spec.model_copy(update=changes))
    except OrcaError as error:
        return error.message
    return None


def _told(action: Action, run: Run, changes: dict[str, Any]) -> tuple[str | None, str | None, str]:
    limits = run.effective
    if "memory" in changes and limits is not None and limits.memory:
        before, after = show_size(limits.memory), show_size(changes["memory"])
        return before, after, f"run it again with {after} of memory instead of {before}"
    if "timeout" in changes and limits is not None and limits.timeout:
        before, after = show_duration(limits.timeout), show_duration(changes["timeout"])
        return before, after, f"run it again with a timeout of {after} instead of {before}"
    if action is Action.PULL_AGAIN:
        return run.image_digest, None, f"look for a newer image {run.image}, then run it again"
    if action is Action.FREE_DISK:
        return None, None, "remove what OrcaOps keeps longer than it has to (orcaops gc), then run it again"
    return None, None, "run it again as it was asked for"


def _learned(analysis: DebugAnalysis, kind: str, current: float) -> float | None:
    """The value to which a limit was raised when that ended such failures, if it is more than it is now."""
    for fix in analysis.suggested_fixes:
        if fix.change is not None and fix.change.kind == kind and fix.change.after is not None:
            value = float(fix.change.after)
            if value > current:
                return value
    return None
