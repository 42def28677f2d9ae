"""Two things measured in turn, so that whatever else the machine does falls on both."""

import statistics
import time
from collections.abc import Callable


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes, in seconds."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def medians(ours: Callable[[], object], rivals: Callable[[], object], n: int) -> tuple[float, float]:
    """Median seconds of ``n`` calls each, alternating, after one call of each that is not counted."""
    ours(), rivals()
    taken = [(seconds(ours), seconds(rivals)) for _ in range(n)]
    return statistics.median(t for t, _ in taken), statistics.median(t for _, t in taken)
