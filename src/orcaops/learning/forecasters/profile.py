"""Arrivals of which less than two weeks are known, or less than a few a day: counts by part of the week."""

import math
from dataclasses import dataclass

from orcaops.learning.learner import Forecaster, HourlySeries
from orcaops.model.abstention import Abstention
from orcaops.stats.seasonal import Ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """Forecasts by the hour of the day where runs are many, by quarters of the day where they are few.

    The rate of each part is drawn to the overall rate, as a Gamma(1, 1/rate) prior does; working days and
    weekends are told apart once both were seen for a day. The interval is that of the hours seen, relative to
    their part's rate: arrivals come in bursts, so it is never narrower than chance alone would make it.
    Abstains below ``fewest_hours`` hours and ``fewest_runs`` runs.

    Costs less than a millisecond.
    """

    name: str = "profile"
    fewest_hours: int = 24
    fewest_runs: int = 10

    def forecast(self, series: HourlySeries, *, share: float = 0.8) -> Ahead | Abstention:
        """What the hours ahead bring."""
        known = series.known()
        runs = sum(known)
        if len(known) < self.fewest_hours:
            return Abstention(reason="a day shows after a day", have=len(known), need=self.fewest_hours)
        if runs < self.fewest_runs:
            return Abstention(
                reason="too few runs to say when they come", have=int(runs), need=self.fewest_runs
            )
        overall = runs / len(known)
        length = 1 if overall >= 1 else 6
        weekends = [place >= 120 for place, _ in series.pairs()]
        apart = min(sum(weekends), len(weekends) - sum(weekends)) >= 24

        def part(place: int) -> tuple[bool, int]:
            return apart and place >= 120, place % 24 // length

        sums: dict[tuple[bool, int], list[float]] = {}
        for place, value in series.pairs():
            tally = sums.setdefault(part(place), [0.0, 0.0])
            tally[0] += value
            tally[1] += 1

        def rate(place: int) -> float:
            total, hours = sums.get(part(place), (0.0, 0.0))
            return (1 + total) / (1 / overall + hours)

        tail = (1 - share) / 2
        ratios = sorted((value + 0.5) / (rate(place) + 0.5) for place, value in series.pairs())
        low, middle, high, mean = [], [], [], []
        for place in series.ahead:
            expected = rate(place)
            told = [max(ratio * (expected + 0.5) - 0.5, 0.0) for ratio in (
                _quantile(ratios, tail), _quantile(ratios, 0.5), _quantile(ratios, 1 - tail))]  # fmt: skip
            chance_low, chance_high = _poisson(expected, tail), _poisson(expected, 1 - tail)
            low.append(min(told[0], chance_low))
            middle.append(min(max(told[1], low[-1]), max(told[2], chance_high)))
            high.append(max(told[2], chance_high))
            mean.append(expected)
        return Ahead(low, middle, high, mean)


def _quantile(ordered: list[float], share: float) -> float:
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def _poisson(rate: float, share: float) -> float:
    """The smallest count that is not exceeded with that probability, if arrivals were independent."""
    if rate > 500:  # there the normal distribution is as good, and e^-rate would vanish
        return max(rate + (1.2816 if share > 0.5 else -1.2816) * math.sqrt(rate), 0.0)
    count, mass = 0, math.exp(-rate)
    total = mass
    while total < share and count < 10_000:
        count += 1
        mass *= rate / count
        total += mass
    return float(count)


forecaster: Forecaster = Profile()
