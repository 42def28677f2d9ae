"""Memory limits that are far above, or too near, what a job needs."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.improving.advisor import Advisor, Dossier
from orcaops.model.identity import content_id
from orcaops.model.quantities import MIB, show_size
from orcaops.model.recommendation import Priority, Recommendation
from orcaops.model.run import Cause, Run

_STEP = 16 * MIB
_SMALLEST = 64 * MIB


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryLimit:
    """Compares the limit in force with what the runs of a key really held.

    The proposed limit is the largest peak times ``exp(1.5 s) + 2 / (n + 1)``, between 1.1 and 2 times,
    with ``s`` the spread of the logarithms, rounded up to 16 MiB: fewer runs and more spread, more margin.
    It advises less where the job uses under ``low_share`` of its limit (the specification's half), and more
    where a run was killed for want of memory or came above ``high_share``. Silent without a limit, and
    before ``needed`` successes.

    >>> MemoryLimit().needed
    10
    """

    name: str = "memory_limit"
    needed: int = 10
    low_share: float = 0.5
    high_share: float = 0.95

    def concerns(self, run: Run) -> bool:
        """Runs that had a limit."""
        return _limit_of(run) is not None

    def advise(self, dossier: Dossier) -> Sequence[Recommendation]:
        """At most one recommendation: a lower limit or a higher one."""
        limit = _latest_limit(dossier.runs)
        peaks = [peak for run in dossier.runs if (peak := _held(run)) is not None]
        killed = [run for run in dossier.runs if run.cause is Cause.OOM_KILLED and _limit_of(run) == limit]
        if limit is None or (len(peaks) < self.needed and not killed):
            return ()
        if killed:
            return (self._recommend(dossier, limit, 2 * limit, peaks, killed),)
        if len(peaks) < self.needed:
            return ()
        wanted = _sized(peaks)
        if max(peaks) < self.low_share * limit and wanted < limit:
            return (self._recommend(dossier, limit, wanted, peaks, killed),)
        if max(peaks) > self.high_share * limit and wanted > limit:
            return (self._recommend(dossier, limit, wanted, peaks, killed),)
        return ()

    def _recommend(
        self, dossier: Dossier, limit: int, wanted: int, peaks: Sequence[int], killed: Sequence[Run]
    ) -> Recommendation:
        lower = wanted < limit
        survived = sum(peak <= wanted for peak in peaks)
        change = f"from {show_size(limit)} to {show_size(wanted)}"
        largest = max(peaks, default=0)
        return Recommendation(
            id=content_id(self.name, dossier.workspace, dossier.key, "memory"),
            type="cost" if lower else "reliability",
            priority=Priority.HIGH
            if killed
            else Priority.LOW
            if limit - wanted < 512 * MIB and lower
            else Priority.MEDIUM,
            title=f"{'Lower' if lower else 'Raise'} the memory limit {change}",
            description=(
                f"{len(killed)} of the last {len(dossier.runs)} runs were killed for want of memory."
                if killed
                else f"The last {len(peaks)} runs held at most {show_size(largest)} of {show_size(limit)}."
            ),
            impact=(
                f"Frees {show_size(limit - wanted)} for every run; "
                f"{survived} of {len(peaks)} past runs would have fitted."
                if lower
                else f"{survived} of {len(peaks)} measured runs fit the new limit."
            ),
            action=f"--memory {wanted // MIB}m",
            evidence={
                "limit_bytes": limit,
                "proposed_bytes": wanted,
                "largest_bytes": largest,
                "runs": len(peaks),
                "would_have_fitted": survived,
                "killed": [run.job_id for run in killed][:20],
                "job_ids": [run.job_id for run in dossier.runs][:20],
            },
            created_at=dossier.runs[0].finished_at or dossier.at,
            key=dossier.key,
            workspace=dossier.workspace,
            advisor=self.name,
            field="memory",
            score=float(abs(limit - wanted)) / MIB,
        )


def _sized(peaks: Sequence[int]) -> int:
    logs = [math.log(peak) for peak in peaks]
    mean = sum(logs) / len(logs)
    spread = math.sqrt((2 * 0.08**2 + sum((each - mean) ** 2 for each in logs)) / (len(logs) + 1))
    factor = min(max(math.exp(1.5 * spread) + 2 / (len(logs) + 1), 1.1), 2.0)
    return max(_SMALLEST, math.ceil(max(peaks) * factor / _STEP) * _STEP)


def _held(run: Run) -> int | None:
    """What a success held: the processes' own memory where it was observed, else the kernel's peak."""
    if run.cause is not Cause.SUCCESS:
        return None
    return run.usage.memory_resident_bytes or run.usage.memory_peak_bytes


def _limit_of(run: Run) -> int | None:
    return run.effective.memory if run.effective is not None else None


def _latest_limit(runs: Sequence[Run]) -> int | None:
    return _limit_of(runs[0]) if runs else None


advisor: Advisor = MemoryLimit()
"""The shipped instance."""
