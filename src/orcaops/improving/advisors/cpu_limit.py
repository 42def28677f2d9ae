"""Processor limits that lie idle, or hold the job back."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import cpus_replayed, observed
from orcaops.improving.dossier import cpus_of, machine_of
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.improving.targets import CpuUse, cpu_use, cpus_target
from orcaops.model.baseline import Baseline
from orcaops.model.recommendation import Change, Recommendation
from orcaops.model.run import Run
from orcaops.stats.interval import Estimate, mean_of_next

_STEP = 0.25


@dataclass(frozen=True, slots=True, kw_only=True)
class CpuLimit:
    """Compares the limit of processors with the mean that runs used (processor time by wall time).

    *Idle*: what the means ask for (:func:`orcaops.improving.targets.cpus_target`: the 90th percentile times
    1.5 · 1.15, and so much that no run's busiest half second would delay it by a twentieth) is under
    ``idle_share`` of the limit, and no run was throttled. *Throttled*: the median run
    was held back for more than ``throttled_share`` of its time; half as much again is proposed, in quarters,
    and no more than the machine has.
    Silent without a limit and before ``needed`` measured successes.

    >>> CpuLimit().needed
    10
    """

    name: str = "cpu_limit"
    needed: int = 10
    idle_share: float = 0.5
    throttled_share: float = 0.1

    def concerns(self, latest: Run, baseline: Baseline) -> bool:  # noqa: ARG002
        """Runs that had a limit and were measured."""
        return cpus_of(latest) is not None and latest.usage.cpu_seconds is not None

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation: fewer processors, or more."""
        dossier = dossier.of_present_work()
        limit = cpus_of(dossier.runs[0]) if dossier.runs else None
        measured = [run for run in dossier.successes if cpu_use(run) is not None and cpus_of(run) == limit]
        if limit is None or len(measured) < self.needed:
            return ()
        uses = [use for run in measured if (use := cpu_use(run)) is not None]
        means = sorted(use.mean for use in uses)
        held_back = sorted((run.usage.throttled_seconds or 0.0) / (run.duration_s or 1.0) for run in measured)
        busy = means[min(int(0.9 * len(means)), len(means) - 1)]
        if held_back[len(held_back) // 2] > self.throttled_share:
            wanted = min(_rounded(max(1.5 * limit, limit + _STEP)), machine_of(dossier.runs[0])[0])
            if wanted <= limit:
                return ()
            shares = [min(run.usage.throttled_seconds or 0.0, run.duration_s or 0.0) for run in measured]
            lost = mean_of_next([seconds * (1 - limit / wanted) for seconds in shares], ahead=AHEAD)
            told = (
                f"The median run was held back for {100 * held_back[len(held_back) // 2]:.0f}% of its time."
            )
            return (self._proposed(dossier, measured, limit, wanted, told, lost, busy),)
        wanted = cpus_target(uses)
        if max(held_back) > 0 or wanted > self.idle_share * limit:
            return ()
        saved = [(limit - wanted) * (run.duration_s or 0.0) / 3600 for run in measured]
        told = (
            f"Nine of ten of the last {len(measured)} runs used {busy:.2f} of {limit:g} processors or less"
            f"{_at_the_busiest(uses)}."
        )
        gained = mean_of_next(saved, ahead=AHEAD)
        sure = 0.9 if any(use.peak is not None for use in uses) else 0.6
        return (self._proposed(dossier, measured, limit, wanted, told, gained, busy, sure),)

    def _proposed(
        self,
        dossier: Dossier,
        measured: Sequence[Run],
        limit: float,
        wanted: float,
        told: str,
        saved: Estimate,
        busy: float,
        sure: float = 0.6,
    ) -> Recommendation:
        lower = wanted < limit
        replayed = cpus_replayed(measured, wanted)
        return propose(
            dossier,
            advisor=self.name,
            field="cpus",
            kind="cost" if lower else "performance",
            title=f"{'Lower' if lower else 'Raise'} the processor limit from {limit:g} to {wanted:g}",
            description=told,
            impact="" if lower else "More processors are held by every run.",
            action=f"--cpus {wanted:g}",
            worth=Worth(
                unit="cpu_hours" if lower else "seconds",
                per_run=saved,
                effort="easy",
                probability=sure,
            ),
            evidence=observed(
                measured,
                cpus=limit,
                proposed_cpus=wanted,
                used_p90=round(busy, 3),
                peak_cores=max((run.usage.cpu_peak_cores or 0.0 for run in measured), default=0.0) or None,
                **replayed.told("cpu_hours"),
            ),
            change=Change(field="cpus", before=limit, after=wanted),
        )


def _at_the_busiest(uses: Sequence[CpuUse]) -> str:
    peaks = [use.peak for use in uses if use.peak is not None]
    if not peaks:
        return " on average; what they used at their busiest was not measured"
    return f", and {max(peaks):.2f} at their busiest half second"


def _rounded(cpus: float) -> float:
    return max(_STEP, math.ceil(cpus / _STEP - 1e-9) * _STEP)


advisor: Advisor = CpuLimit()
"""The shipped instance."""
