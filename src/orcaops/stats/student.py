"""Student's t distribution: tail and quantile, without the cost of importing scipy."""

from functools import lru_cache

from orcaops.stats.incomplete_beta import incomplete_beta


def tail(t: float, freedom: float) -> float:
    """The probability that \\|T\\| exceeds \\|t\\|, T having ``freedom`` > 0 degrees of freedom.

    >>> round(tail(2.228139, 10), 6)
    0.05
    """
    x = freedom / (freedom + t * t)
    return incomplete_beta(freedom / 2, 0.5, x)


@lru_cache(maxsize=1024)
def critical(two_sided: float, freedom: float) -> float:
    """The t that \\|T\\| exceeds with probability ``two_sided``.

    >>> round(critical(0.05, 10), 4), round(critical(0.003, 30), 3)
    (2.2281, 3.23)
    """
    low, high = 0.0, 2.0
    while tail(high, freedom) > two_sided:
        high *= 2
    for _ in range(80):
        centre = (low + high) / 2
        if tail(centre, freedom) > two_sided:
            low = centre
        else:
            high = centre
    return (low + high) / 2
