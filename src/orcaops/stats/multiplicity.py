"""Many tests at once: which findings to tell so that few of those told are false."""

from collections.abc import Sequence


def discoveries(p_values: Sequence[float], tests: int | None = None, *, rate: float = 0.1) -> list[int]:
    """The places of the p-values to tell, by Benjamini and Hochberg (1995), in their order.

    Of what is told a share ``rate`` at most is expected to be false. ``tests`` is how many tests were
    made in all, if only the smallest of their p-values are given.

    >>> discoveries([0.001, 0.5, 0.04, 0.02], rate=0.1)
    [0, 2, 3]
    >>> discoveries([0.001, 0.04, 0.02], tests=100)
    [0]
    """
    m = max(tests or 0, len(p_values))
    ranked = sorted(range(len(p_values)), key=lambda place: (p_values[place], place))
    told = 0
    for rank, place in enumerate(ranked, 1):
        if p_values[place] <= rate * rank / m:
            told = rank
    return sorted(ranked[:told])
