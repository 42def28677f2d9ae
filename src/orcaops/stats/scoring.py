"""How good predictions were: the figures of `orcaops exam`.

All take what was predicted and what came, in step, and give None for nothing.
"""

import math
from collections.abc import Sequence

_BINS = 10
_TINY = 1e-3


def within(estimates: Sequence[float], truths: Sequence[float], share: float = 0.2) -> float | None:
    """The share of estimates that lie within ``share`` of the truth, relative to the truth.

    >>> within([10, 10], [11, 20])
    0.5
    """
    if not truths:
        return None
    close = sum(abs(e - t) <= share * t for e, t in zip(estimates, truths, strict=True))
    return close / len(truths)


def median_abs_pct_error(estimates: Sequence[float], truths: Sequence[float]) -> float | None:
    """The median of \\|estimate − truth\\| / truth, as a fraction."""
    errors = sorted(abs(e - t) / t for e, t in zip(estimates, truths, strict=True) if t > 0)
    if not errors:
        return None
    half = len(errors) // 2
    return errors[half] if len(errors) % 2 else (errors[half - 1] + errors[half]) / 2


def mean_abs_log_error(estimates: Sequence[float], truths: Sequence[float]) -> float | None:
    """The mean of \\|ln(estimate / truth)\\|; values below a thousandth count as a thousandth."""
    if not truths:
        return None
    return math.fsum(
        abs(math.log(max(e, _TINY) / max(t, _TINY))) for e, t in zip(estimates, truths, strict=True)
    ) / len(truths)


def coverage(lows: Sequence[float], highs: Sequence[float], truths: Sequence[float]) -> float | None:
    """The share of truths inside their interval."""
    if not truths:
        return None
    inside = sum(low <= t <= high for low, high, t in zip(lows, highs, truths, strict=True))
    return inside / len(truths)


def winkler(
    lows: Sequence[float], highs: Sequence[float], truths: Sequence[float], alpha: float = 0.1
) -> float | None:
    """The mean Winkler score on the log scale: the width, plus 2/α for each unit by which it missed.

    Lower is better; a narrow interval and an honest one are traded against each other.
    """
    if not truths:
        return None
    scores = []
    for low, high, truth in zip(lows, highs, truths, strict=True):
        a, b, t = (math.log(max(x, _TINY)) for x in (low, high, truth))
        scores.append((b - a) + 2 / alpha * (max(a - t, 0.0) + max(t - b, 0.0)))
    return math.fsum(scores) / len(scores)


def pinball(
    lows: Sequence[float], highs: Sequence[float], truths: Sequence[float], alpha: float = 0.1
) -> float | None:
    """The mean pinball loss of both ends on the log scale, as quantiles α/2 and 1 − α/2; lower is better.

    >>> pinball([1.0], [1.0], [math.e])
    0.5
    """
    score = winkler(lows, highs, truths, alpha)
    # Each end's loss is α/2 times its share of the Winkler score.
    return None if score is None else score * alpha / 4


def width(lows: Sequence[float], highs: Sequence[float]) -> float | None:
    """How many times as large as its lower end the upper end of an interval is, as a median.

    >>> width([1.0, 2.0, 5.0], [2.0, 8.0, 15.0])
    3.0
    """
    ratios = sorted(max(high, _TINY) / max(low, _TINY) for low, high in zip(lows, highs, strict=True))
    if not ratios:
        return None
    half = len(ratios) // 2
    return ratios[half] if len(ratios) % 2 else (ratios[half - 1] + ratios[half]) / 2


def calibration_error(stated: Sequence[float], came: Sequence[bool]) -> float | None:
    """The expected calibration error: ten bins of stated probability, each against what came.

    >>> calibration_error([0.9, 0.9], [True, True])
    0.1
    """
    if not stated:
        return None
    counts, sums, hits = [0] * _BINS, [0.0] * _BINS, [0] * _BINS
    for probability, hit in zip(stated, came, strict=True):
        place = min(int(probability * _BINS), _BINS - 1)
        counts[place] += 1
        sums[place] += probability
        hits[place] += hit
    gap = sum(abs(total - hit) for total, hit in zip(sums, hits, strict=True))
    return round(gap / len(stated), 12)


def brier(stated: Sequence[float], came: Sequence[bool]) -> float | None:
    """The mean squared distance of stated probabilities from what came."""
    if not stated:
        return None
    return math.fsum((p - hit) ** 2 for p, hit in zip(stated, came, strict=True)) / len(stated)


def auc(stated: Sequence[float], came: Sequence[bool]) -> float | None:
    """The probability that something that came was given a higher probability than something that did not.

    None where everything came, or nothing did.

    >>> auc([0.1, 0.8, 0.8], [False, True, False])
    0.75
    """
    positives = sum(came)
    negatives = len(came) - positives
    if not positives or not negatives:
        return None
    order = sorted(range(len(stated)), key=stated.__getitem__)
    ranks = 0.0
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and stated[order[end + 1]] == stated[order[start]]:
            end += 1
        shared = (start + end) / 2 + 1
        ranks += shared * sum(came[order[place]] for place in range(start, end + 1))
        start = end + 1
    return (ranks - positives * (positives + 1) / 2) / (positives * negatives)
