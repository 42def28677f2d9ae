"""Proposing: from the past of a job to changes that are proposed, and started where that needs nobody."""

import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from orcaops.improving.optimizations import Event
from orcaops.improving.policy import asks, starts_by_itself
from orcaops.improving.proposals import Past, Proposal, propose, recent
from orcaops.model.errors import OrcaError
from orcaops.model.identity import content_id
from orcaops.model.optimization import HistoryEntry, Mode, Optimization, State
from orcaops.model.override import Arm, OptimizedField
from orcaops.model.run import Run
from orcaops.recording.store import Transaction
from orcaops.services.moves import US, Moves, in_force

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
        past = Past(
            runs=recent(
                [run for run in latest[:PAST_RUNS] if run.trial is None or run.trial.arm is Arm.CONTROL]
            ),
            flaky=self._flaky(transaction, workspace, key),
            in_force=in_force(known),
        )
        if not past.runs:
            return
        by_id = {each.id: each for each in known}
        worth = set()
        try:
            found_now = list(propose(past))
        except Exception:
            log.exception("what could be tried for %s cannot be said", key)
            return
        for proposal in found_now:
            if modes[proposal.field] is Mode.OFF:
                continue
            chain = [each for each in known if each.field is proposal.field and each.state is State.KEPT]
            step = len(chain) + 1
            its_id = content_id("optimization", workspace, key, str(proposal.field), str(step))
            worth.add(its_id)
            why = asks(proposal, past.runs)
            found = self._put(transaction, by_id.get(its_id), proposal, workspace, key, its_id, step, why)
            if found is None:
                continue
            agreed = _agreed_before(chain, found)
            if agreed is not None:
                self._moves.move(
                    transaction,
                    found,
                    Event.APPROVE,
                    by=agreed,
                    reason=f"approved with step {step - 1}, up to this value",
                )
            elif starts_by_itself(modes[found.field], why):
                self._moves.move(
                    transaction, found, Event.APPROVE, by=US, reason="mode is auto, and the change is safe"
                )
        for each in known:
            if each.state is State.PROPOSED and each.id not in worth:
                reason = "it is no longer worth it"
                self._moves.move(transaction, each, Event.SUPERSEDE, by=US, reason=reason)

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


def _promises_more(known: Optimization, proposal: Proposal) -> bool:
    before = known.promised
    return before is None or proposal.promised.low >= _TWICE * max(before.low, 1e-12)


def _agreed_before(chain: Sequence[Optimization], found: Optimization) -> str | None:
    """Who approved an earlier step whose target this one does not go beyond."""
    for each in reversed(chain):
        person = each.approved_by if each.approved_by != US else None
        goes_on = isinstance(each.target, int | float) and isinstance(found.after, int | float)
        if person and goes_on and found.after >= each.target:  # type: ignore[operator]
            return person
    return None
