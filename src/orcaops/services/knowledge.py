"""Knowledge: the door to the failures that are known: looked up, taught, proposed, carried elsewhere.

Shipped patterns are the same for all; what is taught belongs to a workspace. Whatever is taught or accepted
is a decision: it stays when opinions are dropped, and it is applied to history at once.
"""

import re
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TYPE_CHECKING

from orcaops.model.debug import PastFailure, PatternMatch
from orcaops.model.errors import OrcaError, conflict, invalid, not_found
from orcaops.model.pattern import (
    MOST_TAUGHT,
    FailurePattern,
    KnowledgeCoverage,
    KnowledgeDocument,
    KnowledgeImported,
    PatternProposal,
    PatternTaught,
    ProposalEdited,
)
from orcaops.model.query import DEFAULT_LIMIT, Page
from orcaops.model.solution import Effect, Solution, SolutionTaught, TaughtSolution
from orcaops.recording.knowledge import Teaching
from orcaops.recording.logs.store import LogStore
from orcaops.recording.redaction import Redactor
from orcaops.recording.store import Store, Transaction
from orcaops.services.knowing.growth import Growth, as_pattern
from orcaops.services.knowing.likeness import Likeness
from orcaops.services.knowing.remedies import Remedies
from orcaops.services.knowing.stored_logs import FailingLogs
from orcaops.services.signing import Signing

if TYPE_CHECKING:
    from orcaops.services.knowing.known_failures import KnowledgeBases

Progress = Callable[[int, int], None]
"""Gets how many past failures have been looked at again, of how many."""

_NOT_IN_AN_ID = re.compile(r"[^a-z0-9]+")


class Knowledge:
    """What is known of failures in a workspace."""

    def __init__(
        self,
        store: Store,
        logs: LogStore,
        bases: "KnowledgeBases",
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._bases = bases
        self._clock = clock
        self._signing = Signing(clock, new_id)
        self._redactor = Redactor()
        self._remedies = Remedies(store, bases, clock=clock, new_id=new_id)
        self._growth = Growth(store, logs, bases, clock=clock)
        self._failing = FailingLogs(store, logs)
        self._likeness = Likeness(store)

    @property
    def remedies(self) -> Remedies:
        """What other services ask about solutions, in a transaction of theirs."""
        return self._remedies

    @property
    def growth(self) -> Growth:
        """What other services ask about passing runs, and the absorber's last step."""
        return self._growth

    def patterns(
        self, workspace: str, *, text: str = "", limit: int = DEFAULT_LIMIT, cursor: str | None = None
    ) -> Page[FailurePattern]:
        """Known failures by id; ``text`` is a part of the id, the category, the title or the source.

        Raises ``not_found`` for a cursor that is of no page.
        """
        part = text.casefold()
        with self._store.read() as transaction:
            base, _ = self._bases.of(workspace, transaction)
            every = sorted(base.patterns, key=lambda pattern: pattern.id)
            if cursor is not None and all(pattern.id != cursor for pattern in every):
                raise not_found(
                    "this list has no page at this cursor",
                    where="cursor",
                    hint="Pass next_cursor of the previous page, or leave it out to start anew.",
                )
            chosen = [
                pattern
                for pattern in every
                if part in f"{pattern.id} {pattern.category} {pattern.title} {pattern.source}".casefold()
            ]
            rest = [pattern for pattern in chosen if cursor is None or pattern.id > cursor]
            items = self._counted(transaction, workspace, rest[:limit])
        return Page[FailurePattern](
            items=tuple(items),
            next_cursor=rest[limit - 1].id if len(rest) > limit else None,
            total=len(chosen),
        )

    def pattern(self, workspace: str, pattern_id: str) -> FailurePattern:
        """One known failure, counted. Raises ``not_found``."""
        with self._store.read() as transaction:
            base, _ = self._bases.of(workspace, transaction)
            return self._counted(transaction, workspace, [base.get(pattern_id)])[0]

    def _counted(
        self, transaction: Transaction, workspace: str, patterns: list[FailurePattern]
    ) -> list[FailurePattern]:
        seen = transaction.diagnoses.seen(workspace, [pattern.id for pattern in patterns])
        hits = self._growth.passing_hits(transaction, workspace)
        return [
            pattern.model_copy(
                update={
                    "occurrences": one.count if one else 0,
                    "last_seen": one.last_at if one else None,
                    "passing_hits": hits.get(pattern.id, 0),
                    "stale": one is not None and self._growth.is_stale(one),
                }
            )
            if (one := seen.get(pattern.id)) or pattern.id in hits
            else pattern
            for pattern in patterns
        ]

    def solutions(self, workspace: str, pattern_id: str) -> tuple[Solution, ...]:
        """The solutions of a known failure with how often each helped, best first. Raises ``not_found``."""
        with self._store.read() as transaction:
            base, _ = self._bases.of(workspace, transaction)
            return self._remedies.of_pattern(transaction, workspace, base.get(pattern_id))

    def match(self, workspace: str, chunks: Iterable[bytes]) -> tuple[PatternMatch, ...]:
        """The known failures in a text given in pieces, each where it is found first, in their order.

        The specific ones; where there is none, those that say only that something failed.
        """
        from orcaops.services.knowing.quoting import matches_in

        return matches_in(self._bases.of(workspace)[0], chunks)

    def teach(
        self, workspace: str, taught: PatternTaught, *, by: str, progress: Progress | None = None
    ) -> FailurePattern:
        """Teach a pattern, or change one that was taught; it is applied to past failures at once.

        Secrets in its texts are masked. Raises ``invalid`` for an expression that cannot be used, that
        matches ordinary lines, or that does not match an example, and for a place in a text that nothing
        fills; ``conflict`` for the id of a shipped one.
        """
        from orcaops.learning.failures.expressions import check_places

        check_places(taught.pattern, _filled_texts(taught))
        its_id = (
            taught.id or f"taught.{_NOT_IN_AN_ID.sub('-', taught.title.casefold()).strip('-')[:60] or 'x'}"
        )
        given = taught.model_dump(exclude={"id"})
        return self._teach(workspace, FailurePattern(id=its_id, source="taught", **given), by, progress)

    def _teach(
        self, workspace: str, pattern: FailurePattern, by: str, progress: Progress | None = None
    ) -> FailurePattern:
        made = self._checked(pattern)
        # Before it counts: whoever looks at history again then finds what the logs hold.
        self._failing.look_for(workspace, [made], progress)
        with self._store.write() as transaction:
            self._keep(transaction, workspace, made, by)
        self._growth.reapply(workspace, progress)
        return self.pattern(workspace, made.id)

    def _checked(self, pattern: FailurePattern) -> FailurePattern:
        """The pattern with secrets masked. Raises ``invalid`` or ``conflict``."""
        from orcaops.learning.failures.expressions import check_size

        if any(one.id == pattern.id for one in self._bases.shipped.patterns):
            raise conflict(
                f"{pattern.id} is a shipped pattern",
                where="id",
                hint="Choose another id; a solution can be added to a shipped pattern with its own id.",
            )
        hidden = self._redactor.text
        if hidden(pattern.pattern) != pattern.pattern:
            raise invalid(
                "the expression holds what looks like a secret",
                where="pattern",
                hint="Write what stands around it, and \\S+ for the secret itself.",
            )
        made = pattern.model_copy(
            update={
                "title": hidden(pattern.title),
                "description": hidden(pattern.description),
                "solutions": tuple(map(hidden, pattern.solutions)),
                "examples": tuple(map(hidden, pattern.examples)),
                "counter_examples": tuple(map(hidden, pattern.counter_examples)),
                "occurrences": 0,
                "last_seen": None,
                "passing_hits": 0,
                "stale": False,
            }
        )
        if not made.examples:
            raise invalid("a pattern has an example", where="examples", hint="Give a line that it matches.")
        check_size(made.pattern, where="pattern")
        self._bases.shipped.teach(made)
        return made

    def _keep(self, transaction: Transaction, workspace: str, pattern: FailurePattern, by: str) -> None:
        known = {each.id for each in transaction.teachings.of(workspace, "pattern")}
        if pattern.id not in known and len(known) >= MOST_TAUGHT:
            raise invalid(
                f"{MOST_TAUGHT} patterns have been taught already",
                where="pattern",
                hint="`orcaops kb forget ID` lets go of one; `orcaops kb coverage` names stale ones.",
            )
        record = pattern.model_dump(mode="json")
        transaction.teachings.put(Teaching(workspace, "pattern", pattern.id, "active", record))
        self._signing.sign(transaction, workspace, "pattern", pattern.id, "teach", by=by, details=record)

    def forget(self, workspace: str, pattern_id: str, *, by: str, reason: str | None = None) -> None:
        """Let go of a pattern that was taught; past failures are looked at again. Raises ``not_found``."""
        with self._store.write() as transaction:
            if not transaction.teachings.remove(workspace, "pattern", pattern_id):
                raise not_found(
                    f"no pattern {pattern_id!r} has been taught here",
                    where="pattern",
                    hint="`orcaops kb list taught` lists those that were; shipped ones stay.",
                )
            self._signing.sign(transaction, workspace, "pattern", pattern_id, "forget", by=by, reason=reason)
        self._growth.reapply(workspace)

    def teach_solution(self, workspace: str, given: SolutionTaught, *, by: str) -> Solution:
        """Keep advice for a pattern or a signature. Raises ``not_found``."""
        return self._remedies.teach(workspace, given, by)

    def feedback(
        self,
        workspace: str,
        solution_id: str,
        *,
        helped: bool,
        by: str,
        job_id: str | None = None,
        note: str | None = None,
    ) -> Effect:
        """Note that a solution helped, or did not; of one person about one job the last word counts.

        Returns what people have said of it so far. Raises ``not_found``.
        """
        return self._remedies.feedback(workspace, solution_id, helped=helped, by=by, job_id=job_id, note=note)

    def coverage(self, workspace: str, progress: Progress | None = None) -> KnowledgeCoverage:
        """What share of the failures is explained, by what, and the largest groups that are not."""
        self._growth.reapply(workspace, progress)
        return self._growth.coverage(workspace)

    def proposals(self, workspace: str) -> tuple[PatternProposal, ...]:
        """Failures that recur and that nothing explains, as patterns that a person may accept."""
        return self._growth.proposals(workspace)

    def accept(
        self, workspace: str, proposal_id: str, *, by: str, progress: Progress | None = None
    ) -> FailurePattern:
        """Make a proposal a pattern. Raises ``not_found``, or ``invalid`` where it has no expression yet."""
        proposal = self._growth.proposal(workspace, proposal_id)
        if proposal.pattern is None:
            raise invalid(
                f"this proposal has no expression: {proposal.why}",
                where="pattern",
                hint=f"Give it one: orcaops kb edit {proposal_id} --pattern RE",
            )
        made = self._checked(as_pattern(proposal))
        self._failing.look_for(workspace, [made], progress)
        with self._store.write() as transaction:
            self._keep(transaction, workspace, made, by)
            self._signing.sign(
                transaction, workspace, "proposal", proposal_id, "accept", by=by, details={"pattern": made.id}
            )
        self._growth.reapply(workspace, progress)
        return self.pattern(workspace, made.id)

    def dismiss(self, workspace: str, proposal_id: str, *, by: str, reason: str) -> PatternProposal:
        """Say no to a proposal: it is not made again. Raises ``not_found``; ``invalid`` without a reason."""
        if not reason.strip():
            raise invalid("a dismissal says why", where="reason", hint="Give a sentence.")
        proposal = self._growth.proposal(workspace, proposal_id)
        with self._store.write() as transaction:
            transaction.teachings.put(Teaching(workspace, "proposal", proposal_id, "dismissed", {}))
            self._signing.sign(
                transaction, workspace, "proposal", proposal_id, "dismiss", by=by, reason=reason
            )
        return proposal

    def edit(self, workspace: str, proposal_id: str, edits: ProposalEdited, *, by: str) -> PatternProposal:
        """Change a proposal before it is accepted. Raises ``not_found``; ``invalid`` for a bad expression."""
        proposal = self._growth.proposal(workspace, proposal_id)
        changed = proposal.model_copy(update=edits.model_dump(exclude_none=True))
        if edits.pattern is not None:
            self._checked(as_pattern(changed))
        if changed.pattern is not None:
            from orcaops.learning.failures.expressions import check_places

            check_places(changed.pattern, _filled_texts(edits))
        with self._store.write() as transaction:
            before = {each.id: each.record for each in transaction.teachings.of(workspace, "proposal")}
            record = {**before.get(proposal_id, {}), **edits.model_dump(mode="json", exclude_none=True)}
            transaction.teachings.put(Teaching(workspace, "proposal", proposal_id, "open", record))
            self._signing.sign(transaction, workspace, "proposal", proposal_id, "edit", by=by, details=record)
        return self._growth.proposal(workspace, proposal_id)

    def similar(self, workspace: str, job_id: str, *, limit: int = 4) -> tuple[PastFailure, ...]:
        """Earlier failures of any key that are the same or read alike, and the success that ended each.

        Raises ``not_found`` for a job that is not known.
        """
        with self._store.read() as transaction:
            transaction.runs.get(workspace, job_id)
            return self._likeness.of(transaction, workspace, job_id, limit=limit)

    def export(self, workspace: str) -> KnowledgeDocument:
        """What was taught here, to be carried elsewhere."""
        with self._store.read() as transaction:
            return KnowledgeDocument(
                patterns=tuple(
                    FailurePattern.from_stored(dict(each.record))
                    for each in transaction.teachings.of(workspace, "pattern")
                ),
                solutions=tuple(
                    TaughtSolution.from_stored(dict(each.record))
                    for each in transaction.teachings.of(workspace, "solution")
                ),
            )

    def import_(
        self, workspace: str, document: KnowledgeDocument, *, by: str, progress: Progress | None = None
    ) -> KnowledgeImported:
        """Teach what was taught elsewhere; the same twice adds nothing, and what cannot be used is named."""
        problems: list[str] = []
        patterns = solutions = known = 0
        here = self.export(workspace)
        had = {pattern.id: pattern for pattern in here.patterns}
        given = {(one.pattern_id, one.signature, one.text) for one in here.solutions}
        usable: list[FailurePattern] = []
        for pattern in document.patterns:
            source = "learned" if pattern.source == "learned" else "taught"
            try:
                made = self._checked(pattern.model_copy(update={"source": source}))
            except OrcaError as error:
                problems.append(f"pattern {pattern.id}: {error.message}")
                continue
            if had.get(made.id) == made:
                known += 1
            else:
                usable.append(made)
        if usable:
            self._failing.look_for(workspace, usable, progress)
        for made in usable:
            try:
                with self._store.write() as transaction:
                    self._keep(transaction, workspace, made, by)
                patterns += 1
            except OrcaError as error:
                problems.append(f"pattern {made.id}: {error.message}")
        for solution in document.solutions:
            if (solution.pattern_id, solution.signature, solution.text) in given:
                known += 1
                continue
            try:
                self._remedies.teach(workspace, solution, by)
                solutions += 1
            except OrcaError as error:
                problems.append(f"solution {solution.text[:60]!r}: {error.message}")
        if patterns:
            self._growth.reapply(workspace, progress)
        return KnowledgeImported(
            patterns=patterns, solutions=solutions, known=known, problems=tuple(problems[:100])
        )


def _filled_texts(given: PatternTaught | ProposalEdited) -> dict[str, tuple[str, ...]]:
    """The texts that captures fill, as far as a person gave them."""
    return {
        "title": (given.title or "",),
        "description": (given.description or "",),
        "solutions": given.solutions or (),
    }
