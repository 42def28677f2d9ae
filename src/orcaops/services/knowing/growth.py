"""Growth: what the knowledge base does not explain yet, and what it could learn from that."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from orcaops.model.errors import not_found
from orcaops.model.identity import content_id
from orcaops.model.pattern import (
    FailurePattern,
    KnowledgeCoverage,
    PatternProposal,
    ProposalEdited,
    UnexplainedFailures,
)
from orcaops.recording.knowledge import Recurring, Seen
from orcaops.recording.logs.store import LogStore
from orcaops.recording.store import Store, Transaction
from orcaops.services.knowing.stored_logs import PassingLogs

if TYPE_CHECKING:
    from orcaops.learning.failures.knowledge import KnowledgeBase
    from orcaops.services.knowing.known_failures import KnowledgeBases

PASSING = 50
"""The latest different sets of telling lines of passing runs that a pattern is held against."""

STALE = timedelta(days=180)
_GROUPS, _IN_GROUP = 20, 50
_AT_ONCE = 500


class Growth:
    """Coverage, proposals, and the application of new knowledge to history."""

    def __init__(
        self, store: Store, logs: LogStore, knowledge: "KnowledgeBases", *, clock: Callable[[], datetime]
    ) -> None:
        self._store = store
        self._logs = logs
        self._knowledge = knowledge
        self._clock = clock
        self._settled: tuple[int, int] | None = None

    def coverage(self, workspace: str) -> KnowledgeCoverage:
        """What share of the failures is explained, by what, and the largest groups that are not."""
        with self._store.read() as transaction:
            failures, explained, silent, by_engine = transaction.diagnoses.counts(workspace)
            by_pattern = transaction.diagnoses.first_of(workspace)
            groups = transaction.diagnoses.recurring(workspace, least=1, limit=_GROUPS)
            firing = self.passing_hits(transaction, workspace)
            seen = transaction.diagnoses.seen(workspace)
            texts = self._texts(transaction, workspace, groups)
        return KnowledgeCoverage(
            failures=failures,
            explained=explained,
            share=round(explained / failures, 4) if failures else None,
            by_pattern=by_pattern,
            by_engine=by_engine,
            silent=silent,
            unexplained=tuple(
                UnexplainedFailures(
                    signature=group.signature,
                    text=texts.get(group.signature, ""),
                    count=group.count,
                    job_ids=group.latest,
                )
                for group in groups
            ),
            firing_on_passing=dict(sorted(firing.items(), key=lambda item: (-item[1], item[0]))),
            stale=tuple(its_id for its_id, each in sorted(seen.items()) if self.is_stale(each)),
        )

    def is_stale(self, seen: Seen) -> bool:
        """Whether a pattern explained something once, but nothing for half a year."""
        return self._clock() - seen.last_at > STALE

    def passing_hits(
        self, transaction: Transaction, workspace: str, among: "KnowledgeBase | None" = None
    ) -> dict[str, int]:
        """By pattern, how many of the latest sets of telling lines of passing runs show it."""
        base = among if among is not None else self._knowledge.of(workspace, transaction)[0]
        hits: dict[str, int] = {}
        for passed in transaction.evidence.passing(workspace, PASSING):
            for match in base.explain(enumerate(passed.lines)):
                if not match.catch_all:
                    hits[match.pattern.id] = hits.get(match.pattern.id, 0) + 1
        return hits

    def proposals(self, workspace: str) -> tuple[PatternProposal, ...]:
        """Failures that recur and that nothing explains, as patterns; the most frequent first."""
        printed = PassingLogs(self._store, self._logs, workspace)
        with self._store.read() as transaction:
            decided = {each.id: each for each in transaction.teachings.of(workspace, "proposal")}
            groups = transaction.diagnoses.recurring(workspace, least=_least(), limit=_GROUPS)
            passing = [line for one in transaction.evidence.passing(workspace, PASSING) for line in one.lines]
            found: list[PatternProposal] = []
            for group in groups:
                its_id = content_id("proposal", group.signature)
                state = decided.get(its_id)
                if group.circumstances < _least_circumstances() or (state and state.state == "dismissed"):
                    continue
                made = self._proposal(transaction, workspace, its_id, group, passing, printed)
                if made is not None:
                    found.append(_edited(made, state.record) if state else made)
        return tuple(found)

    def proposal(self, workspace: str, proposal_id: str) -> PatternProposal:
        """One proposal. Raises ``not_found``."""
        for each in self.proposals(workspace):
            if each.id == proposal_id:
                return each
        raise not_found(
            f"there is no open proposal {proposal_id[:130]!r}",
            where="proposal",
            hint="`orcaops kb proposals` lists them.",
        )

    def _proposal(
        self,
        transaction: Transaction,
        workspace: str,
        its_id: str,
        group: Recurring,
        passing: Sequence[str],
        printed: PassingLogs,
    ) -> PatternProposal | None:
        from orcaops.learning.failures.categories import shipped_categories
        from orcaops.learning.failures.proposals import draft

        failures = transaction.diagnoses.of_signature(workspace, group.signature, _IN_GROUP)
        evidence = transaction.evidence.find(workspace, [each.job_id for each in failures])
        lines = [[line.text for line in each.lines] for each in evidence.values() if each.lines]
        if len(lines) < _least():
            return None  # nothing was printed that a pattern could be made of
        named = [each.text for each in evidence.values() if each.lines]
        made, why = draft(lines, passing, named=named, printed=printed.holding)
        infrastructure = sum(each.infrastructure_probability for each in failures) / len(failures) >= 0.5
        return PatternProposal(
            id=its_id,
            signature=group.signature,
            title=made.title if made else failures[0].text[:120],
            category=shipped_categories().of("\n".join(made.examples) if made else failures[0].text),
            pattern=made.pattern if made else None,
            why=f"{group.count} failures, {group.circumstances} of them independent, that nothing explains"
            if made
            else why,
            infrastructure=infrastructure,
            examples=made.examples if made else tuple(some[0] for some in lines[:3]),
            occurrences=group.count,
            circumstances=group.circumstances,
            job_ids=group.latest,
        )

    def _texts(
        self, transaction: Transaction, workspace: str, groups: Sequence[Recurring]
    ) -> Mapping[str, str]:
        latest = transaction.diagnoses.find(workspace, [group.latest[0] for group in groups if group.latest])
        return {each.signature: each.text for each in latest.values()}

    def reapply(self, workspace: str, progress: Callable[[int, int], None] | None = None) -> int:
        """Apply what is known now to all failures of the past; returns how many were looked at again.

        ``progress`` gets how many are done, of how many. Whatever is left when it is interrupted is done by
        the next absorbing.
        """
        done = 0
        while True:
            with self._store.absorbing() as transaction:
                if transaction is None:
                    return done  # whoever absorbs now goes on with it
                count = self._apply(transaction, workspace)
                left = self._left(transaction, workspace) if progress is not None and count else 0
            done += count
            if progress is not None and count:
                progress(done, done + left)
            if count < _AT_ONCE:
                return done

    def settle(self, transaction: Transaction) -> bool:
        """A part of that for every workspace, when nothing is left to learn from; whether there is more."""
        latest = (transaction.decisions.latest(), transaction.diagnoses.latest_number())
        if latest == self._settled:
            return False
        more = False
        for workspace in transaction.runs.workspaces():
            more |= self._apply(transaction, workspace) == _AT_ONCE
        if not more:
            self._settled = latest
        return more

    def _left(self, transaction: Transaction, workspace: str) -> int:
        _, version = self._knowledge.of(workspace, transaction)
        return transaction.diagnoses.outdated_count(workspace, version)

    def _apply(self, transaction: Transaction, workspace: str) -> int:
        from orcaops.learning.failures.knowledge import shipped_version

        taught = transaction.teachings.version(workspace)
        version = f"{shipped_version()}-{taught}" if taught else shipped_version()
        outdated = transaction.diagnoses.outdated(workspace, version, _AT_ONCE)
        if not outdated:
            return 0
        from orcaops.learning.failures.evidence import patterns_in

        base, version = self._knowledge.of(workspace, transaction)
        evidence = transaction.evidence.find(workspace, [each.job_id for each in outdated])
        transaction.diagnoses.put_many(
            [
                each.model_copy(
                    update={
                        "patterns": patterns_in(evidence[each.job_id].lines, base)
                        if each.job_id in evidence
                        else each.patterns,
                        "knowledge": version,
                    }
                )
                for each in outdated
            ]
        )
        return len(outdated)


def _least() -> int:
    from orcaops.learning.failures.proposals import LEAST_FAILURES

    return LEAST_FAILURES


def _least_circumstances() -> int:
    from orcaops.learning.failures.proposals import LEAST_CIRCUMSTANCES

    return LEAST_CIRCUMSTANCES


def _edited(proposal: PatternProposal, record: Mapping[str, object]) -> PatternProposal:
    edits = ProposalEdited.from_stored(dict(record)).model_dump(exclude_none=True)
    return proposal.model_copy(update={**edits, "edited": True}) if edits else proposal


def as_pattern(proposal: PatternProposal) -> FailurePattern:
    """The pattern that accepting a proposal teaches."""
    return FailurePattern(
        id=f"learned.{proposal.id[:10]}",
        pattern=proposal.pattern or "",
        category=proposal.category,
        title=proposal.title,
        description=proposal.description,
        solutions=proposal.solutions,
        infrastructure=proposal.infrastructure,
        examples=proposal.examples,
        source="learned",
    )
