"""Memory limits that are far above what a job needs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import memory_replayed, observed
from orcaops.improving.dossier import held_of, memory_limit_of
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.improving.targets import memory_target
from orcaops.model.baseline import Baseline
from orcaops.model.quantities import MIB, show_size
from orcaops.model.recommendation import Change, Recommendation
from orcaops.model.run import Cause, Run
from orcaops.stats.interval import mean_of_next

_GIB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryLimit:
    """Advises a lower memory limit where the job uses under ``low_share`` of the present one.

    The proposed limit is the cautious one of :mod:`orcaops.stats.sizing`, from the largest peak of the
    latest runs under the present limit. Silent without a limit, before ``needed`` measured successes, where
    a run was killed for want of memory, and where the replay would stop a run. Jobs whose memory grows from
    run to run are given the room that the growth takes over the next runs, or nothing is said.

    >>> MemoryLimit().needed
    10
    """

    name: str = "memory_limit"
    needed: int = 10
    low_share: float = 0.5

    def concerns(self, latest: Run, baseline: Baseline) -> bool:  # noqa: ARG002
        """Runs that had a limit and used little of it."""
        limit, held = memory_limit_of(latest), held_of(latest)
        return limit is not None and (held is None or held < limit)

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation: a lower limit."""
        limit = memory_limit_of(dossier.runs[0]) if dossier.runs else None
        measured = [run for run in dossier.successes if held_of(run) is not None]
        peaks = [held_of(run) or 0 for run in measured]
        killed = any(run.cause is Cause.OOM_KILLED for run in dossier.runs)
        if limit is None or killed or len(peaks) < self.needed or max(peaks) >= self.low_share * limit:
            return ()
        grown = _growth(peaks)
        wanted = memory_target([peak * grown for peak in reversed(peaks)])
        if wanted is None or wanted >= limit:
            return ()
        replayed = memory_replayed(dossier.runs, wanted)
        if replayed.stopped:
            return ()
        saved = [(limit - wanted) / _GIB * (run.duration_s or 0.0) / 3600 for run in measured]
        share = 100 * max(peaks) / limit
        fits = f"{replayed.runs} of {replayed.runs} past runs would have fitted"
        return (
            propose(
                dossier,
                advisor=self.name,
                field="memory",
                kind="cost",
                title=f"Lower the memory limit from {show_size(limit)} to {show_size(wanted)}",
                description=f"The last {len(peaks)} measured runs held at most {show_size(max(peaks))} "
                f"of {show_size(limit)}, that is {f'{share:.0f}%' if share >= 1 else 'under 1%'}.",
                impact=f"Frees {show_size(limit - wanted)} for every run; {fits}.",
                action=f"--memory {wanted // MIB}m",
                worth=Worth(unit="gib_hours", per_run=mean_of_next(saved, ahead=AHEAD), effort="easy"),
                evidence=observed(
                    measured,
                    limit_bytes=limit,
                    proposed_bytes=wanted,
                    largest_bytes=max(peaks),
                    would_have_fitted=replayed.runs - len(replayed.stopped),
                    **replayed.told("gib_hours"),
                ),
                change=Change(field="memory", before=limit, after=wanted),
            ),
        )


def _growth(peaks: Sequence[int]) -> float:
    """By what factor the peak grows over the next :data:`AHEAD` runs if it goes on as it did; 1 if it "
    "doesn't.

    The slope is the median of those between runs half the history apart, which single peaks do not move.
    ``peaks`` come newest first.
    """
    half = len(peaks) // 2
    slopes = sorted(
        (math.log(max(peaks[n], 1)) - math.log(max(peaks[n + half], 1))) / half
        for n in range(len(peaks) - half)
    )
    return math.exp(min(max(slopes[len(slopes) // 4], 0.0) * AHEAD, 3.0))


advisor: Advisor = MemoryLimit()
"""The shipped instance."""
