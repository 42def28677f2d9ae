"""Diagnosing: the step of absorbing that says of each failed run what it failed of.

Reads no log: what the log told was kept as evidence when the run ended, so relearning gives the same. Passing
runs cost one question per batch: whether failures of their keys wait for a success.
"""

import logging
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from orcaops.model.attempts import killed_by_override
from orcaops.model.run import Run, Status
from orcaops.recording.store import Transaction

if TYPE_CHECKING:
    from orcaops.model.diagnosis import Diagnosis, Evidence
    from orcaops.services.knowing.known_failures import KnowledgeBases

log = logging.getLogger(__name__)

_FAILED = frozenset({Status.FAILED, Status.TIMED_OUT, Status.LOST})

Labels = Mapping[tuple[str, str], str]
"""By workspace and job id, what a failed run's log said it failed of, in words that stay the same."""


class Diagnosing:
    """Diagnoses failed runs and follows them to their end. Used by the absorber, in its transaction."""

    def __init__(self, knowledge: "KnowledgeBases") -> None:
        self._knowledge = knowledge

    def diagnose(self, transaction: Transaction, runs: Sequence[Run]) -> Labels:
        """Write the diagnoses of these runs, in the learning order; returns labels where evidence is."""
        teaching = [run for run in runs if run.teaches and killed_by_override(run) is None]
        failed: dict[str, list[Run]] = {}
        for run in teaching:
            if run.status in _FAILED:
                failed.setdefault(run.workspace, []).append(run)
        awaited = self._awaited(transaction, teaching)
        if not failed and not awaited:
            return {}
        evidence = {
            (workspace, job_id): each
            for workspace, some in failed.items()
            for job_id, each in transaction.evidence.find(
                workspace, [run.job_id for run in some if run.log is not None and run.log.lines]
            ).items()
        }
        self._follow(transaction, teaching, awaited, evidence)
        # Where the engine itself names the end, nothing that the log says makes it another failure.
        return {
            place: "" if each.kind.startswith("engine:") else each.label for place, each in evidence.items()
        }

    def _awaited(self, transaction: Transaction, runs: Sequence[Run]) -> "list[Diagnosis]":
        keys: dict[str, dict[str, None]] = {}
        for run in runs:
            keys.setdefault(run.workspace, {})[run.key] = None
        return [
            each
            for workspace, some in keys.items()
            for each in transaction.diagnoses.awaited(workspace, some)
        ]

    def _follow(
        self,
        transaction: Transaction,
        runs: Sequence[Run],
        awaited: "Sequence[Diagnosis]",
        evidence: "Mapping[tuple[str, str], Evidence]",
    ) -> None:
        from orcaops.learning.failures.episodes import Following

        following = Following(transaction.runs.get)
        following.waiting(awaited)
        for run in runs:
            diagnosis = None
            if run.status in _FAILED:
                try:
                    diagnosis = self._of(transaction, run, evidence.get((run.workspace, run.job_id)))
                except Exception:
                    log.exception("the failure of %s could not be diagnosed and is passed over", run.job_id)
            following.follow(run, diagnosis)
        transaction.diagnoses.put_many(list(following.changed.values()))
        transaction.diagnoses.add_trials(following.trials)

    def _of(self, transaction: Transaction, run: Run, evidence: "Evidence | None") -> "Diagnosis":
        from orcaops.learning.failures.evidence import (
            by_engine,
            kept_signature,
            origin_of_silence,
            patterns_in,
            silent,
        )
        from orcaops.model.diagnosis import Diagnosis

        patterns: tuple[str, ...] = ()
        version = ""
        if evidence is not None:
            knowledge, version = self._knowledge.of(run.workspace, transaction)
            current = version == evidence.knowledge
            patterns = evidence.patterns if current else patterns_in(evidence.lines, knowledge)
        said = silent(run) if evidence is None else kept_signature(evidence, run)
        return Diagnosis(
            job_id=run.job_id,
            workspace=run.workspace,
            key=run.key,
            number=run.number or 0,
            at=run.finished_at or run.started_at or run.submitted_at,
            signature=said.id,
            family=said.family,
            kind=said.kind,
            text=said.text,
            tool=said.tool,
            infrastructure_probability=(
                origin_of_silence(run) if evidence is None else evidence.infrastructure_probability
            ),
            patterns=patterns,
            knowledge=version,
            has_lines=evidence is not None and bool(evidence.lines),
            by_engine=by_engine(run),
            circumstance=_circumstance(run),
        )


def _circumstance(run: Run) -> str:
    """What tells independent occurrences apart: the commit, or the run itself where that is not known."""
    return run.context.commit or run.job_id
