"""Reach: on which jobs estimates lie within 20 % of the truth, and on which no method's could.

A job whose runs differ by more than that among themselves, with nothing known beforehand that tells them
apart, is out of reach. That is measured by hindsight: of each ten runs, how many would one number have
been right for, chosen when all ten were known? Who estimates before can hardly do better.
"""

from collections.abc import Hashable, Sequence
from typing import Any

_HOLDS = 0.8  # of the runs of a job
_FEWEST_RUNS = 20
_TOGETHER = 10
_WIDEST = 1.2 / 0.8  # the largest of values that one number is within 20 % of, over the smallest
_NAMED = 20


def reach(jobs: Sequence[Hashable], estimates: Sequence[float], truths: Sequence[float]) -> dict[str, Any]:
    """Of jobs with twenty runs or more, on how many eight of ten estimates are within 20 %, and why not.

    ``holds`` are such jobs; ``out_of_reach`` those of the others for which hindsight would not have been
    right as often; ``missed`` names the rest, those with the most runs first: a better method could do it.
    """
    of_job: dict[Hashable, list[tuple[float, float]]] = {}
    for job, estimate, truth in zip(jobs, estimates, truths, strict=True):
        of_job.setdefault(job, []).append((estimate, truth))
    judged = {job: pairs for job, pairs in of_job.items() if len(pairs) >= _FEWEST_RUNS}
    others = {
        job: [truth for _, truth in pairs]
        for job, pairs in judged.items()
        if sum(abs(e - t) <= 0.2 * t for e, t in pairs) < _HOLDS * len(pairs)
    }
    missed = [job for job, values in others.items() if in_hindsight(values) >= _HOLDS]
    missed.sort(key=lambda job: (-len(others[job]), str(job)))
    return {
        "jobs": len(judged),
        "holds": len(judged) - len(others),
        "out_of_reach": len(others) - len(missed),
        "missed": [_name(job) for job in missed[:_NAMED]],
    }


def in_hindsight(values: Sequence[float]) -> float:
    """The share of runs that the best number for each ten of them in a row is right for, within 20 %.

    >>> in_hindsight([10, 11, 12, 14.9] * 5), in_hindsight([10, 20] * 10)
    (1.0, 0.5)
    """
    tens = (values[place : place + _TOGETHER] for place in range(0, len(values), _TOGETHER))
    return sum(_most_alike(sorted(some)) for some in tens) / len(values)


def _most_alike(ordered: Sequence[float]) -> int:
    most = first = 0
    for place, value in enumerate(ordered):
        while value > _WIDEST * ordered[first]:
            first += 1
        most = max(most, place - first + 1)
    return most


def _name(job: Hashable) -> str:
    return job[1] if isinstance(job, tuple) else str(job)
