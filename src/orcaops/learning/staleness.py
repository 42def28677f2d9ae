"""Whether what is remembered is too old to judge by: told from the times of runs, never from a clock."""

from orcaops.model.sample import Sample

_DAY_S = 86400.0
_GAPS = 3.0

TOLD = "nothing was run for so long that judging begins anew"
"""Why an episode ends whose history has become stale."""


def stale(last_at: float | None, sample: Sample, after_days: float) -> bool:
    """Whether the latest run before this one, at ``last_at`` (seconds since the epoch), is longer ago.

    >>> from orcaops.testing.learners import samples_of_job
    >>> first, second = samples_of_job([1.0, 1.0], "duration", minutes=3000)
    >>> [stale(first.at.timestamp(), second, days) for days in (2, 3)]
    [True, False]
    """
    return last_at is not None and sample.at_s - last_at > after_days * _DAY_S


def patience_days(after_days: float, first_at: float | None, last_at: float | None, runs: int) -> float:
    """How long a key may rest before it is stale: three times its usual gap, and never less than others.

    A job that runs once a month is not forgotten between two runs. ``first_at`` and ``last_at`` are seconds
    since the epoch, of the first and the latest of so many runs.

    >>> month = 30.5 * 86400
    >>> round(patience_days(30, 0, 5 * month, 6)), patience_days(30, 0, 86400.0, 100)
    (92, 30)
    """
    if runs < 2 or first_at is None or last_at is None:
        return after_days
    return max(after_days, _GAPS * (last_at - first_at) / (runs - 1) / _DAY_S)
