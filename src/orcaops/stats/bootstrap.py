"""How far a figure over many series can be off, had other series been seen: the bootstrap over groups.

Runs of one job are alike, so that drawing runs would promise far too much; whole jobs are drawn instead
(the cluster bootstrap, Davison and Hinkley 1997, 3.8).
"""

import random
from collections.abc import Hashable, Mapping, Sequence

DRAWS = 300
"""How many times groups are drawn anew."""

_MOST_GROUPS = 20_000  # beyond, several groups are drawn together
_SEED = 20261122


def intervals(
    groups: Sequence[Hashable],
    ratios: Mapping[str, tuple[Sequence[float], Sequence[float]]],
    *,
    share: float = 0.95,
) -> dict[str, tuple[float, float]]:
    """For each ratio of two sums an interval that holds it in that ``share`` of cases.

    ``groups`` says for each case whose it is; each of the ``ratios`` has for each case what is added above
    and what is added below (ones, for a mean). A ratio with nothing below, or of one group, is left out.
    The draws are the same every time.

    >>> intervals(["a", "a", "b", "c"], {"mean": ([1, 1, 0, 1], [1, 1, 1, 1])})["mean"]
    (0.0, 1.0)
    """
    places: dict[Hashable, int] = {}
    mine = [places.setdefault(group, len(places)) % _MOST_GROUPS for group in groups]
    count = min(len(places), _MOST_GROUPS)
    if count < 2:
        return {}
    sums = {}
    for name, (above, below) in ratios.items():
        totals = [[0.0, 0.0] for _ in range(count)]
        for place, up, down in zip(mine, above, below, strict=True):
            totals[place][0] += up
            totals[place][1] += down
        sums[name] = totals
    chance = random.Random(_SEED)  # noqa: S311 - the same draws every time
    drawn: dict[str, list[float]] = {name: [] for name in sums}
    for _ in range(DRAWS):
        picks = chance.choices(range(count), k=count)
        for name, totals in sums.items():
            down = sum([totals[place][1] for place in picks])
            if down > 0:
                drawn[name].append(sum([totals[place][0] for place in picks]) / down)
    told = {}
    for name, values in drawn.items():
        if values:
            values.sort()
            tail = (1 - share) / 2
            told[name] = (values[int(tail * len(values))], values[-1 - int(tail * len(values))])
    return told
