"""Remediation: a proposed action, taken when somebody says so.

Nothing is ever done by itself. An action is taken once for a failed run; a limit is raised once in a row of
reruns (a job that takes whatever it is given is given no more), and no row has more than
:data:`MOST_IN_A_ROW` of them. What was done is a decision; how the new run ended counts for the solution.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Any

from orcaops.guarding.policy import Policy
from orcaops.model.debug import DebugAnalysis
from orcaops.model.decision import Decision
from orcaops.model.errors import OrcaError, conflict, forbidden
from orcaops.model.remedy import Action, Remedy, RemedyTaken
from orcaops.model.run import Run, Status
from orcaops.recording.store import Store, Transaction
from orcaops.services.failures import Failures
from orcaops.services.jobs import spec_to_rerun
from orcaops.services.signing import Signing

MOST_IN_A_ROW = 3
"""Reruns of reruns; further ones are for whoever looks at the job."""

Launch = Callable[..., Run]
"""Runs a specification under an idempotency key: see ``Jobs.submit`` and ``Jobs.run``."""

Clean = Callable[[], tuple[tuple[str, ...], int]]
"""Removes what OrcaOps keeps longer than it has to; tells what, and the bytes."""

_SUBJECT, _US = "remedy", "orcaops"
_LIMITS = frozenset({Action.RAISE_MEMORY, Action.RAISE_TIMEOUT})
_HELPED, _DID_NOT = "helped", "did_not_help"


class Remediation:
    """Takes proposed actions, and notes what came of them."""

    def __init__(
        self,
        store: Store,
        failures: Failures,
        *,
        launch: Launch,
        clean: Clean,
        policy: Policy,
        paused: Callable[[str], str | None],
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._failures = failures
        self._launch = launch
        self._clean = clean
        self._policy = policy
        self._paused = paused
        self._clock = clock
        self._signing = Signing(clock, new_id)

    def fix(self, workspace: str, job_id: str, action: Action | None = None, *, by: str) -> RemedyTaken:
        """Take a proposed action; without a name the only one that is allowed.

        Asked again after it was interrupted, it goes on with what was begun. Raises ``not_found``;
        ``invalid`` where nothing, something else or more than one is proposed; ``forbidden`` by policy;
        ``conflict`` where it was taken before, would be a loop, or an incident lasts; and what submitting
        raises.
        """
        analysis = self._failures.debug(workspace, job_id)
        remedy = _chosen(analysis, action)
        if remedy.job_id is not None:
            raise conflict(
                f"{remedy.action} was done before: {remedy.job_id} followed",
                where=job_id,
                hint=f"Look at it: orcaops debug {remedy.job_id}",
            )
        if not remedy.allowed:
            raise forbidden(
                f"{remedy.action} may not be done: {remedy.why_not}",
                where="policy.remediate",
                hint="Do it by hand, or let whoever runs this server allow it in [policy] remediate.",
            )
        reason = self._paused(workspace)
        if reason is not None:
            raise conflict(reason, where=job_id, hint=f"`orcaops jobs rerun {job_id}` runs it all the same.")
        decided, run = self._begin(workspace, job_id, remedy, analysis, by)
        removed, freed = self._clean() if remedy.action is Action.FREE_DISK else ((), 0)
        changes: dict[str, Any] = dict(decided.details["changes"])
        # Where this process dies now, the next attempt submits under the same key: the same run again.
        spec = spec_to_rerun(run).model_copy(update={**changes, "triggered_by": _trigger(remedy.action)})
        new = self._launch(spec, f"remedy-{decided.id}")
        with self._store.write() as transaction:
            told = {"job_id": new.job_id, "action": remedy.action, "solution_id": remedy.solution_id}
            self._signing.sign(transaction, workspace, _SUBJECT, job_id, "follow", by=by, details=told)
        return RemedyTaken(
            decision_id=decided.id,
            failed_job_id=job_id,
            action=remedy.action,
            by=decided.by,
            at=decided.at,
            why=decided.reason or "",
            before=remedy.before,
            after=remedy.after,
            solution_id=remedy.solution_id,
            job_id=new.job_id,
            status=new.status,
            removed=tuple(removed),
            freed_bytes=freed,
        )

    def _begin(
        self, workspace: str, job_id: str, remedy: Remedy, analysis: DebugAnalysis, by: str
    ) -> tuple[Decision, Run]:
        """Decide, or find what was decided and not yet done: a server then gives the same run to both.

        Without a server, two commands at the same moment may each run it.
        """
        with self._store.write() as transaction:
            run = transaction.runs.get_to_change(workspace, job_id)  # one at a time decides about it
            taken = transaction.decisions.about(workspace, _SUBJECT, job_id)
            for each in taken:
                if each.verb == "follow" and each.details.get("action") == remedy.action:
                    raise conflict(
                        f"{remedy.action} was done before: {each.details['job_id']} followed",
                        where=job_id,
                        hint=f"Look at it: orcaops debug {each.details['job_id']}",
                    )
            _check_row(remedy.action, list(_row(transaction, run)), job_id)
            begun = [
                each for each in taken if each.verb == "take" and each.details.get("action") == remedy.action
            ]
            if begun:
                return begun[-1], run
            from orcaops.services.explaining.proposed_remedies import changed_spec

            cause = analysis.likely_causes[0].title if analysis.likely_causes else analysis.summary
            details = {
                "action": remedy.action,
                "changes": changed_spec(run, analysis, remedy.action),
                "before": remedy.before,
                "after": remedy.after,
                "solution_id": remedy.solution_id,
            }
            return self._signing.sign(
                transaction, workspace, _SUBJECT, job_id, "take", by=by, reason=cause, details=details
            ), run

    def follow(self, transaction: Transaction, runs: Sequence[Run], _absorbed: object) -> None:
        """A step of absorbing: note how runs ended that follow from an action, once.

        A raised limit, a newer image and a retry are counted as every change is. That cleaning up went before
        is seen in no record, so it is counted here.
        """
        for run in runs:
            spec = run.requested
            if spec is None or spec.parent_job_id is None or run.source != "local":
                continue
            about = transaction.decisions.about(run.workspace, _SUBJECT, spec.parent_job_id)
            if any(each.verb == "end" and each.details.get("job_id") == run.job_id for each in about):
                continue
            for taken in about:
                if taken.verb == "take" and spec.triggered_by == _trigger(taken.details["action"]):
                    self._end(transaction, run, spec.parent_job_id, taken)

    def _end(self, transaction: Transaction, run: Run, failed: str, taken: Decision) -> None:
        ended = {"job_id": run.job_id, "status": run.status, "action": taken.details["action"]}
        self._signing.sign(transaction, run.workspace, _SUBJECT, failed, "end", by=_US, details=ended)
        solution = taken.details.get("solution_id")
        if taken.details["action"] == Action.FREE_DISK and solution is not None:
            verb = _HELPED if run.status is Status.SUCCEEDED else _DID_NOT
            told = {"job_id": failed}
            self._signing.sign(transaction, run.workspace, "solution", solution, verb, by=_US, details=told)


def _trigger(action: str) -> str:
    """By what a run that follows says that it was triggered: so its end is known for one even at once."""
    return f"remedy {action}"


def _chosen(analysis: DebugAnalysis, action: Action | None) -> Remedy:
    names = ", ".join(each.action for each in analysis.remedies)
    hint = f"Proposed for it: {names}." if names else "Nothing that OrcaOps could do is proposed for it."
    if action is not None:
        for each in analysis.remedies:
            if each.action is action:
                return each
        raise conflict(f"{action} does not fit this failure", where="action", hint=hint)
    allowed = [each for each in analysis.remedies if each.allowed]
    if len(allowed) == 1 or len(analysis.remedies) == 1:
        return (allowed or list(analysis.remedies))[0]
    what = f"{len(allowed)} actions are possible" if allowed else "there is nothing that may be done"
    raise conflict(f"{what} about {analysis.job_id}", where="action", hint=hint)


def _row(transaction: Transaction, run: Run) -> Iterator[Action]:
    """The actions from which a run follows, the latest first."""
    for _ in range(MOST_IN_A_ROW + 1):
        failed = run.requested.parent_job_id if run.requested is not None else None
        if failed is None:
            return
        for each in transaction.decisions.about(run.workspace, _SUBJECT, failed):
            if each.verb == "follow" and each.details.get("job_id") == run.job_id:
                yield Action(each.details["action"])
        try:
            run = transaction.runs.get(run.workspace, failed)
        except OrcaError:
            return  # its record is gone


def _check_row(action: Action, row: Sequence[Action], job_id: str) -> None:
    if action in _LIMITS and action in row:
        raise conflict(
            f"{job_id} was given more already, and took that too",
            where=job_id,
            hint="Find what takes it; what a limit should be is said by `orcaops predict`.",
        )
    if len(row) >= MOST_IN_A_ROW:
        raise conflict(
            f"{job_id} is the last of {len(row)} reruns that were to help",
            where=job_id,
            hint=f"Look at what they have in common: orcaops debug {job_id}",
        )
