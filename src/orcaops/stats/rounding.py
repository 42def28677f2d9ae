"""Rounding many numbers as ``round()`` does, and faster."""

from collections.abc import Iterable

_SURE = 0.499999  # nearer to the middle of two, only exact decimals can tell
_LARGEST = 1e9  # above, a product with the scale is too coarse to tell

WHOLE = 1.5 * 2**52
"""So large a float has no decimals: added to a smaller one and taken away again, it leaves a whole number."""


def rounded(values: Iterable[float], digits: int) -> list[float]:
    """Each value as ``round(value, digits)`` gives it, but never a negative zero.

    >>> rounded([0.12345678, -2.5, 1e300], 5)
    [0.12346, -2.5, 1e+300]
    """
    scale = 10.0**digits
    # A whole number divided by a power of ten is the nearest number with that many decimals.
    return [
        whole / scale
        if -_SURE < (scaled := value * scale) - (whole := scaled + WHOLE - WHOLE) < _SURE
        and -_LARGEST < scaled < _LARGEST
        else round(value, digits) + 0.0
        for value in values
    ]
