"""Tests that may be looked at after every run, and what they are compared with.

An e-value is a bet against "the failure rate is still at most p": it starts at 1 and grows, in
expectation, only if that is false. By Ville's inequality it ever exceeds 20 with probability 1/20 at
most, however often one looks (Ramdas et al. 2023, *Game-theoretic statistics and safe anytime-valid
inference*). A z-test looked at after each run rejects a true hypothesis about one time in four
(``python -m benchmarks rollout``).
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

from orcaops.stats.student import incomplete_beta

_RATES = (0.05, 0.1, 0.2, 0.4)
_HIGHEST = 0.999
_PRIOR_SUCCESSES = 9.0  # a job is thought to fail about once in ten runs, before any is seen
_DOES_NOTHING = 100.0
_CELLS = 400


def rate_bound(failures: int, runs: int, *, confidence: float = 0.8) -> float:
    """The rate of failures that lies, with ``confidence``, above the true one (Beta quantile).

    >>> round(rate_bound(0, 100), 4), round(rate_bound(2, 100), 4)
    (0.0147, 0.0388)
    """
    a, b = failures + 1.0, runs - failures + _PRIOR_SUCCESSES
    low, high = 0.0, 1.0
    for _ in range(50):
        centre = (low + high) / 2
        low, high = (centre, high) if incomplete_beta(a, b, centre) < confidence else (low, centre)
    return high


def e_values(outcomes: Sequence[bool], bound: float) -> list[float]:
    """After each outcome (true: it failed) the evidence that the rate of failures is above ``bound``.

    The mean of bets on ``bound`` + .05, .1, .2 and .4: whichever is nearest to the truth earns most. Numbers
    stay finite.

    >>> [round(e, 1) for e in e_values([True, True, False], 0.02)]
    [10.4, 152.6, 100.3]
    """
    bets = [min(bound + more, _HIGHEST) for more in _RATES]
    logs = [0.0] * len(bets)
    found = []
    for failed in outcomes:
        for place, rate in enumerate(bets):
            logs[place] += math.log(rate / bound) if failed else math.log((1 - rate) / (1 - bound))
        found.append(math.fsum(math.exp(min(each, 600.0)) for each in logs) / len(logs))
    return found


def no_worse(
    failures: int, runs: int, failures_before: int, runs_before: int, *, margin: float = 0.02
) -> float:
    """The probability that the rate of failures is now at most ``margin`` above what it was.

    The former rate has a Beta posterior. A change is first thought to do nothing, which counts as much as
    :data:`_DOES_NOTHING` runs; without that, 75 runs without a failure would be needed to say anything
    about a rate of 2 %.

    >>> no_worse(0, 10, 0, 100) > 0.9 > no_worse(1, 10, 0, 100)
    True
    """
    a, b = failures_before + 1.0, runs_before - failures_before + _PRIOR_SUCCESSES
    total = chance = 0.0
    for cell in range(_CELLS):
        # Squared, so that the cells are fine where rates of failures are: near zero.
        root = (cell + 0.5) / _CELLS
        before = root * root
        share = root * math.exp((a - 1) * math.log(before) + (b - 1) * math.log1p(-before) - _peak(a, b))
        total += share
        if share > 1e-9:
            now = (_DOES_NOTHING * before + failures, _DOES_NOTHING * (1 - before) + runs - failures)
            chance += share * incomplete_beta(*now, min(before + margin, 1.0))
    return chance / total if total else 0.0


def _peak(a: float, b: float) -> float:
    """The largest logarithm of the density without its norm, so that nothing overflows or vanishes."""
    mode = min(max((a - 1) / (a + b - 2), 1e-9), 1 - 1e-9)
    return (a - 1) * math.log(mode) + (b - 1) * math.log1p(-mode)


class Comparison(NamedTuple):
    """How much larger the second sample is: ratio of the medians, and the one-sided p-value."""

    ratio: float
    p_value: float


def larger(before: Sequence[float], now: Sequence[float]) -> Comparison | None:
    """Whether numbers have become larger, by ranks (Mann and Whitney 1947); None below 5 on either side.

    The normal approximation with corrections for ties and continuity.

    >>> larger([1, 2, 3, 4, 5, 6], [11, 12, 13, 14, 15, 16]).p_value < 0.003
    True
    """
    n, m = len(before), len(now)
    if min(n, m) < 5:
        return None
    ordered = sorted([(value, False) for value in before] + [(value, True) for value in now])
    rank_sum, ties, start = 0.0, 0.0, 0
    while start < len(ordered):
        end = start
        while end < len(ordered) and ordered[end][0] == ordered[start][0]:
            end += 1
        rank_sum += (start + 1 + end) / 2 * sum(is_now for _, is_now in ordered[start:end])
        ties += (end - start) ** 3 - (end - start)
        start = end
    excess = rank_sum - m * (m + 1) / 2 - n * m / 2
    whole = n + m
    variance = n * m / 12 * (whole + 1 - ties / (whole * (whole - 1)))
    p_value = 1.0 if variance <= 0 else 0.5 * math.erfc((excess - 0.5) / math.sqrt(2 * variance))
    base = _median(before)
    return Comparison(_median(now) / base if base > 0 else 1.0, p_value)


def _median(values: Sequence[float]) -> float:
    ordered = sorted(values)
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2
