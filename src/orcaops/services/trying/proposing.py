"""Proposing: from the past of a job to changes that are proposed, and started where that needs nobody."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from orcaops.improving import notices
from orcaops.improving.optimizations import Event
from orcaops.improving.policy import asks, starts_by_itself
from orcaops.improving.proposals import Past, Proposal, propose, recent
from orcaops.improving.works import of_one_work
from orcaops.model.errors import OrcaError
from orcaops.model.identity import content_id
from orcaops.model.optimization import ASKING, HistoryEntry, Mode, Optimization, State
from orcaops.model.override import Arm, OptimizedField
from orcaops.model.run import Run
from orcaops.recording.store import Transaction
from orcaops.services.trying.moves import US, Moves, in_force

log = logging.getLogger(__name__)

PAST_RUNS = 100
"""Runs of a key that a proposal rests on."""

_EVERY = 5  # runs of a key between two looks at what could be proposed
_TWICE = 2.0  # a rejected change is proposed again when it promises so many times as much


class Proposing:
    """Looks at the past of a job for what is worth trying."""

    def __init__(self, moves: Moves, *, clock: Callable[[], datetime]) -> None:
        self._moves = moves
        self._clock = clock

    def due(self, transaction: Transaction, workspace: str, key: str, new: Sequence[Run]) -> bool:
        """Whether it is time to look for proposals: at every fifth run of a job."""
        try:
            count = transaction.baselines.get(workspace, key).run_count
        except OrcaError:
            return False
        return count % _EVERY < len(new)

    def propose(
        self,
        transaction: Transaction,
        workspace: str,
        key: str,
        known: Sequence[Optimization],
        latest: Sequence[Run],
        modes: Mapping[OptimizedField, Mode],
    ) -> None:
        """Propose what the latest runs of a key suggest, and take back what they no longer do."""
        past = self.past(transaction, workspace, key, known, latest)
        if not past.runs:
            return
        unwanted = {
            each.change.field
            for each in transaction.recommendations.of_key(workspace, key)
            if each.state == "dismissed" and each.change is not None
        }
        by_id = {each.id: each for each in known}
        worth = set()
        try:
            found_now = list(propose(past))
        except Exception:
            log.exception("what could be tried for %s cannot be said", key)
            return
        for proposal in found_now:
            if modes[proposal.field] is Mode.OFF or str(proposal.field) in unwanted:
                continue
            chain, its_id = place_of(workspace, key, proposal.field, known)
            worth.add(its_id)
            why = asks(proposal, past.runs)
            found = self._put(
                transaction, by_id.get(its_id), proposal, workspace, key, its_id, len(chain) + 1, why
            )
            if found is None:
                continue
            agreed = _agreed_before(chain, found)
            if agreed is not None:
                self._moves.move(
                    transaction,
                    found,
                    Event.APPROVE,
                    by=agreed,
                    reason=f"approved with step {len(chain)}, up to this value",
                )
            elif starts_by_itself(modes[found.field], why):
                self._moves.move(
                    transaction, found, Event.APPROVE, by=US, reason="mode is auto, and the change is safe"
                )
            elif modes[found.field] in ASKING:
                transaction.outbox.add([notices.waits(found)])
        for each in known:
            if each.state is State.PROPOSED and each.id not in worth:
                no = "its recommendation was dismissed"
                reason = no if str(each.field) in unwanted else "it is no longer worth it"
                self._moves.move(transaction, each, Event.SUPERSEDE, by=US, reason=reason)

    def past(
        self,
        transaction: Transaction,
        workspace: str,
        key: str,
        known: Sequence[Optimization],
        latest: Sequence[Run],
    ) -> Past:
        """What a proposal about a key rests on: its latest runs without candidates, and what is in force."""
        plain = [run for run in latest[:PAST_RUNS] if run.trial is None or run.trial.arm is Arm.CONTROL]
        work, runs = of_one_work(recent(plain))
        return Past(
            runs=runs,
            work=work,
            flaky=self._flaky(transaction, workspace, key),
            in_force=in_force(known, work),
        )

    def asked_for(
        self,
        transaction: Transaction,
        workspace: str,
        key: str,
        proposal: Proposal,
        known: Sequence[Optimization],
    ) -> Optimization | None:
        """Put up a change that a person asked for; None where one of the same field is being tried or kept.

        What rests after a rollback, or was rejected, is proposed again: a person knows more.
        """
        chain, its_id = place_of(workspace, key, proposal.field, known)
        found = next((each for each in known if each.id == its_id), None)
        if found is not None and found.state.ended:
            found = found.changed(quarantine_runs=0, promised=None)
        return self._put(
            transaction, found, proposal, workspace, key, its_id, len(chain) + 1, "a person asked for it"
        )

    def _put(
        self,
        transaction: Transaction,
        known: Optimization | None,
        proposal: Proposal,
        workspace: str,
        key: str,
        its_id: str,
        step: int,
        why: str | None,
    ) -> Optimization | None:
        """The proposal as a change in state proposed; None where it cannot be one now."""
        content: dict[str, Any] = {
            "title": proposal.title,
            "reason": proposal.reason,
            "asks": why,
            "own": proposal.own,
            "before": proposal.before,
            "after": proposal.after,
            "target": proposal.target,
            "flaky": proposal.flaky,
            "busy": proposal.busy,
            "work": proposal.work,
            "promised": proposal.promised,
            "counterfactual": proposal.counterfactual,
        }
        at = self._clock()
        if known is None:
            line = HistoryEntry(at=at, by=US, event="propose", state=State.PROPOSED, reason=proposal.reason)
            new = Optimization(
                id=its_id,
                workspace=workspace,
                key=key,
                field=proposal.field,
                step=step,
                proposed_at=at,
                changed_at=at,
                history=(line,),
                **content,
            )
            transaction.optimizations.put_many([new])
            self._moves.sign(transaction, new, "propose", US, proposal.reason)
            return new
        if known.state is State.PROPOSED:
            refreshed = known.changed(**content)
            if refreshed != known:
                transaction.optimizations.put_many([refreshed])
            return refreshed
        if not known.state.ended or known.quarantine_runs:
            return None
        if known.state is State.REJECTED and not _promises_more(known, proposal):
            return None
        return self._moves.move(
            transaction,
            known.changed(**content, proposed_at=at),
            Event.PROPOSE,
            by=US,
            reason=proposal.reason,
        )

    def _flaky(self, transaction: Transaction, workspace: str, key: str) -> bool:
        filters = {"type": "flaky", "key": key, "open": "true"}
        return bool(transaction.anomalies.page(workspace, filters=filters, limit=1).items)


def place_of(
    workspace: str, key: str, field: OptimizedField, known: Sequence[Optimization]
) -> tuple[list[Optimization], str]:
    """The kept steps of a field of a job, and the id of the step after them."""
    chain = [each for each in known if each.field is field and each.state is State.KEPT]
    return chain, content_id("optimization", workspace, key, str(field), str(len(chain) + 1))


def _promises_more(known: Optimization, proposal: Proposal) -> bool:
    before = known.promised
    return before is None or proposal.promised.low >= _TWICE * max(before.low, 1e-12)


def _agreed_before(chain: Sequence[Optimization], found: Optimization) -> str | None:
    """Who approved an earlier step whose target this one does not go beyond."""
    for each in reversed(chain):
        person = each.approved_by if each.approved_by != US else None
        goes_on = isinstance(each.target, int | float) and isinstance(found.after, int | float)
        if person and each.work == found.work and goes_on and found.after >= each.target:  # type: ignore[operator]
            return person
    return None
