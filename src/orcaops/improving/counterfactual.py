"""Counterfactual: a change of a limit replayed over the runs there were, before anybody is shown it. Pure.

What a run would have done under another limit follows from what it was measured to need: a run that held
more than the new memory limit would have been killed; one that took longer than the new timeout would have
been stopped. A run that was stopped by the *old* limit proves only that it needed at least that much.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.improving.dossier import cpus_of, held_of, ids, memory_limit_of, out_of_memory, timeout_of
from orcaops.improving.targets import LONGER, cpu_use
from orcaops.model.run import Cause, Run

_GIB = 1024**3
_STOPPED_LATE = frozenset((Cause.TIMEOUT_TOTAL, Cause.TIMEOUT_IDLE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Replayed:
    """What a limit would have done to the runs.

    ``stopped`` are healthy runs that it would have ended, ``spared`` runs that the old limit ended and the
    new one would have let go on as far as is known, ``saved`` the saving of each run (GiB h or seconds;
    negative where it would have cost), newest first.
    """

    runs: int
    stopped: tuple[str, ...]
    spared: tuple[str, ...]
    saved: tuple[float, ...]

    def told(self, unit: str) -> dict[str, Any]:
        """The replay as evidence."""
        return {
            "replayed_runs": self.runs,
            "would_have_been_stopped": len(self.stopped),
            "stopped_job_ids": list(self.stopped[:20]),
            "would_have_been_spared": len(self.spared),
            f"replayed_saving_{unit}": round(math.fsum(self.saved), 6),
        }


def memory_replayed(runs: Sequence[Run], limit: int) -> Replayed:
    """Another memory limit over the runs whose memory was measured.

    A run that would not have fitted is counted as tried once more with its old limit: the time of the first
    try is lost, with the new limit held meanwhile.
    """
    stopped, spared, saved, n = [], [], [], 0
    for run in runs:
        old, held, seconds = memory_limit_of(run), held_of(run), run.duration_s or 0.0
        if out_of_memory(run):
            n += 1
            if old is not None and limit > old:
                spared.append(run.job_id)
            continue
        if run.cause is not Cause.SUCCESS or held is None or old is None:
            continue
        n += 1
        hours = seconds / 3600
        if held > limit:
            stopped.append(run.job_id)
            saved.append(-limit / _GIB * hours)
        else:
            saved.append((old - limit) / _GIB * hours)
    return Replayed(runs=n, stopped=tuple(stopped), spared=tuple(spared), saved=tuple(saved))


def timeout_replayed(runs: Sequence[Run], timeout_s: float) -> Replayed:
    """Another total timeout over the runs that ended by themselves or were stopped for time.

    A run that hung until the old timeout would have ended at the new one, where that is shorter.
    """
    stopped, spared, saved, n = [], [], [], 0
    for run in runs:
        seconds = run.duration_s
        if seconds is None:
            continue
        if run.cause in _STOPPED_LATE:
            n += 1
            old = timeout_of(run) or seconds
            if timeout_s > old:
                spared.append(run.job_id)
            saved.append(max(seconds - timeout_s, 0.0))
        elif run.cause is Cause.SUCCESS:
            n += 1
            if seconds > timeout_s:
                stopped.append(run.job_id)
                saved.append(-timeout_s)
            else:
                saved.append(0.0)
    return Replayed(runs=n, stopped=tuple(stopped), spared=tuple(spared), saved=tuple(saved))


def cpus_replayed(runs: Sequence[Run], cpus: float) -> Replayed:
    """Another limit of processors over the runs whose processor time was measured; saves CPU hours.

    Nothing is killed for want of processors: ``stopped`` are the runs that used more on average than the new
    limit, or might have taken noticeably longer because of what they used at their busiest.
    """
    stopped, spared, saved, n = [], [], [], 0
    for run in runs:
        old, use, seconds = cpus_of(run), cpu_use(run), run.duration_s
        if run.cause is not Cause.SUCCESS or old is None or use is None or not seconds:
            continue
        n += 1
        if use.mean > cpus or (cpus < old and use.longer(cpus) > LONGER):
            stopped.append(run.job_id)
        if (run.usage.throttled_seconds or 0.0) > 0 and cpus > old:
            spared.append(run.job_id)
        saved.append((old - cpus) * seconds / 3600)
    return Replayed(runs=n, stopped=tuple(stopped), spared=tuple(spared), saved=tuple(saved))


def observed(runs: Sequence[Run], **more: Any) -> dict[str, Any]:
    """Evidence that names the runs looked at."""
    return {"runs": len(runs), "job_ids": ids(runs), **more}
