"""Memory limits that jobs run into, or come too near."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.improving.counterfactual import memory_replayed, observed
from orcaops.improving.dossier import held_of, ids, machine_of, memory_limit_of, out_of_memory
from orcaops.improving.proposal import AHEAD, Worth, propose
from orcaops.model.baseline import Baseline
from orcaops.model.quantities import MIB, show_size
from orcaops.model.recommendation import Change, Priority, Recommendation
from orcaops.model.run import Cause, Run
from orcaops.stats import sizing
from orcaops.stats.ceiling import Pace, pace
from orcaops.stats.interval import share_of_next

_MARGIN = replace(sizing.SAFE, stays=False)
_MAY_GROW_FROM = 0.25
"""Of the limit: what holds less is far from it, however it grows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryShortage:
    """Advises a higher memory limit where runs were killed for want of memory, or came near the limit.

    Killed means that the engine's or the container's own counter says so; the limit is doubled then, or set
    to what the successes ask for if that is more. Near means that the processes themselves (not page cache,
    which gives way) held more than ``high_share`` of the limit in ``needed`` or more runs' history, or will
    reach it within :data:`~orcaops.stats.ceiling.AHEAD` runs because it grows from run to run. Silent
    without a limit, where the machine has no more, and where the runs that were killed had a lower limit
    than the present one.

    >>> MemoryShortage().high_share
    0.95
    """

    name: str = "memory_shortage"
    needed: int = 10
    high_share: float = 0.95

    def concerns(self, latest: Run, baseline: Baseline) -> bool:
        """Runs that had a limit: one that was killed, came near, or whose job fails now and then."""
        limit, held = memory_limit_of(latest), latest.usage.memory_resident_bytes
        near = held is not None and limit is not None and held > _MAY_GROW_FROM * limit
        return limit is not None and (near or baseline.failure_count > 0)

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation: a higher limit."""
        dossier = dossier.of_present_work()
        limit = memory_limit_of(dossier.runs[0]) if dossier.runs else None
        if limit is None:
            return ()
        present = [run for run in dossier.runs if (memory_limit_of(run) or 0) >= limit]
        killed = [run for run in present if out_of_memory(run)]
        resident = [run for run in present if run.usage.memory_resident_bytes and run.cause is Cause.SUCCESS]
        near = [r for r in resident if (r.usage.memory_resident_bytes or 0) > self.high_share * limit]
        peaks = [float(held_of(run) or 0) for run in reversed(resident)]
        growing = pace(peaks) if peaks else None
        left = growing.until(limit) if growing is not None else None
        grows = left is not None and left <= AHEAD
        if not killed and (not (near or grows) or len(dossier.runs) < self.needed):
            return ()
        sized = sizing.memory_limit([*peaks, float(limit)], _MARGIN) or 0
        if grows and growing is not None:
            sized = max(sized, math.ceil(growing.after(max(peaks), 2 * AHEAD)))
        wanted = max(2 * limit, sized) if killed else max(sized, int(1.25 * limit)) // MIB * MIB
        wanted = int(min(wanted, machine_of(dossier.runs[0])[1]))
        if wanted <= limit:
            return ()
        lost = [out_of_memory(run) for run in present]
        if grows and left is not None and not killed:
            lost = [place >= left for place in range(AHEAD)]
        per_run = share_of_next(lost, ahead=AHEAD)
        replayed = memory_replayed(dossier.runs, wanted)
        largest = max(peaks, default=0.0)
        return (
            propose(
                dossier,
                advisor=self.name,
                field="memory",
                kind="reliability",
                title=f"Raise the memory limit from {show_size(limit)} to {show_size(wanted)}",
                description=_why(len(killed), len(present), peaks, limit, growing if grows else None)
                if killed or grows
                else f"{len(near)} of the last {len(resident)} measured runs held more than "
                f"{100 * self.high_share:.0f}% of {show_size(limit)}; the next one may be killed.",
                impact=f"{show_size(wanted - limit)} more is held by every run.",
                action=f"--memory {wanted // MIB}m",
                worth=Worth(
                    unit="failures",
                    per_run=per_run,
                    effort="easy",
                    probability=0.9 if killed else 0.5,
                ),
                evidence=observed(
                    present,
                    limit_bytes=limit,
                    proposed_bytes=wanted,
                    largest_bytes=largest,
                    killed=ids(killed),
                    near_the_limit=ids(near),
                    **_grown(growing),
                    **({"runs_until_the_limit": left} if grows else {}),
                    **replayed.told("gib_hours"),
                ),
                change=Change(field="memory", before=limit, after=wanted),
                least=Priority.HIGH if killed else Priority.MEDIUM,
            ),
        )


def _was(count: int) -> str:
    return "was" if count == 1 else "were"


def _grown(growing: Pace | None) -> dict[str, float]:
    if growing is None:
        return {"growth_per_run": 0.0}
    if growing.by_share:
        return {"growth_per_run": round(math.expm1(growing.step), 4)}
    return {"growth_per_run_bytes": round(growing.step)}


def _why(killed: int, runs: int, peaks: Sequence[float], limit: int, growing: Pace | None) -> str:
    """What happened, and what will if memory goes on growing."""
    said = []
    if killed:
        said.append(
            f"{killed} of the last {runs} runs with this limit {_was(killed)} killed for want of memory."
        )
    if growing is not None:
        left = growing.until(limit)
        grown = f"{100 * math.expm1(growing.step):.1f}%" if growing.by_share else show_size(growing.step)
        when = "the next run may be killed" if left <= 1 else f"{show_size(limit)} is reached in {left} runs"
        said.append(
            f"Memory grows by {grown} from run to run, to {show_size(max(peaks))} so far: {when}. "
            "If the input does not grow, something is piling up: a higher limit only gains time."
        )
    return " ".join(said)


advisor: Advisor = MemoryShortage()
"""The shipped instance."""
