"""Whether what is remembered is too old to judge by: told from the times of runs, never from a clock."""

from orcaops.model.sample import Sample

_DAY_S = 86400.0

TOLD = "nothing was run for so long that judging begins anew"
"""Why an episode ends whose history has become stale."""


def stale(last_at: float | None, sample: Sample, after_days: float) -> bool:
    """Whether the latest run before this one, at ``last_at`` (seconds since the epoch), is longer ago.

    >>> from orcaops.testing.learners import samples_of_job
    >>> first, second = samples_of_job([1.0, 1.0], "duration", minutes=3000)
    >>> [stale(first.at.timestamp(), second, days) for days in (2, 3)]
    [True, False]
    """
    return last_at is not None and sample.at.timestamp() - last_at > after_days * _DAY_S
