"""Arrivals with a day and a week, once there are two weeks of them."""

from dataclasses import dataclass

from orcaops.learning.learner import Forecaster, HourlySeries
from orcaops.model.abstention import Abstention
from orcaops.stats import seasonal
from orcaops.stats.seasonal import Ahead


@dataclass(frozen=True, slots=True, kw_only=True)
class Seasonal:
    """Forecasts by season of day and week (:mod:`orcaops.stats.seasonal`).

    Seven experts weighted by their record; the interval is made of the errors of earlier forecasts.
    Abstains below ``fewest_hours`` (two weeks at least), and where on average less than
    ``fewest_per_hour`` come an hour: a season cannot be told from chance there.

    Costs about .1 s for a week ahead of eight weeks.
    """

    name: str = "seasonal"
    fewest_hours: int = seasonal.SHORTEST
    fewest_per_hour: float = 0.3

    def forecast(self, series: HourlySeries, *, share: float = 0.8) -> Ahead | Abstention:
        """What the hours ahead bring."""
        hours = len(series.known())
        fewest = max(self.fewest_hours, seasonal.SHORTEST)
        if hours < fewest or len(series.values) < fewest:
            return Abstention(reason="a season of the week shows after two weeks", have=hours, need=fewest)
        if sum(series.known()) < self.fewest_per_hour * hours:
            return Abstention(reason="too few runs an hour for a season to show")
        return seasonal.forecast(series.values, series.places, series.ahead, share=share)


forecaster: Forecaster = Seasonal()
