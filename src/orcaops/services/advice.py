"""Advice: what could be improved, what people decided about it, and what came of it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, Protocol

from orcaops.improving.dossier import IdleSandbox
from orcaops.improving.outcome import effect_of
from orcaops.improving.works import of_one_work
from orcaops.learning.loop import Absorbed
from orcaops.model.anomaly import Severity
from orcaops.model.decision import Decision
from orcaops.model.errors import conflict, invalid
from orcaops.model.identity import content_id
from orcaops.model.job import JobSpec
from orcaops.model.key import STEP_BEHIND, key_of
from orcaops.model.notice import Notice
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.model.recommendation import Effect, Nearly, Recommendation
from orcaops.model.run import Run
from orcaops.recording.store import Store, Transaction
from orcaops.services.absorbing.advising import RUNS, SANDBOXES, Advising
from orcaops.services.jobs import spec_to_rerun
from orcaops.services.signing import Signing

_STATES: Mapping[str, Literal["dismissed", "applied"]] = {"dismiss": "dismissed", "apply": "applied"}
"""What a recommendation becomes by a decision."""

_NEARLY = 10
_LOOKED_THROUGH = 200  # baselines, the latest first, that are looked through for keys that are nearly there

Launch = Callable[[JobSpec], Run]
"""Runs a job that teaches nothing, and returns its record; it may still be queued."""


class Applier(Protocol):
    """Carries changes out for somebody."""

    def __call__(self, recommendation: Recommendation, by: str) -> str | None:
        """Carry it out; a sentence on what was done, None if it cannot."""

    def decline(self, recommendation: Recommendation, by: str, reason: str) -> None:
        """Do not carry it out by itself either."""


class Advice:
    """Recommendations."""

    def __init__(
        self,
        store: Store,
        advising: Advising,
        *,
        launch: Launch,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
        appliers: Sequence[Applier] = (),
        idle_sandboxes: Callable[[str], Sequence[IdleSandbox]] = lambda _: (),
    ) -> None:
        self._store = store
        self._advising = advising
        self._launch = launch
        self._clock = clock
        self._signing = Signing(clock, new_id)
        self._appliers = appliers
        self._idle_sandboxes = idle_sandboxes

    def recommendations(
        self,
        workspace: str,
        *,
        state: str | None = "open",
        text: str = "",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Recommendation]:
        """Recommendations in a state (None: all) with ``text`` in their key, the most worthwhile first."""
        self._look_at_sandboxes(workspace)
        with self._store.read() as transaction:
            page = transaction.recommendations.page(
                workspace, state=state, text=text, limit=limit, cursor=cursor
            )
            items = tuple(_with_effect(transaction, each) for each in page.items)
        return page.model_copy(update={"items": items})

    def _look_at_sandboxes(self, workspace: str) -> None:
        """Sandboxes become idle while nothing happens: that is looked at when somebody wants to know.

        Written only where others are idle than those that stand there.
        """
        if self._store.unwritable is not None:
            return
        idle = self._idle_sandboxes(workspace)
        with self._store.read() as transaction:
            told = transaction.recommendations.of_key(workspace, SANDBOXES)
        ids = {each.sandbox_id for each in idle}
        if ids <= {each.field for each in told} and ids >= {e.field for e in told if e.state == "open"}:
            return
        with self._store.write() as transaction:
            self._advising.look_at_sandboxes(transaction, workspace, idle, self._clock())

    def recommendation(self, workspace: str, recommendation_id: str) -> Recommendation:
        """One recommendation; an applied one with what came of it. Raises ``not_found``."""
        with self._store.read() as transaction:
            return _with_effect(transaction, transaction.recommendations.get(workspace, recommendation_id))

    def nearly(self, workspace: str) -> list[Nearly]:
        """Jobs that run often enough to be advised soon, the nearest first."""
        with self._store.read() as transaction:
            known = transaction.baselines.page(workspace, limit=_LOOKED_THROUGH).items
        jobs = (each for each in known if STEP_BEHIND not in each.key)
        few = [(each, each.run_count - each.failure_count) for each in jobs]  # a new regime counts from anew
        few = [(each, have) for each, have in few if 1 <= have < each.needed]
        few.sort(key=lambda found: (found[0].needed - found[1], found[0].key))
        return [
            Nearly(key=each.key, workspace=each.workspace, have=have, need=each.needed)
            for each, have in few[:_NEARLY]
        ]

    def dismiss(self, workspace: str, recommendation_id: str, *, by: str, reason: str) -> Recommendation:
        """Say no to it. Raises ``not_found``, or ``invalid`` without a reason."""
        if not reason.strip():
            raise invalid("a dismissal says why", where="reason", hint="Give a sentence.")
        dismissed = self._decide(workspace, recommendation_id, "dismiss", by, reason)
        for applier in self._appliers:
            applier.decline(dismissed, by, reason)
        return dismissed

    def apply(self, workspace: str, recommendation_id: str, *, by: str) -> Recommendation:
        """Carry it out where OrcaOps can, and note that it applies from now on.

        Raises ``not_found``, or ``conflict`` where it is no longer what should be done.
        """
        found = self.recommendation(workspace, recommendation_id)
        done = next((said for applier in self._appliers if (said := applier(found, by)) is not None), None)
        return self._decide(
            workspace, recommendation_id, "apply", by, done or f"to be done by hand: {found.action}"
        )

    def try_out(self, workspace: str, recommendation_id: str, *, by: str) -> Recommendation:
        """Run the job once as proposed, and note what came of it; nothing is learned from that run.

        Raises ``not_found``; ``conflict`` where OrcaOps cannot do it by itself: the proposal is no single
        change of the job, or the job was given secrets or imported.
        """
        with self._store.read() as transaction:
            found = transaction.recommendations.get(workspace, recommendation_id)
            known = transaction.runs.latest_of_key(workspace, found.key, RUNS)
            _, runs = of_one_work([run for run in known if run.teaches])
        change = found.change
        if change is None or change.field not in _TRIABLE or not runs:
            raise conflict(
                "this proposal is nothing that OrcaOps can try by itself",
                where=recommendation_id,
                hint=f"Do it by hand: {found.action}",
            )
        spec = spec_to_rerun(runs[0])
        trial = JobSpec.model_validate({**spec.model_dump(), change.field: change.after})
        run = self._launch(trial)
        return self._decide(workspace, recommendation_id, "try", by, None, {"job_id": run.job_id})

    def tell(self, transaction: Transaction, runs: Sequence[Run], absorbed: Absorbed) -> None:  # noqa: ARG002
        """A step of absorbing: say once of a change that was applied that it did less than promised."""
        for workspace, key in {(run.workspace, run.key): None for run in runs if run.source == "local"}:
            for promised, decision in self._advising.applied(transaction, workspace, key):
                effect = _effect(transaction, promised, decision)
                if effect is not None and effect.verdict == "worse":
                    transaction.outbox.add([_disappointment(promised, effect, runs[-1])])

    def _decide(
        self,
        workspace: str,
        recommendation_id: str,
        verb: str,
        by: str,
        reason: str | None,
        details: Mapping[str, str] | None = None,
    ) -> Recommendation:
        with self._store.write() as transaction:
            found = transaction.recommendations.get(workspace, recommendation_id)
            kept = found.model_copy(update={"remark": None, "effect": None, "state": "open"})
            self._signing.sign(
                transaction,
                workspace,
                "recommendation",
                recommendation_id,
                verb,
                by=by,
                reason=reason,
                details={"recommendation": kept.model_dump(mode="json"), **(details or {})},
            )
            if verb in _STATES:
                transaction.recommendations.decide(workspace, recommendation_id, _STATES[verb])
            self._advising.look_again(transaction, workspace, found.key)
            return transaction.recommendations.get(workspace, recommendation_id)


_TRIABLE = frozenset({"image", "memory", "cpus", "timeout", "idle_timeout", "network"})


def _with_effect(transaction: Transaction, shown: Recommendation) -> Recommendation:
    """An applied recommendation with promised and realised side by side, as of now."""
    if shown.state != "applied":
        return shown
    decisions = transaction.decisions.about(shown.workspace, "recommendation", shown.id)
    applied = [decision for decision in decisions if decision.verb == "apply"]
    effect = _effect(transaction, shown, applied[-1]) if applied else None
    if effect is None:
        return shown
    remark = effect.sentence if effect.verdict == "worse" else shown.remark
    return shown.model_copy(update={"effect": effect, "remark": remark})


def _effect(transaction: Transaction, promised: Recommendation, decision: Decision) -> Effect | None:
    """The runs before the decision beside those after it; with another image they have another key."""
    workspace, number = decision.workspace, decision.after_number
    before = transaction.runs.latest_of_key(workspace, promised.key, RUNS, until=number)
    keys = {promised.key, _key_after(promised, before)}
    after = [
        run
        for key in sorted(keys)
        for run in transaction.runs.latest_of_key(workspace, key, RUNS)
        if run.number is not None and run.number > number and run.teaches and _changed(promised, run)
    ]
    return effect_of(promised, [run for run in before if run.teaches], after)


def _key_after(promised: Recommendation, before: Sequence[Run]) -> str:
    change = promised.change
    if change is None or change.field != "image" or not before or before[0].name is not None:
        return promised.key
    return key_of(image=str(change.after), command_line=before[0].command, name=None)


def _changed(promised: Recommendation, run: Run) -> bool:
    """Whether a run had the change: one on the old image is none of those after it."""
    change = promised.change
    return change is None or change.field != "image" or run.image == change.after


def _disappointment(promised: Recommendation, effect: Effect, latest: Run) -> Notice:
    return Notice(
        id=content_id("recommendation", promised.workspace, promised.id, "worse"),
        workspace=promised.workspace,
        severity=Severity.WARNING,
        title=f"Worse than promised: {promised.title}",
        body=effect.sentence,
        at=latest.finished_at or latest.submitted_at,
        subject="recommendation",
        subject_ids=(promised.id,),
        facts={"key": promised.key, "promised": effect.promised, "realised": effect.realised},
    )
