"""Remedies: which solutions there are for a failure, and how often each was followed by success."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from orcaops.model.decision import Decision
from orcaops.model.diagnosis import Diagnosis
from orcaops.model.errors import invalid, not_found
from orcaops.model.identity import content_id
from orcaops.model.pattern import MOST_TAUGHT, FailurePattern
from orcaops.model.run import Run
from orcaops.model.solution import MEASURED, Atom, Effect, Solution, SolutionTaught, Tally, TaughtSolution
from orcaops.recording.knowledge import Teaching
from orcaops.recording.redaction import Redactor
from orcaops.recording.store import Store, Transaction
from orcaops.services.signing import Signing

if TYPE_CHECKING:
    from orcaops.learning.failures.solutions import Counting, Ranked
    from orcaops.services.knowing.known_failures import KnowledgeBases

_TRIALS = 500
_MOST_LEARNED = 8
_HELPED, _DID_NOT = "helped", "did_not_help"


def solution_id(pattern_id: str, text: str) -> str:
    """The id of a pattern's solution: it follows from its text, placeholders and all."""
    return content_id("solution", pattern_id, text)


class Remedies:
    """Solutions and what is known of them."""

    def __init__(
        self,
        store: Store,
        knowledge: "KnowledgeBases",
        *,
        clock: Callable[[], datetime],
        new_id: Callable[[], str],
    ) -> None:
        self._store = store
        self._knowledge = knowledge
        self._clock = clock
        self._signing = Signing(clock, new_id)
        self._redactor = Redactor()

    def of_pattern(
        self, transaction: Transaction, workspace: str, pattern: FailurePattern, texts: Sequence[str] = ()
    ) -> tuple[Solution, ...]:
        """The solutions of a pattern, best first; ``texts`` are the pattern's own, filled from a match."""
        from orcaops.learning.failures import solutions as counting
        from orcaops.learning.failures.fixes import follows

        now = self._clock()
        trials = transaction.diagnoses.trials_of(workspace, pattern_id=pattern.id, limit=_TRIALS)
        retried = counting.count(trials, category=pattern.category, now=now).get("retry", counting.Counting())
        shown = list(texts) if len(texts) == len(pattern.solutions) else list(pattern.solutions)
        given = [
            (solution_id(pattern.id, text), said, "shipped" if pattern.source == "shipped" else "taught")
            for text, said in zip(pattern.solutions, shown, strict=True)
        ]
        given += [
            (each.id, each.text, "taught")
            for each in self._taught(transaction, workspace)
            if each.pattern_id == pattern.id
        ]
        found: list[Solution] = []
        for its_id, text, source in given:
            own = counting.Counting()
            for trial in trials:
                if follows(text, trial.atoms):
                    share = counting.age_weight(trial.at, now) / max(1, len(trial.atoms))
                    own.add(trial.helped, share, trial.circumstance)
            said = self._said(transaction, workspace, its_id)
            found.append(_solution(its_id, text, source, own, said, retried, pattern_id=pattern.id))
        return tuple(
            sorted(found, key=lambda one: -(one.effect.rate if one.effect.rate is not None else 1 / 3))
        )

    def of_failure(
        self, transaction: Transaction, failure: Diagnosis, run: Run | None = None
    ) -> tuple[tuple[Solution, ...], Effect]:
        """What was learned to end such failures, best first, and what trying again is worth.

        ``run`` is the failed run, so that limits are told as they would be for it.
        """
        from orcaops.learning.failures import solutions as counting

        now = self._clock()
        workspace, signature = failure.workspace, failure.signature
        here = transaction.diagnoses
        own = here.trials_of(workspace, signature=signature, limit=_TRIALS)
        family = [
            trial
            for trial in here.trials_of(workspace, family=failure.family, limit=_TRIALS)
            if trial.signature != signature
        ]
        keys = {atom.key for trial in (*own, *family) for atom in trial.atoms}
        given = {
            key: said
            for key in sorted(keys)
            if (said := self._said(transaction, workspace, counting.learned_id(signature, key))).n
        }
        ranked, retry = counting.rank(
            own, family, category=failure.family, now=now, given=given, seed=failure.job_id
        )
        taught = [
            _solution(
                each.id,
                each.text,
                "taught",
                counting.Counting(),
                self._said(transaction, workspace, each.id),
                counting.Counting(),
                signature=signature,
            )
            for each in self._taught(transaction, workspace)
            if each.signature == signature
        ]
        learned = [_learned(one, signature, retry, run) for one in ranked[:_MOST_LEARNED]]
        return (*taught, *learned), retry

    def teach(self, workspace: str, given: SolutionTaught, by: str) -> Solution:
        """Keep advice that a person gives. Raises ``not_found`` for a pattern that is not known."""
        from orcaops.learning.failures.solutions import Counting

        text = self._redactor.text(given.text)
        subject = given.pattern_id or given.signature or ""
        made = TaughtSolution(
            id=content_id("taught", subject, text),
            workspace=workspace,
            text=text,
            pattern_id=given.pattern_id,
            signature=given.signature,
        )
        with self._store.write() as transaction:
            if made.pattern_id is not None:
                self._knowledge.of(workspace, transaction)[0].get(made.pattern_id)
            elif not transaction.diagnoses.of_signature(workspace, made.signature or "", 1):
                raise not_found(
                    "no failure has this signature",
                    where="signature",
                    hint="`orcaops debug JOB --json` tells the signature of a failure.",
                )
            if len(transaction.teachings.of(workspace, "solution")) >= MOST_TAUGHT:
                raise invalid(f"there are {MOST_TAUGHT} taught solutions already", where="solutions")
            transaction.teachings.put(
                Teaching(workspace, "solution", made.id, "active", made.model_dump(mode="json"))
            )
            self._signing.sign(
                transaction, workspace, "solution", made.id, "teach", by=by, details={"text": made.text}
            )
            said = self._said(transaction, workspace, made.id)
        none = Counting()
        return _solution(
            made.id, text, "taught", none, said, none, pattern_id=made.pattern_id, signature=made.signature
        )

    def feedback(
        self, workspace: str, its_id: str, *, helped: bool, by: str, job_id: str | None, note: str | None
    ) -> Effect:
        """Note whether a solution helped; of one person about one job the last word counts.

        Raises ``not_found`` for a solution or a job that is not known.
        """
        from orcaops.learning.failures.solutions import Counting, effect_of

        with self._store.write() as transaction:
            if job_id is not None:
                transaction.runs.get(workspace, job_id)
            if not self._known(transaction, workspace, its_id, job_id):
                raise not_found(
                    f"there is no solution {its_id[:130]!r}",
                    where="solution",
                    hint="`orcaops debug JOB --json` and `orcaops kb show PATTERN` name solutions; for one "
                    "that was learned name the job too.",
                )
            verb = _HELPED if helped else _DID_NOT
            details = {"job_id": job_id} if job_id else {}
            said = self._redactor.text(note) if note else None
            self._signing.sign(
                transaction, workspace, "solution", its_id, verb, by=by, reason=said, details=details
            )
            return effect_of(Counting(), None, self._said(transaction, workspace, its_id))

    def _known(self, transaction: Transaction, workspace: str, its_id: str, job_id: str | None) -> bool:
        """Whether this is a pattern's solution, a taught one, or one learned from failures like the job's."""
        from orcaops.learning.failures.solutions import learned_id

        if any(each.id == its_id for each in self._taught(transaction, workspace)):
            return True
        if transaction.decisions.about(workspace, "solution", its_id):
            return True
        base, _ = self._knowledge.of(workspace, transaction)
        if any(
            solution_id(pattern.id, text) == its_id for pattern in base.patterns for text in pattern.solutions
        ):
            return True
        if job_id is None:
            return False
        failure = transaction.diagnoses.find(workspace, [job_id]).get(job_id)
        if failure is None:
            return False
        trials = transaction.diagnoses.trials_of(workspace, family=failure.family, limit=_TRIALS)
        keys = {atom.key for trial in trials for atom in trial.atoms}
        return any(learned_id(failure.signature, key) == its_id for key in keys)

    def _taught(self, transaction: Transaction, workspace: str) -> Iterable[TaughtSolution]:
        return [
            TaughtSolution.from_stored(dict(each.record))
            for each in transaction.teachings.of(workspace, "solution")
        ]

    def _said(self, transaction: Transaction, workspace: str, its_id: str) -> Tally:
        """What people said of a solution: of one person about one job the last word."""
        from orcaops.learning.failures.solutions import FEEDBACK, age_weight

        last: dict[tuple[str, str], Decision] = {}
        for decision in transaction.decisions.about(workspace, "solution", its_id):
            if decision.verb in (_HELPED, _DID_NOT):
                last[decision.by, str(decision.details.get("job_id") or decision.id)] = decision
        now = self._clock()
        helped = [FEEDBACK * age_weight(one.at, now) for one in last.values() if one.verb == _HELPED]
        failed = [FEEDBACK * age_weight(one.at, now) for one in last.values() if one.verb == _DID_NOT]
        return Tally(successes=sum(helped), failures=sum(failed), n=len(last), helped=len(helped))


def _solution(
    its_id: str,
    text: str,
    source: str,
    own: "Counting",
    said: Tally,
    retried: "Counting",
    *,
    pattern_id: str | None = None,
    signature: str | None = None,
) -> Solution:
    from orcaops.learning.failures import solutions as counting

    effect = counting.effect_of(own, None, said)
    retry = counting.posterior(retried)
    return Solution.model_validate(
        {
            "id": its_id,
            "text": text,
            "source": source,
            "pattern_id": pattern_id,
            "signature": signature,
            "action": action_of(text),
            "standing": counting.standing_of(own, retry, counting.posterior(own, None, said), said),
            "effect": effect,
            "retry": counting.effect_of(retried),
            "sentence": f"It was followed by success in {effect.helped} of {effect.n} "
            f"{'case' if effect.n == 1 else 'cases'}."
            if effect.n
            else "",
        }
    )


def _learned(one: "Ranked", signature: str, retry: Effect, run: Run | None) -> Solution:
    from orcaops.learning.failures.fixes import advised
    from orcaops.learning.failures.solutions import learned_id, sentence

    actions = {"memory:raised": "raise_memory", "timeout:raised": "raise_timeout", "digest": "pull_again"}
    change = fitted(one.atom, run)
    return Solution.model_validate(
        {
            "id": learned_id(signature, one.key),
            "text": advised(change),
            "change": change,
            "source": "learned",
            "signature": signature,
            "action": actions.get(one.key),
            "standing": one.standing,
            "effect": one.effect,
            "retry": retry,
            "sentence": sentence(one.atom, one.effect)
            if one.effect.n
            else "Seen to help with other failures of this kind only.",
            "explored": one.explored,
        }
    )


def fitted(atom: Atom, run: Run | None) -> Atom:
    """A changed limit as it would be for this run: what helped, or in proportion if it has that already."""
    spec = run.effective if run is not None else None
    current = getattr(spec, atom.kind, None) if spec is not None and atom.kind in MEASURED else None
    if current is None or atom.before is None or atom.after is None:
        return atom
    wanted = float(atom.after)
    if (wanted > float(atom.before)) != (wanted > current):
        wanted = current * wanted / float(atom.before)
    return atom.model_copy(update={"before": f"{current:.12g}", "after": f"{wanted:.12g}"})


Action = Literal["retry", "raise_memory", "raise_timeout", "pull_again", "free_disk"]


def action_of(text: str) -> Action | None:
    """What OrcaOps could do itself of what advice asks for."""
    from orcaops.learning.failures.fixes import follows, frees_disk, retries

    if retries(text):
        return "retry"
    if follows(text, [Atom(kind="memory", before="1", after="2")]):
        return "raise_memory"
    if follows(text, [Atom(kind="timeout", before="1", after="2")]):
        return "raise_timeout"
    if frees_disk(text):
        return "free_disk"
    return "pull_again" if follows(text, [Atom(kind="digest", after="new")]) else None
