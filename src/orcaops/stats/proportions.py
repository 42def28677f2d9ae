"""Whether a rate of failures has gone up, by comparing how well one rate or two explain the series."""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

_LENGTHS = (3, 4, 5, 6, 8, 10, 13, 17, 22, 30, 40)
_FEWEST_BEFORE = 10
_LEAST_RISE = 0.1
_PRIOR_SUCCESSES = 12.0  # a job is thought to fail about once in thirteen runs, before any is seen
LONGEST = 200
"""How many of the latest outcomes are looked at."""


class Rise(NamedTuple):
    """A rise of the failure rate: from place ``at`` on; ``evidence`` is the log of the Bayes factor."""

    at: int
    evidence: float
    before: float
    after: float


@lru_cache(maxsize=65536)
def _log_beta(a: float, b: float) -> float:
    return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)


def evidence(failures: int, successes: int, later_failures: int, later_successes: int) -> float:
    """ln of how much better two failure rates explain the outcomes than one (beta-binomial)."""
    prior = _PRIOR_SUCCESSES
    two = (
        _log_beta(1 + failures, prior + successes)
        - _log_beta(1, prior)
        + _log_beta(1 + later_failures, 1 + later_successes)
    )
    one = _log_beta(1 + failures + later_failures, prior + successes + later_successes) - _log_beta(1, prior)
    return two - one


def _more_needed(failures: int, runs: int) -> float:
    """A job that fails now and then makes clusters by chance: more evidence is asked of it."""
    rate = (failures + 1) / (runs + 1 + _PRIOR_SUCCESSES)
    return 20 * min(max(rate - 0.03, 0.0), 0.1)


def scan(outcomes: Sequence[int], *, least_evidence: float = 6.0) -> Rise | None:
    """The rise that the latest outcomes (1 failed, 0 succeeded) show most clearly; None if none does.

    ``least_evidence`` is asked of a job that practically never failed before, up to 2 more of others.
    """
    n = len(outcomes)
    best: Rise | None = None
    total = sum(outcomes)
    for length in _LENGTHS:
        at = n - length
        if at < _FEWEST_BEFORE:
            break
        later = sum(outcomes[at:])
        failures = total - later
        before, after = failures / at, later / length
        if after < before + _LEAST_RISE:
            continue
        found = evidence(failures, at - failures, later, length - later)
        if found > least_evidence + _more_needed(failures, at) and (best is None or found > best.evidence):
            best = Rise(at, found, before, after)
    return best


def placed(outcomes: Sequence[int]) -> list[tuple[int, float]]:
    """Where a rise that the latest outcomes show really began: places with probabilities, likeliest first.

    Tries the last 40 places by how well two rates explain the outcomes (:func:`evidence`); gives those that
    together hold 90 %.

    >>> placed([0] * 30 + [1] * 6)[0][0]
    30
    """
    n, total = len(outcomes), sum(outcomes)
    later = 0
    scores: list[tuple[int, float]] = []
    for at in range(n - 1, max(n - _LENGTHS[-1], _FEWEST_BEFORE) - 1, -1):
        later += outcomes[at]
        failures = total - later
        scores.append((at, evidence(failures, at - failures, later, n - at - later)))
    if not scores:
        return []
    best = max(score for _, score in scores)
    weights = sorted(((at, math.exp(score - best)) for at, score in scores), key=lambda each: -each[1])
    whole = sum(weight for _, weight in weights)
    told: list[tuple[int, float]] = []
    reached = 0.0
    for at, weight in weights:
        told.append((at, weight / whole))
        reached += weight / whole
        if reached >= 0.9:
            break
    return told


def difference(failures: int, runs: int, later_failures: int, later_runs: int) -> tuple[float, float]:
    """A 90 % interval of how much higher the later failure rate is (Newcombe 1998, method 10).

    >>> low, high = difference(2, 80, 14, 37)
    >>> f"{low:.2f} {high:.2f}"
    '0.23 0.49'
    """
    rate, later = failures / runs, later_failures / later_runs
    low, high = _wilson(failures, runs)
    later_low, later_high = _wilson(later_failures, later_runs)
    gap = later - rate
    return gap - math.hypot(later - later_low, high - rate), gap + math.hypot(later_high - later, rate - low)


def _wilson(failures: int, runs: int, z: float = 1.6449) -> tuple[float, float]:
    centre = (failures + z * z / 2) / (runs + z * z)
    half = z * math.sqrt(failures * (runs - failures) / runs + z * z / 4) / (runs + z * z)
    return max(centre - half, 0.0), min(centre + half, 1.0)


def at_least(probabilities: Sequence[float], k: int) -> float:
    """How probable ``k`` or more of independent events are (the tail of the Poisson-binomial law).

    >>> at_least([0.5, 0.5], 1)
    0.75
    """
    counts = [1.0]  # the probability of each number of events so far
    for p in probabilities:
        counts = [
            (counts[i] * (1 - p) if i < len(counts) else 0.0) + (counts[i - 1] * p if i else 0.0)
            for i in range(len(counts) + 1)
        ]
    return min(math.fsum(counts[max(k, 0) :]), 1.0)
