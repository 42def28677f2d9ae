"""Ten simple experts for the next value of a series of logarithms, and what they expect together."""

import math
from collections.abc import Sequence

from orcaops.stats.residuals import State
from orcaops.stats.robust import half_sample_mode, middle, weighted_median
from orcaops.stats.rounding import rounded

EXPERTS = ("ew_0.5", "ew_2", "ew_5", "ew_20", "mean", "median_9", "median_25", "last", "mode_25", "ema_0.3")

_HALF_LIVES = (0.5, 2.0, 5.0, 20.0)
_DECAYS = tuple(0.5 ** (1 / life) for life in _HALF_LIVES)
_WINDOW = 25
_WORST_ERROR = 0.5  # one wild value proves nothing
_FORGETTING = 0.9
_SHARPNESS = 6.0
_POOL_TRUST = 8.0
_POOL_YOUNG = 100.0  # after so many values of all series what they say is trusted half


def fold(series: State, y: float) -> None:
    """Let every expert of a series see the value, and say what it expects next."""
    series["n"] += 1
    n = series["n"]
    recent = series["recent"]
    recent.append(round(y, 6))
    if len(recent) > _WINDOW:
        del recent[0]
    means = series["means"]
    if n == 1:
        series["means"] = means = [y] * (len(_DECAYS) + 1)
        series["loss"] = [0.0] * len(EXPERTS)
    else:
        shares = [(1 - decay) / (1 - decay**n) if n < 200 else 1 - decay for decay in _DECAYS]
        moved = [mean + share * (y - mean) for mean, share in zip(means, shares, strict=False)]
        series["means"] = means = rounded([*moved, means[-1] + (y - means[-1]) / n], 6)
    linear = series["linear"]
    series["linear"] = y if linear is None else round(_mixed(linear, y), 6)
    ordered = sorted(recent)
    series["experts"] = [
        *means,
        middle(ordered if n <= 9 else sorted(recent[-9:])),
        middle(ordered),
        recent[-1],
        half_sample_mode(ordered),
        series["linear"],
    ]


def charge(series: State, errors: Sequence[float]) -> list[float]:
    """Count against each expert how far off it was; returns that, as far as it counts."""
    losses = [min(error, _WORST_ERROR) for error in errors]
    series["loss"] = rounded(
        [_FORGETTING * former + loss for former, loss in zip(series["loss"], losses, strict=True)], 6
    )
    return losses


def consensus(expected: list[float], loss: list[float], pool: State) -> float:
    """The weighted median of what they expect; who erred less, here and everywhere, weighs more.

    Where few values of other series were seen, "everywhere" is hardly more than this series once again.
    """
    best, pool_loss = min(loss), pool["loss"]
    if pool_loss:
        pool_best = min(pool_loss)
        trust = _POOL_TRUST * pool["scored"] / (pool["scored"] + _POOL_YOUNG)
        weights = [
            math.exp(-_SHARPNESS * ((own - best) + trust * (all_ - pool_best)))
            for own, all_ in zip(loss, pool_loss, strict=True)
        ]
    else:
        weights = [math.exp(-_SHARPNESS * (own - best)) for own in loss]
    return weighted_median(expected, weights)


def _mixed(mean: float, y: float) -> float:
    """ln of .7 of the one and .3 of the other, which are logarithms themselves."""
    top = max(mean, y)
    return top + math.log(0.7 * math.exp(mean - top) + 0.3 * math.exp(y - top))
