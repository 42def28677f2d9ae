"""Centre and spread that a few wild values cannot move.

All functions take sorted lists where they say so, and never an empty one.
"""

from collections.abc import Sequence


def middle(ordered: Sequence[float]) -> float:
    """The median of an ordered, non-empty sequence.

    >>> middle([1.0, 2.0, 10.0]), middle([1.0, 2.0])
    (2.0, 1.5)
    """
    n = len(ordered)
    half = n // 2
    return ordered[half] if n % 2 else (ordered[half - 1] + ordered[half]) / 2


def median_deviation(ordered: Sequence[float], centre: float) -> float:
    """The median absolute deviation of an ordered sequence from ``centre``, unscaled.

    >>> median_deviation([1.0, 2.0, 10.0], 2.0), median_deviation([1.0, 2.0, 4.0, 9.0], 3.0)
    (1.0, 1.5)
    """
    # The nearer half of the values lies side by side: where it begins is found by halving.
    n = len(ordered)
    more = n // 2  # values beside the first of that half
    first, last = 0, n - 1 - more
    while first < last:
        place = (first + last) // 2
        if centre - ordered[place] > ordered[place + more + 1] - centre:
            first = place + 1
        else:
            last = place
    left, right = centre - ordered[first], ordered[first + more] - centre
    if n % 2:
        return max(left, right)
    if left > right:
        return (left + max(centre - ordered[first + 1], right)) / 2
    return (right + max(left, ordered[first + more - 1] - centre)) / 2


def percentile(ordered: Sequence[float], percent: float) -> float:
    """The percentile of an ordered, non-empty sequence, as ``numpy.percentile`` computes it.

    >>> percentile([1.0, 2.0, 3.0, 4.0], 50)
    2.5
    """
    place = (len(ordered) - 1) * (percent / 100)
    below = int(place)
    share = place - below
    low = ordered[below]
    high = ordered[min(below + 1, len(ordered) - 1)]
    gap = high - low
    return high - gap * (1 - share) if share >= 0.5 else low + gap * share


def half_sample_mode(ordered: Sequence[float]) -> float:
    """Where an ordered, non-empty sequence is densest (Bickel and Frühwirth 2006).

    Halves the sample again and again, each time keeping the half that lies closest together; of
    equally close halves the later one, which is the higher.
    """
    low, n = 0, len(ordered)
    while n > 2:
        half = (n + 1) // 2
        best, width = low, float("inf")
        for start in range(low, low + n - half + 1):
            spread = ordered[start + half - 1] - ordered[start]
            if spread <= width:
                best, width = start, spread
        low, n = best, half
    return (ordered[low] + ordered[low + n - 1]) / 2


def weighted_median(values: Sequence[float], weights: Sequence[float]) -> float:
    """The value at which half of the weight is reached."""
    pairs = sorted(zip(values, weights, strict=True))
    half = sum(weights) / 2
    reached = 0.0
    for value, weight in pairs:
        reached += weight
        if reached >= half:
            return value
    return pairs[-1][0]
