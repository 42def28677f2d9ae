"""What is normal for one test: its memory as a baseline, worked out when it is asked for.

Tests come by thousands, so their baselines are not stored beside those of jobs, in whose list they would
drown what people look for.
"""

import math
from datetime import UTC, datetime

from orcaops.learning.learner import Memory
from orcaops.model.baseline import Baseline
from orcaops.stats.robust import percentile

NEEDED = 10
"""Passes from which on the baseline of a test is established."""

_ALPHA = 0.1


def describe_test(memory: Memory, *, workspace: str, key: str) -> Baseline:
    """The baseline of a test: durations of its latest passes, rates over all its runs."""
    seconds = [round(math.exp(value), 4) for value in memory["d"]]
    ordered = sorted(seconds)
    mean = variance = 0.0
    for place, value in enumerate(seconds):
        step = value - mean
        share = _ALPHA if place else 1.0
        mean += share * step
        variance = (1 - _ALPHA) * (variance + _ALPHA * step * step) if place else 0.0
    passes = memory["n"] - memory["f"]
    p50, p95, p99 = (percentile(ordered, p) if ordered else None for p in (50, 95, 99))
    return Baseline(
        key=key,
        workspace=workspace,
        sample_count=passes,
        duration_mean=mean if seconds else None,
        duration_stddev=math.sqrt(variance) if len(seconds) > 1 else None,
        duration_p50=p50,
        duration_p95=p95,
        duration_p99=p99,
        success_rate=passes / memory["n"] if memory["n"] else None,
        last_updated=datetime.fromtimestamp(memory["t"], UTC),
        established=passes >= NEEDED,
        needed=NEEDED,
        run_count=memory["n"],
        failure_count=memory["f"],
        recent_durations=tuple(seconds),
    )
