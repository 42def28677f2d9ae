"""Frequency: how often a job runs. Pure."""

from collections.abc import Sequence

from orcaops.model.run import Run

_DAY_S = 86400.0


def runs_per_day(runs: Sequence[Run]) -> float:
    """The present rate of the runs: over the time that they span, a day at least; 0 without any.

    Ten runs within a minute are ten a day, not thousands.
    """
    if not runs:
        return 0.0
    times = [run.submitted_at for run in runs]
    return len(times) / max((max(times) - min(times)).total_seconds() / _DAY_S, 1.0)
