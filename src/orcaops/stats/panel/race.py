"""The race of the panel against naive rules on the same series: who leads it, makes the estimate."""

from collections.abc import Sequence

from orcaops.stats.panel.experts import EXPERTS
from orcaops.stats.residuals import State
from orcaops.stats.rounding import rounded

RIVALS = {
    "last": "the last value",
    "ema_0.3": "a moving average",
    "median_9": "the median of the last 9",
    "median_25": "the median of the last 25",
}
"""The experts that are naive rules of their own, in words."""

RIVAL_PLACES = tuple(EXPERTS.index(name) for name in RIVALS)
"""Where they stand among the experts."""

_FORGETTING = 0.99
_POOL_MASS = 40.0  # the race on all series counts as much as so many values
_LEAD = 0.02  # a rival must be ahead by this share,
_LUCK = 2.0  # by more while few values were seen: among five one is soon ahead by chance,
_LEAST = 0.002  # and by this much, or rounding would decide on a constant
_WORST = 6.0


def winner(series: State, pool: State) -> int | None:
    """The place among the rivals of the one that beats the panel on this series; None if none does."""
    race = series["race"]
    if not race:
        return None
    mass = race[0] + _POOL_MASS
    losses = [(own + _POOL_MASS * all_) / mass for own, all_ in zip(race[1:], pool["race"], strict=True)]
    best = min(losses)
    lead = _LEAD + _LUCK / (race[0] + min(pool["scored"], _POOL_MASS))
    return None if best > losses[0] * (1 - lead) - _LEAST else losses.index(best) - 1


def runners(panel: float, experts: Sequence[float]) -> list[float]:
    """What the panel and its rivals expected."""
    return [panel, *(experts[place] for place in RIVAL_PLACES)]


def count(series: State, errors: Sequence[float]) -> list[float]:
    """Count how far off the panel and its rivals were, side by side; returns that, as far as it counts."""
    losses = [min(error, _WORST) for error in errors]
    race = series["race"] or [0.0] * (1 + len(losses))
    series["race"] = rounded(
        [_FORGETTING * former + loss for former, loss in zip(race, [1.0, *losses], strict=True)], 5
    )
    return losses
