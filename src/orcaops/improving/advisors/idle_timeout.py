"""Hung runs that were found late, where a silence would have told earlier."""

from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.dossier import ids, spec_of
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.quantities import show_duration
from orcaops.model.recommendation import Change, Recommendation
from orcaops.model.run import Cause, Run
from orcaops.stats.interval import mean_of_next

_STOPPED = frozenset((Cause.TIMEOUT_TOTAL, Cause.CANCELLED))


@dataclass(frozen=True, slots=True, kw_only=True)
class IdleTimeout:
    """Advises an idle timeout where runs were silent for long before they were stopped.

    The proposed time is ``margin`` times the longest silence of a healthy run, ``least_s`` at least. A run
    counts as found late if it was stopped by its total timeout or by a person after a silence longer than
    that. Silent where there is an idle timeout already, before ``needed`` successes that printed something,
    and where no run hung.

    >>> IdleTimeout().margin
    10.0
    """

    name: str = "idle_timeout"
    needed: int = 10
    margin: float = 10.0
    least_s: float = 600.0

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Jobs without an idle timeout that do not always succeed, or were cancelled just now."""
        spec = spec_of(latest)
        troubled = baseline.failure_count > 0 or latest.cause is Cause.CANCELLED
        return spec is not None and spec.idle_timeout is None and troubled

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation: an idle timeout."""
        dossier = dossier.of_present_work()
        silences = [s for run in dossier.successes if (s := run.longest_silence_s) is not None]
        if len(silences) < self.needed:
            return ()
        wanted = max(self.margin * max(silences), self.least_s)
        late = {
            run.job_id: silence - wanted
            for run in dossier.runs
            if run.cause in _STOPPED and (silence := run.longest_silence_s or 0.0) > wanted
        }
        if not late:
            return ()
        saved = mean_of_next([late.get(run.job_id, 0.0) for run in dossier.runs], ahead=AHEAD)
        hung = [run for run in dossier.runs if run.job_id in late]
        return (
            propose(
                dossier,
                advisor=self.name,
                field="idle_timeout",
                kind="reliability",
                title=f"Stop the job after {show_duration(wanted)} without output",
                description=f"{len(late)} of the last {len(dossier.runs)} runs were silent for up to "
                f"{show_duration(max(late.values()) + wanted)} before they were stopped; healthy runs are "
                f"silent for {show_duration(max(silences))} at most.",
                action=f"--idle-timeout {wanted:.0f}s",
                worth=Worth(
                    unit="seconds",
                    per_run=saved.within(0.0),
                    effort="easy",
                ),
                evidence=observed(
                    dossier.runs,
                    longest_healthy_silence_s=max(silences),
                    proposed_s=wanted,
                    hung=ids(hung),
                    replayed_runs=len(silences) + len(late),
                    would_have_been_stopped=0,
                    replayed_saving_seconds=sum(late.values()),
                ),
                change=Change(field="idle_timeout", before=None, after=wanted),
            ),
        )


advisor: Advisor = IdleTimeout()
"""The shipped instance."""
