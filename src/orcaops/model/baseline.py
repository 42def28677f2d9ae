"""Baseline: what is normal for one key."""

from typing import Annotated

from pydantic import Field, NonNegativeInt

from orcaops.model.job import DEFAULT_WORKSPACE, Workspace
from orcaops.model.quantities import Finite, UtcTime
from orcaops.model.word import Word


class Baseline(Word):
    """What is normal for one key; a figure that is not known yet is null.

    Durations are seconds of successful runs; ``duration_mean`` and ``duration_stddev`` are
    exponentially weighted (α = 0.1 by default); percentiles are ``numpy.percentile`` over the
    regime's last 200 successes at most; memory is MiB. ``sample_count`` counts the successes
    of the present regime, and the baseline is ``established`` from ``needed`` of them on.
    ``success_rate`` is over all runs that ended by their own doing. ``regime_since`` is when the
    first success of the present regime ended: the first ever, or the first after a reset, a lasting
    change or a time without runs that made the baseline stale. ``context`` is that of the latest run: branch,
    commit, CPUs and memory limit, host and class of host, image digest; null where unknown.
    """

    key: str
    workspace: Workspace = DEFAULT_WORKSPACE
    sample_count: NonNegativeInt
    duration_mean: Finite | None = None
    duration_stddev: Finite | None = None
    duration_p50: Finite | None = None
    duration_p95: Finite | None = None
    duration_p99: Finite | None = None
    memory_mean_mb: Finite | None = None
    memory_max_mb: Finite | None = None
    success_rate: Annotated[float, Field(ge=0, le=1)] | None = None
    last_updated: UtcTime
    established: bool = False
    needed: NonNegativeInt = 10
    run_count: NonNegativeInt = 0
    failure_count: NonNegativeInt = 0
    first_seen: UtcTime | None = None
    regime_since: UtcTime | None = None
    stale: bool = False
    recent_durations: tuple[Finite, ...] = ()
    context: dict[str, str | None] = Field(default_factory=dict)
