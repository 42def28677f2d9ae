"""Trying again, where failures come and go by themselves, and nowhere else."""

from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.dossier import ids, out_of_memory, spec_of
from orcaops.improving.passing import went_away
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.recommendation import Change, Recommendation
from orcaops.model.run import Cause, Run
from orcaops.stats.interval import share_of_next

_FROM_OUTSIDE = frozenset((Cause.INFRASTRUCTURE, Cause.IMAGE_UNAVAILABLE, Cause.ENGINE_LOST))


@dataclass(frozen=True, slots=True, kw_only=True)
class Retries:
    """Advises retries where the infrastructure failed more than once, or the job was found to be flaky.

    A failure of the command itself is never retried for: that hides what is broken. What a retry saves is the
    share of runs that failed so and were followed by a success; that is what the history shows of it. Silent
    where retries are set, before ``needed`` runs, and where the failures did not go away by themselves.

    >>> Retries().needed
    10
    """

    name: str = "retries"
    needed: int = 10
    least: int = 2

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Jobs without retries that failed, or ran often: a baseline counts no faults from outside."""
        spec = spec_of(latest)
        troubled = baseline.failure_count >= self.least or baseline.run_count >= self.needed
        return troubled and not (spec is not None and spec.retries)

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation for each kind: the infrastructure's failures, and the job's own."""
        if len(dossier.runs) < self.needed:
            return ()
        outside = [run for run in dossier.runs if run.cause in _FROM_OUTSIDE]
        found = []
        healed = went_away(dossier.runs, outside)
        if len(healed) >= self.least and 2 * len(healed) >= len(outside):
            found.append(self._proposed(dossier, outside, healed, flaky=False))
        if dossier.anomalies:
            failed = [r for r in dossier.runs if r.cause is Cause.COMMAND_FAILED and not out_of_memory(r)]
            healed = went_away(dossier.runs, failed)
            if len(healed) >= self.least:
                found.append(self._proposed(dossier, failed, healed, flaky=True))
        return found

    def _proposed(
        self, dossier: Dossier, failed: Sequence[Run], healed: Sequence[Run], *, flaky: bool
    ) -> Recommendation:
        spared = {run.job_id for run in healed}
        rate = share_of_next([run.job_id in spared for run in dossier.runs], ahead=AHEAD)
        what = "of its own, with nothing changed" if flaky else "of the infrastructure"
        return propose(
            dossier,
            advisor=self.name,
            field="flaky" if flaky else "retries",
            kind="reliability",
            title="Try again when the job is flaky, and mend the flaky part"
            if flaky
            else "Try again where the infrastructure fails",
            description=f"{len(failed)} of the last {len(dossier.runs)} runs failed by a fault {what}; "
            f"{len(healed)} times the next run succeeded.",
            impact="A retry hides a flaky test: find the test, and take the retry away again."
            if flaky
            else "Failures of the command itself are not retried.",
            action=f"orcaops jobs rerun {failed[0].job_id}" if flaky else "--retries 1",
            worth=Worth(
                unit="failures",
                per_run=rate,
                effort="moderate" if flaky else "easy",
                probability=len(healed) / max(len(failed), 1),
            ),
            evidence=observed(
                dossier.runs,
                failed=ids(failed),
                went_away=ids(healed),
                replayed_runs=len(dossier.runs),
                would_have_been_spared=len(healed),
                anomalies=[anomaly.id for anomaly in dossier.anomalies] if flaky else [],
            ),
            # OrcaOps repeats by itself what the infrastructure broke; a flaky command is its owner's.
            change=None if flaky else Change(field="retries", before=0, after=1),
        )


advisor: Advisor = Retries()
"""The shipped instance."""
