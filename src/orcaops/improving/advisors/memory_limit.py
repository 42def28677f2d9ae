"""Memory limits that are far above what a job needs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import memory_replayed, observed
from orcaops.improving.dossier import held_of, memory_limit_of, out_of_memory
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.improving.targets import WORTH, memory_target
from orcaops.model.baseline import Baseline
from orcaops.model.quantities import MIB, show_size
from orcaops.model.recommendation import Change, Recommendation
from orcaops.model.run import Run
from orcaops.stats.ceiling import GROWS_ON, growth, rises_again
from orcaops.stats.clumps import clumps
from orcaops.stats.interval import mean_of_next

_GIB = 1024**3


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryLimit:
    """Advises a lower memory limit where the job uses under ``low_share`` of the present one.

    The proposed limit is the cautious one of :mod:`orcaops.stats.sizing`, from the largest peak of the
    latest runs and what the next ones may reach by their spread, their growth and their wandering. Where
    runs keep to several levels, or were changed for good, it is that of the highest level among them. Silent
    without a limit, before ``needed`` measured successes, where a run was killed for want of memory, where
    the replay would stop a run, and where that room leaves hardly anything to be saved.

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
        dossier = dossier.of_present_work()
        limit = memory_limit_of(dossier.runs[0]) if dossier.runs else None
        measured = [run for run in dossier.successes if held_of(run) is not None]
        peaks = [held_of(run) or 0 for run in measured]
        killed = any(out_of_memory(run) for run in dossier.runs)
        if limit is None or killed or len(peaks) < self.needed or max(peaks) >= self.low_share * limit:
            return ()
        wanted = memory_target(list(reversed(peaks)))
        if wanted is None or wanted > WORTH * limit:
            return ()
        replayed = memory_replayed(dossier.runs, wanted)
        if replayed.stopped:
            return ()
        grown = growth(list(reversed(peaks))).sure
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
                f"of {show_size(limit)}, that is {f'{share:.0f}%' if share >= 1 else 'under 1%'}."
                f"{_levels(peaks)}{_grows(grown)}",
                impact=f"Frees {show_size(limit - wanted)} for every run; {fits}.",
                action=f"--memory {wanted // MIB}m",
                worth=Worth(unit="gib_hours", per_run=mean_of_next(saved, ahead=AHEAD), effort="easy"),
                evidence=observed(
                    measured,
                    limit_bytes=limit,
                    proposed_bytes=wanted,
                    largest_bytes=max(peaks),
                    growth_per_run=round(math.expm1(grown), 4),
                    would_have_fitted=replayed.runs - len(replayed.stopped),
                    **replayed.told("gib_hours"),
                ),
                change=Change(field="memory", before=limit, after=wanted),
            ),
        )


def _levels(peaks: Sequence[float]) -> str:
    """A sentence on runs, newest first, that keep to several levels: which of them the limit is for."""
    parts = clumps([math.log(max(peak, 1.0)) for peak in peaks])
    if len(parts) == 1:
        return ""
    low, high = ([place for part in side for place in part] for side in (parts[:-1], parts[-1:]))
    largest = show_size(max(int(peaks[place]) for place in low))
    if max(low) < min(high):
        return (
            f" The {len(low)} since memory fell held at most {largest}; as long as those before are among "
            "the latest runs, the limit leaves room for them."
        )
    if max(high) < min(low):
        again = "; the limit leaves room for it to rise so again" if rises_again(peaks[::-1]) else ""
        return (
            f" That is since memory rose, {len(high)} runs ago; before, they held at most {largest}{again}."
        )
    return f" {len(low)} of them held at most {largest}: the limit is for the larger ones."


def _grows(grown: float) -> str:
    """A sentence on growth, which is why the proposed limit is far above what was held so far."""
    if grown <= 0:
        return ""
    return (
        f" It grows by {100 * math.expm1(grown):.1f}% from run to run: the new limit leaves room for "
        f"{GROWS_ON} more runs."
    )


advisor: Advisor = MemoryLimit()
"""The shipped instance."""
