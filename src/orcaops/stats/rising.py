"""Whether a rate rises slowly: the Cochran-Armitage test for a trend of a proportion over time."""

import math
from collections.abc import Sequence
from typing import NamedTuple


class Trend(NamedTuple):
    """How surely a rate rises (``z``, in standard deviations), and its line from ``first`` to ``last``."""

    z: float
    first: float
    last: float


def trend(places: Sequence[int], n: int) -> Trend:
    """The trend of ``n`` outcomes of which those at ``places`` (0 to n - 1) were failures.

    One more failure and one more success are assumed, so that few failures are no certainty.

    >>> trend([80, 90, 95, 99], 100).z > 2 > 0 > trend([1, 5, 10], 100).z
    True
    """
    if n < 2:
        return Trend(0.0, 0.0, 0.0)
    centre = (n - 1) / 2
    spread = n * (n * n - 1) / 12
    moment = sum(places) - len(places) * centre
    rate = (len(places) + 1) / (n + 2)
    slope, mean = moment / spread, len(places) / n
    return Trend(
        moment / math.sqrt(rate * (1 - rate) * spread),
        min(max(mean - slope * centre, 0.0), 1.0),
        min(max(mean + slope * centre, 0.0), 1.0),
    )
