"""The papers of forecasters: what the hours of the next week bring, said once a week from those before."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from orcaops.learning.exam.numbers import RIVALS
from orcaops.learning.exam.paper import Figures
from orcaops.learning.learner import Forecaster, HourlySeries
from orcaops.learning.rivals.rival import State
from orcaops.model.abstention import Abstention

_WEEK = 168
_LONGEST = 8 * _WEEK
_FEWEST = 2 * _WEEK  # hours before the first week that is forecast
_MOST_WEEKS = 40
_MONDAY = 96  # the hour of the epoch, which began on a Thursday, at which the first Monday began
_SHARE = 0.8  # the upper end of the interval is then the 90 % quantile


@dataclass(slots=True)
class Arrivals:
    """The hours of a history (UTC), with how many runs were submitted in each.

    A rival takes each hour of the week as a series of its own: ``last`` says that it will be as a week ago.
    Errors are scaled by those of that rule on the hours before (MASE, Hyndman and Koehler 2006).
    """

    counts: dict[int, int] = field(default_factory=dict)
    _weeks: list[tuple[list[float], list[float], int]] | None = None

    def count(self, at: datetime) -> None:
        """A run was submitted."""
        hour = int(at.timestamp() // 3600)
        self.counts[hour] = self.counts.get(hour, 0) + 1

    def figures(self, forecaster: Forecaster) -> dict[str, Any]:
        """What stands in the document: of the weeks that the forecaster did not abstain from."""
        ours, covered, hours = [], 0, 0
        theirs: dict[str, list[float]] = {rival.name: [] for rival in RIVALS}
        for past, truth, first in self._all_weeks():
            series = HourlySeries(
                values=past[-_LONGEST:],
                places=_places(first - len(past[-_LONGEST:]), len(past[-_LONGEST:])),
                ahead=_places(first, _WEEK),
            )
            told = forecaster.forecast(series, share=_SHARE)
            scale = _mean_error(past[_WEEK:], past[:-_WEEK])
            if isinstance(told, Abstention) or not scale:
                continue
            ours.append(_mean_error(told.middle, truth) / scale)
            covered += sum(value <= high for value, high in zip(truth, told.high, strict=True))
            hours += _WEEK
            for name, guesses in _guesses(past).items():
                theirs[name].append(_mean_error(guesses, truth) / scale)
        return {
            "name": f"arrivals_{forecaster.name}",
            "kind": "forecaster",
            "metric": "arrivals",
            "n": hours,
            "mase": _mean(ours),
            "coverage_90": covered / hours if hours else None,
            "rivals": {name: _told(scores) for name, scores in theirs.items()},
        }

    def _all_weeks(self) -> Sequence[tuple[list[float], list[float], int]]:
        """Before, during, and the first hour of each week that is forecast; of a long history the latest."""
        if self._weeks is None:
            first, after = min(self.counts, default=0), max(self.counts, default=-1) + 1
            values = [float(self.counts.get(hour, 0)) for hour in range(first, after)]
            starts = range(_FEWEST, len(values) - _WEEK + 1, _WEEK)[-_MOST_WEEKS:]
            self._weeks = [(values[:at], values[at : at + _WEEK], first + at) for at in starts]
        return self._weeks


def _places(first: int, hours: int) -> list[int]:
    return [(hour - _MONDAY) % _WEEK for hour in range(first, first + hours)]


def _guesses(past: Sequence[float]) -> dict[str, list[float]]:
    """What each rival says of each hour of the week ahead."""
    guesses: dict[str, list[float]] = {}
    for rival in RIVALS:
        said = guesses[rival.name] = []
        for place in range(_WEEK):
            state: State = {}
            for value in past[(len(past) + place) % _WEEK :: _WEEK]:
                rival.learn(state, value)
            guess = rival.guess(state)
            said.append(0.0 if guess is None else guess.estimate)
    return guesses


def _mean_error(told: Sequence[float], truth: Sequence[float]) -> float:
    return sum(abs(a - b) for a, b in zip(told, truth, strict=True)) / len(truth)


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _told(scores: Sequence[float]) -> Figures:
    return {"mase": _mean(scores)}
