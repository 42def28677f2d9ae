"""Advice: what could be improved, and what people decided about it."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.learning.loop import Absorbed
from orcaops.model.decision import Decision
from orcaops.model.errors import OrcaError, invalid
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Run
from orcaops.recording.store import Store, Transaction

log = logging.getLogger(__name__)

_STATES: Mapping[str, Literal["dismissed", "applied"]] = {"dismiss": "dismissed", "apply": "applied"}
"""What a recommendation becomes by a decision."""

_RUNS = 50  # latest runs of a key that advisors look at


class Advice:
    """Recommendations."""

    def __init__(
        self,
        store: Store,
        advisors: Sequence[Advisor],
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._advisors = advisors
        self._clock = clock
        self._new_id = new_id

    def recommendations(
        self,
        workspace: str,
        *,
        state: str | None = "open",
        limit: int = DEFAULT_LIMIT,
        cursor: str | None = None,
    ) -> Page[Recommendation]:
        """Recommendations in a state (None: all), the most worthwhile first."""
        with self._store.read() as transaction:
            return transaction.recommendations.page(workspace, state=state, limit=limit, cursor=cursor)

    def recommendation(self, workspace: str, recommendation_id: str) -> Recommendation:
        """One recommendation. Raises ``not_found``."""
        with self._store.read() as transaction:
            return transaction.recommendations.get(workspace, recommendation_id)

    def dismiss(self, workspace: str, recommendation_id: str, *, by: str, reason: str) -> Recommendation:
        """Say no to it. Raises ``not_found``, or ``invalid`` without a reason."""
        if not reason.strip():
            raise invalid("a dismissal says why", where="reason", hint="Give a sentence.")
        return self._decide(workspace, recommendation_id, "dismiss", by, reason)

    def apply(self, workspace: str, recommendation_id: str, *, by: str) -> Recommendation:
        """Note that it has been applied, as of now. Raises ``not_found``."""
        return self._decide(workspace, recommendation_id, "apply", by, None)

    def follow(self, transaction: Transaction, runs: Sequence[Run], absorbed: Absorbed) -> None:  # noqa: ARG002
        """A step of absorbing and of relearning: look again at the keys that ran here.

        What is no longer worth proposing is withdrawn. Nothing could be changed about what was imported.
        """
        here = {
            (run.workspace, run.key): None
            for run in runs
            if run.source == "local" and any(advisor.concerns(run) for advisor in self._advisors)
        }
        for workspace, key in here:
            found = [
                self._as_decided(transaction, each) for each in self._advise(transaction, workspace, key)
            ]
            transaction.recommendations.put_many(found)
            transaction.recommendations.withdraw(workspace, key, [each.id for each in found])

    def _as_decided(self, transaction: Transaction, found: Recommendation) -> Recommendation:
        """The recommendation in the state that people gave it, also where it had been dropped to relearn."""
        decisions = transaction.decisions.about(found.workspace, "recommendation", found.id)
        return found.model_copy(update={"state": _STATES[decisions[-1].verb]}) if decisions else found

    def _advise(self, transaction: Transaction, workspace: str, key: str) -> list[Recommendation]:
        try:
            baseline = transaction.baselines.get(workspace, key)
        except OrcaError:
            return []  # all its runs were of a kind that teaches nothing
        latest = tuple(transaction.runs.latest_of_key(workspace, key, _RUNS))
        dossier = Dossier(workspace=workspace, key=key, at=self._clock(), baseline=baseline, runs=latest)
        found: list[Recommendation] = []
        for advisor in self._advisors:
            try:
                found.extend(advisor.advise(dossier))
            except Exception:
                log.exception("the advisor %s raised about %s and is passed over", advisor.name, key)
        return found

    def _decide(
        self, workspace: str, recommendation_id: str, verb: str, by: str, reason: str | None
    ) -> Recommendation:
        with self._store.write() as transaction:
            transaction.recommendations.get(workspace, recommendation_id)
            transaction.decisions.append(
                Decision(
                    id=self._new_id(),
                    workspace=workspace,
                    subject="recommendation",
                    subject_id=recommendation_id,
                    verb=verb,
                    by=by,
                    at=self._clock(),
                    reason=reason,
                    after_number=transaction.watermark(),
                )
            )
            transaction.recommendations.decide(workspace, recommendation_id, _STATES[verb])
            return transaction.recommendations.get(workspace, recommendation_id)
