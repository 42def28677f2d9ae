"""Regular jobs that wait because they are started when everybody starts theirs."""

import statistics
import zlib
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

_AS_QUIET = 0.02  # of the arrivals of its own hour
_SPREAD_OVER = 6  # hours


@dataclass(frozen=True, slots=True, kw_only=True)
class OffPeak:
    """Advises another hour for a job that is started at the same hour every day and waits then.

    The hour proposed is one of the quietest of the workspace's day (arrivals over two weeks, UTC), a nearby
    one, and by its key: jobs that are all told to leave one hour are not all sent to the same. What is saved
    is the measured waiting, by the share by which that hour is quieter. Silent where the job is not regular
    (nine of ten runs within ``window_h`` hours of the day), where it waits less than ``least_s``, where no
    hour has less than half of its own hour's arrivals, and before ``needed`` runs on five days.

    >>> OffPeak().window_h
    1
    """

    name: str = "off_peak"
    needed: int = 10
    least_s: float = 10.0
    window_h: int = 1

    def concerns(self, latest: Run, baseline: Baseline) -> bool:  # noqa: ARG002
        """Runs that waited."""
        return wait_s(latest) >= self.least_s / 2

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation: an hour of the day."""
        runs, arrivals = dossier.runs, dossier.arrivals
        days = {run.submitted_at.date() for run in runs}
        if len(arrivals) != 24 or len(runs) < self.needed or len(days) < 5:
            return ()
        hour = statistics.mode(run.submitted_at.hour for run in runs)
        regular = sum(_apart(run.submitted_at.hour, hour) <= self.window_h for run in runs)
        waits = [wait_s(run) for run in runs]
        if regular < 0.9 * len(runs) or statistics.median(waits) < self.least_s:
            return ()
        quiet = self._quiet_hour(dossier.key, hour, arrivals)
        if arrivals[hour] <= 0 or arrivals[quiet] > 0.5 * arrivals[hour]:
            return ()
        share = 1 - arrivals[quiet] / arrivals[hour]
        saved = mean_of_next([share * each for each in waits], ahead=AHEAD)
        return (
            propose(
                dossier,
                advisor=self.name,
                field="schedule",
                kind="performance",
                title=f"Start it at {quiet:02d}:00 UTC instead of {hour:02d}:00",
                description=f"It waits {show_duration(statistics.median(waits))} each time. In two weeks "
                f"{arrivals[hour]:.0f} runs came between {hour:02d} and {(hour + 1) % 24:02d} o'clock, "
                f"{arrivals[quiet]:.0f} from {quiet:02d} on.",
                action=f"Change its schedule to {quiet:02d}:00 UTC (cron: 0 {quiet} * * *)",
                worth=Worth(
                    unit="seconds",
                    per_run=saved.scaled(1.0, 0.5, 1.0),
                    effort="easy",
                    probability=0.6,
                ),
                evidence=observed(
                    runs,
                    hour=hour,
                    proposed_hour=quiet,
                    median_wait_s=round(statistics.median(waits), 3),
                    arrivals_by_hour=list(arrivals),
                ),
            ),
        )

    def _quiet_hour(self, key: str, hour: int, arrivals: Sequence[float]) -> int:
        """One of the nearest of those hours that are about as quiet as the quietest."""
        about = min(arrivals) + _AS_QUIET * arrivals[hour]
        quiet = sorted(
            (other for other in range(24) if arrivals[other] <= about), key=lambda other: _apart(other, hour)
        )
        nearest = quiet[:_SPREAD_OVER]
        return nearest[zlib.crc32(key.encode("utf-8", "surrogatepass")) % len(nearest)]


def _apart(one: int, other: int) -> int:
    """Hours between two hours of the day, the shorter way round."""
    return min((one - other) % 24, (other - one) % 24)


advisor: Advisor = OffPeak()
"""The shipped instance."""
