"""Intervals around means, and the chance that one group is above another. No numpy: groups are small."""

import math
import statistics
from collections.abc import Sequence
from dataclasses import dataclass

from orcaops.stats.student import critical

_SURE = 0.6  # two-sided: a fifth below


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with the ends of its interval, and what the true mean is above with a probability of 80 %.

    The interval is for the mean of few values to come and holds their noise, too; ``surely`` is not and does
    not. Where it is not given it is the lower end.
    """

    middle: float
    low: float
    high: float
    surely: float | None = None

    @property
    def least(self) -> float:
        """What can be counted on."""
        return self.low if self.surely is None else self.surely

    def within(self, lowest: float, highest: float = math.inf) -> "Estimate":
        """The same with everything kept between two bounds."""

        def kept(value: float) -> float:
            return min(max(value, lowest), highest)

        return Estimate(kept(self.middle), kept(self.low), kept(self.high), kept(self.least))

    def scaled(self, middle: float, low: float, high: float) -> "Estimate":
        """The same where only a share of it comes true, known no better than between two shares."""
        return Estimate(
            middle * self.middle,
            low * max(self.low, 0.0),
            high * max(self.high, 0.0),
            low * max(self.least, 0.0),
        )


def mean_of_next(values: Sequence[float], *, ahead: int, coverage: float = 0.8) -> Estimate:
    """Where the mean of the next ``ahead`` values will lie, from at least two values so far.

    ``mean ± t · s · sqrt(1/n + 1/ahead)``: what is not known of the mean, and the noise of the next ones.

    >>> mean_of_next([10.0, 10.0, 10.0], ahead=10)
    Estimate(middle=10.0, low=10.0, high=10.0, surely=10.0)
    """
    n = len(values)
    mean = math.fsum(values) / n
    if n < 2:
        return Estimate(mean, min(mean, 0.0), 2 * max(mean, 0.0))
    spread = statistics.stdev(values)
    half = _t(coverage, n - 1) * spread * math.sqrt(1 / n + 1 / ahead)
    return Estimate(mean, mean - half, mean + half, mean - _t(_SURE, n - 1) * spread / math.sqrt(n))


def difference(
    before: Sequence[float], after: Sequence[float], *, ahead: int | None = None, coverage: float = 0.8
) -> Estimate:
    """By how much the mean of ``after`` is below that of ``before``; Welch's interval.

    With ``ahead`` it is the interval for the mean of so many further values of both groups, else that of the
    true difference. Both groups have at least two values.
    """
    means = [math.fsum(group) / len(group) for group in (before, after)]
    shares = [statistics.variance(group) / len(group) for group in (before, after)]
    noise = sum(statistics.variance(group) for group in (before, after)) / ahead if ahead else 0.0
    total = sum(shares)
    middle = means[0] - means[1]
    if total <= 0:
        return Estimate(middle, middle, middle, middle)
    spread = sum(share**2 / (len(g) - 1) for share, g in zip(shares, (before, after), strict=True))
    freedom = max(1, min(200, int(total**2 / spread))) if spread > 0 else 200
    half = _t(coverage, freedom) * math.sqrt(total + noise)
    return Estimate(middle, middle - half, middle + half, middle - _t(_SURE, freedom) * math.sqrt(total))


def rank_p_value(one: Sequence[float], other: Sequence[float]) -> float:
    """The two-sided p-value of the Mann–Whitney test, by its normal approximation with ties corrected.

    >>> rank_p_value([1.0, 2, 3, 4, 5, 6, 7, 8], [11.0, 12, 13, 14, 15, 16, 17, 18]) < 0.01
    True
    >>> rank_p_value([1.0] * 8, [1.0] * 8)
    1.0
    """
    n1, n2 = len(one), len(other)
    ordered = sorted([*one, *other])
    ranks: dict[float, float] = {}
    ties, place = 0.0, 0
    while place < len(ordered):
        end = place
        while end < len(ordered) and ordered[end] == ordered[place]:
            end += 1
        ranks[ordered[place]] = (place + 1 + end) / 2
        ties += (end - place) ** 3 - (end - place)
        place = end
    u = math.fsum(ranks[value] for value in one) - n1 * (n1 + 1) / 2
    n = n1 + n2
    variance = n1 * n2 / 12 * (n + 1 - ties / (n * (n - 1)))
    if variance <= 0:
        return 1.0
    z = max(abs(u - n1 * n2 / 2) - 0.5, 0.0) / math.sqrt(variance)
    return math.erfc(z / math.sqrt(2))


def _t(coverage: float, freedom: int) -> float:
    return critical(1 - coverage, freedom)


def share_of_next(flags: Sequence[bool], *, ahead: int, coverage: float = 0.8) -> Estimate:
    """Which share of the next ``ahead`` will be true, after Jeffreys' prior; the normal approximation.

    >>> share_of_next([True] * 5 + [False] * 5, ahead=20).middle
    0.5
    """
    n = len(flags)
    share = (sum(flags) + 0.5) / (n + 1)
    one = math.sqrt(share * (1 - share))
    half = _t(coverage, 200) * one * math.sqrt(1 / (n + 1) + 1 / ahead)
    surely = share - _t(_SURE, 200) * one / math.sqrt(n + 1)
    return Estimate(share, share - half, share + half, surely).within(0.0, 1.0)
