"""What is normal for one key: the learner behind `orcaops baselines`."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from orcaops.learning import staleness
from orcaops.learning.learner import Learner, Memories, Memory
from orcaops.model.baseline import Baseline
from orcaops.model.metric import MetricName
from orcaops.model.quantities import MIB, show_size
from orcaops.model.run import Status
from orcaops.model.sample import Sample
from orcaops.stats import changes
from orcaops.stats.robust import percentile

_RING = 200
_TIMED = 48  # a change is never placed further back
_LEAST_S = 0.2
_LEAST_BYTES = 8.0 * MIB
_SHOWN = 60
_LARGEST = 1e150  # its square is still a number


@dataclass(frozen=True, slots=True, kw_only=True)
class BaselineLearner:
    """Remembers what the runs of one key were like.

    ``alpha`` is the learning rate of the exponentially weighted mean and deviation; ``needed`` how
    many successes make a baseline established; ``stale_after_days`` without a run, or three of the key's
    usual gaps if that is more, it is stale, which is judged when a baseline is read (:func:`aged`).
    Durations are those of successes; memory is that of every run that was measured and not killed; the
    success rate is over all runs that ended by their own doing.

    A step of a job with several has a baseline of its own, under ``<key>|step:<command>``.

    Figures are of the present *regime*: a lasting change (:mod:`orcaops.stats.changes`) of duration by
    0.2 s and ``least_ratio`` or more begins a new one at the run where it began, and so does the first
    success after the baseline had become stale. Memory follows its own changes, of 8 MiB or more.

    Costs about 250 µs a run and 6 kB a key.
    """

    name: str = "baseline"
    version: int = 2
    metrics: Sequence[str] = (
        MetricName.DURATION,
        MetricName.MEMORY,
        MetricName.FAILURE,
        MetricName.QUEUE_WAIT,
        MetricName.STEP_DURATION,
        MetricName.STEP_FAILURE,
    )
    levels: Sequence[str] = ("key",)
    pooled: bool = True
    alpha: float = 0.1
    needed: int = 10
    stale_after_days: float = 90.0
    least_ratio: float = 1.05

    def fresh(self) -> Memory:
        """Nothing seen yet."""
        return {
            "n": 0,
            "mean": 0.0,
            "variance": 0.0,
            "recent": [],
            "times": [],
            "memory_n": 0,
            "memory_mean": 0.0,
            "memory_max": 0.0,
            "memory_recent": [],
            "ended": 0,
            "failed": 0,
            "runs": 0,
            "last_job": "",
            "first_at": None,
            "last_at": None,
            "regime_at": None,
            "context": {},
        }

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Fold in one number of one run."""
        memory = memories["key"]
        at = sample.at_s
        if memory["last_job"] != sample.job_id:
            patience = staleness.patience_days(
                self.stale_after_days, memory["first_at"], memory["last_at"], memory["runs"]
            )
            if staleness.stale(memory["last_at"], sample, patience):
                _forget_figures(memory)
            memory["last_job"] = sample.job_id
            memory["runs"] += 1
            memory["first_at"] = at if memory["first_at"] is None else min(at, memory["first_at"])
            memory["last_at"] = at if memory["last_at"] is None else max(at, memory["last_at"])
            limit, cpus = sample.memory_limit_bytes, sample.cpus
            memory["context"] = {
                "branch": sample.branch,
                "commit": sample.commit,
                "cpus": None if cpus is None else f"{cpus:g}",
                "host": sample.host,
                "host_class": sample.host_class,
                "image_digest": sample.image_digest,
                "memory_limit": None if limit is None else show_size(limit),
            }
        if not math.isfinite(sample.value):
            return
        if sample.metric in (MetricName.FAILURE, MetricName.STEP_FAILURE):
            memory["ended"] += 1
            memory["failed"] += sample.value >= 0.5
        elif sample.censored or sample.metric == MetricName.QUEUE_WAIT:
            return  # a wait says that there was a run, which has been counted
        elif sample.metric == MetricName.MEMORY:
            self._learn_memory(memory, min(sample.value, _LARGEST))
        elif sample.status is Status.SUCCEEDED:
            self._learn_duration(memory, min(sample.value, _LARGEST), at)

    def _learn_duration(self, memory: Memory, seconds: float, at: float) -> None:
        self._count(memory, seconds, at)
        recent, times = memory["recent"], memory["times"]
        recent.append(seconds)
        times.append(round(at, 3))
        del recent[:-_RING], times[:-_TIMED]
        start = self._changed(recent, _LEAST_S)
        if start is None:
            return
        regime = recent[start:]
        memory.update(n=0, variance=0.0, recent=regime, times=times[-len(regime) :])
        for value, moment in zip(regime, memory["times"], strict=True):
            self._count(memory, value, moment)

    def _count(self, memory: Memory, seconds: float, at: float) -> None:
        if memory["n"] == 0:
            memory["mean"] = seconds
            memory["regime_at"] = at
        else:
            # West 1979, with a constant share: the variance around the moving mean.
            step = seconds - memory["mean"]
            memory["mean"] += self.alpha * step
            memory["variance"] = (1 - self.alpha) * (memory["variance"] + self.alpha * step * step)
        memory["n"] += 1

    def _learn_memory(self, memory: Memory, size: float) -> None:
        recent = memory["memory_recent"]
        recent.append(size)
        del recent[: -changes.LONGEST]
        start = self._changed(recent, _LEAST_BYTES)
        if start is None:
            memory["memory_n"] += 1
            memory["memory_mean"] += (size - memory["memory_mean"]) / memory["memory_n"]
            memory["memory_max"] = max(memory["memory_max"], size)
            return
        regime = recent[start:]
        mean = math.fsum(value / len(regime) for value in regime)
        memory.update(memory_n=len(regime), memory_mean=mean, memory_max=max(regime), memory_recent=regime)

    def _changed(self, values: Sequence[float], least: float) -> int | None:
        """The place in ``values`` from which on the regime is a new one; None if it is the same."""
        latest = values[-changes.LONGEST :]
        if not changes.ranks_show(latest):
            return None  # most runs: no logarithms are needed to say so
        logs = [math.log(max(value, 1e-3)) for value in latest]
        start = changes.began(logs, least_ratio=self.least_ratio, least_amount=least)
        return None if start is None else start + len(values) - len(logs)


def _forget_figures(memory: Memory) -> None:
    """Begin a new regime, without a run in it yet."""
    memory.update(n=0, mean=0.0, variance=0.0, recent=[], times=[], regime_at=None)
    memory.update(memory_n=0, memory_mean=0.0, memory_max=0.0, memory_recent=[])


def describe(learner: BaselineLearner, memory: Memory, *, workspace: str, key: str) -> Baseline:
    """The baseline that a memory of the baseline learner stands for; what is unknown is null."""
    n, ended, recent = memory["n"], memory["ended"], memory["recent"]
    ordered = sorted(recent)
    p50, p95, p99 = (percentile(ordered, p) if ordered else None for p in (50, 95, 99))
    measured = memory["memory_n"] > 0
    return Baseline(
        key=key,
        workspace=workspace,
        sample_count=n,
        duration_mean=memory["mean"] if n else None,
        duration_stddev=math.sqrt(memory["variance"]) if n > 1 else None,
        duration_p50=p50,
        duration_p95=p95,
        duration_p99=p99,
        memory_mean_mb=memory["memory_mean"] / MIB if measured else None,
        memory_max_mb=memory["memory_max"] / MIB if measured else None,
        success_rate=1 - memory["failed"] / ended if ended else None,
        last_updated=datetime.fromtimestamp(memory["last_at"], UTC),
        established=n >= learner.needed,
        needed=learner.needed,
        run_count=memory["runs"],
        failure_count=memory["failed"],
        first_seen=_time(memory["first_at"]),
        regime_since=_time(memory["regime_at"]),
        recent_durations=tuple(recent[-_SHOWN:]),
        context=dict(sorted(memory["context"].items())),  # as stored JSON has it
    )


def aged(baseline: Baseline, now: datetime, stale_after_days: float = 90.0) -> Baseline:
    """The baseline as it is read at ``now``: stale if nothing was learned for longer than is usual for it."""
    first = baseline.first_seen.timestamp() if baseline.first_seen is not None else None
    last = baseline.last_updated.timestamp()
    patience = staleness.patience_days(stale_after_days, first, last, baseline.run_count)
    stale = now - baseline.last_updated > timedelta(days=patience)
    return baseline if stale == baseline.stale else baseline.model_copy(update={"stale": stale})


def _time(seconds: float | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


learner: Learner = BaselineLearner()
