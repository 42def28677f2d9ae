"""Which learners and forecasters there are, and with which parameters."""

from collections.abc import Sequence
from dataclasses import is_dataclass, replace
from functools import partial
from typing import Any

from orcaops import plugins
from orcaops.config import Settings
from orcaops.learning.baselines import BaselineLearner
from orcaops.learning.learner import Forecaster, Learner
from orcaops.learning.outliers import OutlierDetector
from orcaops.learning.predictors.cost import Cost
from orcaops.learning.scoring import Scores
from orcaops.model.errors import OrcaError
from orcaops.services.forecasts import NO_PRICES
from orcaops.wiring.prices import prices_in_force


def learners(settings: Settings) -> list[Learner]:
    """All of them, in the order in which they see a sample: who keeps the score comes first."""
    find = partial(plugins.find, folders=settings.plugins.dirs)
    stale_after = settings.learning.stale_after_days
    baseline = BaselineLearner(
        alpha=settings.learning.alpha, needed=settings.learning.needed, stale_after_days=stale_after
    )

    def ageing(detector: Any) -> Any:
        """One that judges no longer by what a baseline calls stale, unless it is told otherwise."""
        told = "stale_after_days" in settings.detectors.get(detector.name, {})
        known = is_dataclass(detector) and not isinstance(detector, type)
        if told or not known or not hasattr(detector, "stale_after_days"):
            return detector
        return replace(detector, stale_after_days=stale_after)

    return [
        _priced_scores(settings),
        baseline,
        *(ageing(each) for each in find("detector", parameters=settings.detectors)),
        *(_priced(each, settings) for each in find("predictor", parameters=settings.predictors)),
    ]


def forecasters(settings: Settings) -> list[Forecaster]:
    """In the order in which they are asked: the one that needs the longest history first."""
    found = plugins.find("forecaster", settings.plugins.dirs, settings.forecasters)
    return sorted(found, key=lambda each: (-each.fewest_hours, each.name))


def families(learners: Sequence[Learner]) -> dict[str, Sequence[str]]:
    """The detectors that judge single values: the digest controls their false alarms together."""
    return {each.name: each.metrics for each in learners if isinstance(each, OutlierDetector)}


def _priced(predictor: Learner, settings: Settings) -> Learner:
    """The cost predictor with the prices in force; a wrong price file must not keep runs from running."""
    if not isinstance(predictor, Cost):
        return predictor
    try:
        return replace(predictor, prices=prices_in_force(settings), missing=NO_PRICES)
    except OrcaError as error:
        return replace(predictor, prices=None, missing=f"{error}. {error.hint}")


def _priced_scores(settings: Settings) -> Scores:
    """Scores that know what runs cost; without a price file, or with a wrong one, they leave costs out."""
    try:
        return Scores(prices=prices_in_force(settings))
    except OrcaError:
        return Scores()
