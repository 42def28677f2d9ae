"""Student's t distribution: tail and quantile, without the cost of importing scipy."""

import math
from functools import lru_cache


def tail(t: float, freedom: float) -> float:
    """The probability that \\|T\\| exceeds \\|t\\|, T having ``freedom`` > 0 degrees of freedom.

    By the continued fraction of the incomplete beta function (Lentz's method).

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


def incomplete_beta(a: float, b: float, x: float) -> float:
    """The probability that a Beta(a, b) distributed number is at most ``x`` (regularised, by Lentz's method).

    >>> round(incomplete_beta(2, 3, 0.4), 4)
    0.5248
    """
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = math.exp(
        math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b) + a * math.log(x) + b * math.log1p(-x)
    )
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1 - front * _fraction(b, a, 1 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    tiny = 1e-300
    c, d = 1.0, 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > tiny else tiny)
    value = d
    for m in range(1, 300):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        for step in (even, odd):
            d = 1 + step * d
            d = 1 / (d if abs(d) > tiny else tiny)
            c = 1 + step / c
            c = c if abs(c) > tiny else tiny
            value *= c * d
        if abs(c * d - 1) < 1e-15:
            break
    return value
