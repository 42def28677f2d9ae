"""Tests that may be looked at after every run, and what they are compared with.

An e-value is a bet against "the failure rate is what it was": it starts at 1 and grows, in expectation, only
if that is false. By Ville's inequality it ever exceeds 20 with probability 1/20 at most, however often one
looks (Ramdas et al. 2023, *Game-theoretic statistics and safe anytime-valid inference*). What the rate was
is not known either: both sides of the bet are averaged over what the past leaves possible (a Beta
posterior), so that a short past makes the test slower and not more often wrong. A z-test looked at after each
run rejects a true hypothesis about one time in four (``python -m benchmarks rollout``).
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from orcaops.stats.incomplete_beta import incomplete_beta

_BREAKS = (0.05, 0.1, 0.2, 0.4, 0.6)
"""Shares of what would have succeeded: so much of it a change makes fail, beside what fails anyway."""

_PRIOR_SUCCESSES = 9.0  # a job is thought to fail about once in ten runs, before any is seen
_BET_SUCCESSES = 6.0  # a bet gives as much to once in seven as to any rate: many jobs fail often anyway
_DOES_NOTHING = 100.0
_CELLS = 400
_COARSE = 60  # cells are enough for a bet


class Evidence(NamedTuple):
    """The e-value after so many outcomes."""

    outcomes: int
    e_value: float


def e_values(
    outcomes: Sequence[bool], failures: int, runs: int, *, changed: Sequence[bool] | None = None
) -> list[Evidence]:
    """The evidence that the rate of failures has risen, after each failure (true) with the change.

    Successes with the change only lessen it. ``failures`` of ``runs`` failed before. The mean of bets that
    the change breaks .05, .1, .2, .4 or .6 of what would have succeeded: whichever is nearest to the truth
    earns most, and in a job that always fails there is nothing to win. ``changed`` says which outcomes are of
    runs with the change (None: all); those without it teach what is usual now, so that what befalls both
    sides is not held against the change. Numbers stay finite.

    >>> [(n, round(e)) for n, e in e_values([False, True, True], 2, 100)]
    [(2, 6), (3, 61)]
    """
    cells = _coarse_cells()
    logs, *risen = (_logs(broken) for broken in (0.0, *_BREAKS))
    same = [
        0.5 * (math.log(p) + math.log1p(-p))
        + math.log1p(_BET_SUCCESSES * (1 - p) ** (_BET_SUCCESSES - 1))
        + failures * math.log(p)
        + (runs - failures) * math.log1p(-p)
        for p in cells
    ]
    failed_ours = ours = failed_others = others = 0
    found = []
    for place, failed in enumerate(outcomes):
        if changed is not None and not changed[place]:
            failed_others, others = failed_others + failed, others + 1
            continue
        failed_ours, ours = failed_ours + failed, ours + 1
        if not failed:
            continue
        passed, others_passed = ours - failed_ours, others - failed_others
        usual = [
            prior + failed_others * yes + others_passed * no
            for prior, (yes, no) in zip(same, logs, strict=True)
        ]
        if_same = _log_sum(
            [weight + failed_ours * yes + passed * no for weight, (yes, no) in zip(usual, logs, strict=True)]
        )
        if_risen = _log_sum(
            [
                weight + failed_ours * yes + passed * no
                for each in risen
                for weight, (yes, no) in zip(usual, each, strict=True)
            ]
        )
        found.append(Evidence(place + 1, math.exp(min(if_risen - if_same, 600.0)) / len(_BREAKS)))
    return found


def _coarse_cells() -> list[float]:
    """Rates, the finer the nearer to 0 or 1: a job that always fails is one of them as well."""
    return [math.sin(math.pi / 2 * (number + 0.5) / _COARSE) ** 2 for number in range(_COARSE)]


@lru_cache
def _logs(broken: float) -> tuple[tuple[float, float], ...]:
    """The logarithms of each rate where such a share of the rest fails, too, and of what is left of 1."""
    rates = [p + broken * (1 - p) for p in _coarse_cells()]
    return tuple((math.log(rate), math.log1p(-rate)) for rate in rates)


def _log_sum(logs: Sequence[float]) -> float:
    """The logarithm of the sum of what these are the logarithms of."""
    top = max(logs)
    return top + math.log(math.fsum(math.exp(each - top) for each in logs))


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
        share = root * math.exp(_log_density(before, a, b))
        total += share
        if share > 1e-9:
            now = (_DOES_NOTHING * before + failures, _DOES_NOTHING * (1 - before) + runs - failures)
            chance += share * incomplete_beta(*now, min(before + margin, 1.0))
    return chance / total if total else 0.0


def _log_density(p: float, a: float, b: float) -> float:
    """The logarithm of a Beta density beside its largest value, so that nothing overflows."""
    mode = min(max((a - 1) / (a + b - 2), 1e-9), 1 - 1e-9)
    return (a - 1) * math.log(p / mode) + (b - 1) * (math.log1p(-p) - math.log1p(-mode))


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
