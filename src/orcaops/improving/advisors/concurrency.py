"""Waiting that comes of too few places, at all hours."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import observed
from orcaops.improving.dossier import wait_s
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.quantities import show_duration
from orcaops.model.recommendation import Recommendation
from orcaops.model.run import Run
from orcaops.stats.interval import mean_of_next


@dataclass(frozen=True, slots=True, kw_only=True)
class Concurrency:
    """Advises more places where the median run waits ``least_s`` or more, and ``share`` of its own time.

    A wait of w for a job that takes d is what places short by a factor of about (d + w) / d give; half more
    places, at least one, is a step that can be measured. ``orcaops forecast`` works out how many are
    needed. Silent where waiting goes with the hour (that is for the schedule), about imported runs, and
    before ``needed`` runs.

    >>> Concurrency().share
    0.2
    """

    name: str = "concurrency"
    needed: int = 10
    least_s: float = 10.0
    share: float = 0.2

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Runs of ours that waited."""
        often = baseline.run_count >= self.needed
        return often and latest.source == "local" and wait_s(latest) >= self.least_s / 2

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation: how many runs at the same time."""
        places = dossier.concurrency
        started = [run for run in dossier.runs if run.started_at is not None]
        if places is None or len(started) < self.needed:
            return ()
        waits = [wait_s(run) for run in started]
        own = statistics.median([run.duration_s or 0.0 for run in started])
        wait = statistics.median(waits)
        hours = {run.submitted_at.hour for run in started if wait_s(run) >= self.least_s}
        if wait < max(self.least_s, self.share * own) or len(hours) < 3:
            return ()
        wanted = max(places + 1, round(1.5 * places))
        saved = mean_of_next([each * (1 - places / wanted) for each in waits], ahead=AHEAD)
        return (
            propose(
                dossier,
                advisor=self.name,
                field="concurrency",
                kind="performance",
                title=f"Run up to {wanted} jobs at the same time instead of {places}",
                description=f"The median run waits {show_duration(wait)} for its turn and takes "
                f"{show_duration(own)}, at {len(hours)} different hours of the day.",
                impact="More runs at once need more processors and memory: see `orcaops forecast`.",
                action=f"ORCAOPS_SERVER_CONCURRENCY={wanted}, or concurrency = {wanted} in [server] of "
                f"orcaops.toml",
                worth=Worth(
                    unit="seconds",
                    per_run=saved.scaled(1.0, 0.5, 1.0),
                    effort="moderate",
                    probability=0.6,
                ),
                evidence=observed(
                    started,
                    places=places,
                    proposed_places=wanted,
                    median_wait_s=round(wait, 3),
                    median_duration_s=round(own, 3),
                ),
            ),
        )


advisor: Advisor = Concurrency()
"""The shipped instance."""
