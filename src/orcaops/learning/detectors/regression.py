"""A job that has become slower, hungrier or busier for good, or has improved."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.learning import episodes, staleness, suspects, working_out
from orcaops.learning.learner import Detector, Memories, Memory
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.metric import MetricName
from orcaops.model.quantities import MIB, show_duration, show_size
from orcaops.model.run import Status
from orcaops.model.sample import Sample
from orcaops.stats import changes
from orcaops.stats.robust import middle

_TRACED = 48  # runs whose ids and circumstances are kept
_CHECKED_AFTER = 15
_NORMAL_AFTER = 60
_WORDS: Mapping[str, tuple[str, str, str, float]] = {
    MetricName.DURATION: ("takes longer", "is faster", "duration", 0.2),
    MetricName.CPU: ("needs more CPU time", "needs less CPU time", "CPU time", 0.2),
    MetricName.MEMORY: ("needs more memory", "needs less memory", "memory", 8.0 * MIB),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Regression:
    """Finds lasting changes of duration, CPU time and memory, and says since which run.

    A change is told when at least five runs lie behind it (:mod:`orcaops.stats.changes`): by how much,
    with a 90% interval; since which run, and between which two it began with 90%; and what else changed
    there (commit, image digest, command, host, branch, limits, names in the environment).
    ``least_ratio`` is the smallest that matters. A change for the worse is a warning, critical from twice
    as much on; an improvement is information. It ends when it is undone, when 15 runs later nothing is
    left of it, or when after 60 runs it has become normal. After ``stale_after_days`` without a run
    comparing begins anew. Silent with fewer than 15 successful runs, on a constant, and below 0.2 s
    or 8 MiB.

    Costs about 100 µs a run and 6 kB a key.

    >>> detector.name
    'regression'
    """

    name: str = "regression"
    version: int = 3
    metrics: Sequence[str] = (MetricName.DURATION, MetricName.CPU, MetricName.MEMORY)
    levels: Sequence[str] = ("key",)
    least_ratio: float = 1.05
    stale_after_days: float = 90.0

    def fresh(self) -> Memory:
        """Nothing to compare with."""
        return {"values": [], "runs": [], "base": None, "context": None, "episode": None, "since": 0}

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        """The change that this run confirms, and the one that it ends."""
        return self._advanced(memories["key"], sample)[1]

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Remember the value; after a change only what came since."""
        memories["key"].update(self._advanced(memories["key"], sample)[0])

    @working_out.once
    def _advanced(self, memory: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        """The memory after the sample, and what there is to tell."""
        if sample.censored or sample.status is not Status.SUCCEEDED or not math.isfinite(sample.value):
            return memory, []
        told: list[Anomaly] = []
        if memory["runs"] and staleness.stale(memory["runs"][-1][1], sample, self.stale_after_days):
            if memory["episode"] is not None:
                told.append(self._anomaly(memory["episode"], sample, ended=staleness.TOLD))
            memory = self.fresh()
        context = suspects.circumstances_of(sample)
        values = [*memory["values"], round(math.log(min(max(sample.value, 1e-3), 1e300)), 5)]
        run = [sample.job_id, round(sample.at_s, 3), suspects.changed(memory["context"], context)]
        runs = [*memory["runs"], run]
        base = memory["base"] or list(context)
        for gone in runs[:-_TRACED]:
            base = suspects.after(base, gone[2])
        after: Memory = {
            "values": values[-changes.LONGEST :],
            "runs": runs[-_TRACED:],
            "base": base,
            "context": context,
            "episode": memory["episode"],
            "since": memory["since"] + 1,
        }
        found = self._found(after["values"], sample.metric)
        if found is not None:
            self._accept(after, *found, sample, told)
        elif after["episode"] is not None:
            self._check(after, sample, told)
        return after, told

    def _found(
        self, values: list[float], metric: str
    ) -> tuple[changes.Change, list[tuple[int, float]]] | None:
        """The change that the values show, from where it likely began, and all places where it may have.

        None where nothing that matters is left of it when it is measured from there.
        """
        seen = changes.scan(values, least=math.log(self.least_ratio))
        if seen is None or not self._matters(seen, metric):
            return None
        places = changes.placed(values, seen.at)
        change = changes.measured(values, places[0][0])
        return (change, places) if self._matters(change, metric) else None

    def _matters(self, change: changes.Change, metric: str) -> bool:
        amount = abs(math.exp(change.after) - math.exp(change.before))
        return abs(change.size) > math.log(self.least_ratio) and amount >= _WORDS[metric][3]

    def _accept(
        self,
        after: Memory,
        change: changes.Change,
        places: list[tuple[int, float]],
        sample: Sample,
        told: list[Anomaly],
    ) -> None:
        values, runs = after["values"], after["runs"]
        start = change.at
        offset = len(values) - len(runs)  # place of the first run that is traced
        former = after["episode"]
        after["values"] = values[start:]
        after["since"] = len(after["values"])
        if former is not None and _undone(former["finding"], change.after):
            # Coming back is the end of that episode and no news of its own.
            after["episode"] = None
            told.append(self._anomaly(former, sample, ended="the change is undone"))
            return
        if former is not None:
            told.append(self._anomaly(former, sample, ended="another change has followed"))
        began = runs[max(start - offset, 0)]
        traced = [place - offset for place, _ in places if place >= offset]
        finding = {
            "size": round(change.size, 5),
            "low": round(change.low, 5),
            "high": round(change.high, 5),
            "t": round(change.t, 2),
            "before": round(math.exp(change.before), 6),
            "after": round(math.exp(change.after), 6),
            "likely": [
                [runs[place - offset][0], round(share, 3)] for place, share in places[:5] if place >= offset
            ],
            "between": [runs[min(traced)][0], runs[max(traced)][0]] if traced else [began[0], began[0]],
            "suspects": suspects.suspects(runs, after["base"], traced),
        }
        after["episode"] = {
            "job": began[0],
            "at": began[1],
            "jobs": [run[0] for run in runs[max(start - offset, 0) :]][-19:],
            "count": len(values) - start,
            "last_at": sample.at_s,
            "quiet": 0,
            "finding": finding,
        }
        told.append(self._anomaly(after["episode"], sample, ended=None))

    def _check(self, after: Memory, sample: Sample, told: list[Anomaly]) -> None:
        episode, since = after["episode"], after["since"]
        if since == _CHECKED_AFTER and _undone(episode["finding"], middle(sorted(after["values"]))):
            told.append(self._anomaly(episode, sample, ended="it did not last"))
            after["episode"] = None
        elif since >= _NORMAL_AFTER:
            told.append(self._anomaly(episode, sample, ended="the new level has become normal"))
            after["episode"] = None

    def _anomaly(self, episode: episodes.Episode, sample: Sample, *, ended: str | None) -> Anomaly:
        found = episode["finding"]
        worse, better, what, _ = _WORDS[sample.metric]
        show = show_size if sample.metric == MetricName.MEMORY else show_duration
        grew = found["size"] > 0
        percent, low, high = (100 * math.expm1(min(found[name], 50.0)) for name in ("size", "low", "high"))
        severity = Severity.INFO
        if grew:
            severity = Severity.CRITICAL if found["size"] >= math.log(2) else Severity.WARNING
        first, last = found["between"]
        when = f" (between {first} and {last} with 90%)" if first != last else ""
        words = worse if grew else better
        return episodes.shown(
            episode,
            sample,
            detector=self.name,
            version=self.version,
            kind="regression" if grew else "improvement",
            severity=severity,
            title=f"{words[0].upper()}{words[1:]} by {abs(percent):.0f}%:"
            f" {show(found['after'])} instead of {show(found['before'])}",
            description=(
                f"Since run {episode['job']}{when} the {what} has a median of {show(found['after'])}, before"
                f" {show(found['before'])}: {percent:+.0f}% (90% interval {low:+.0f} to {high:+.0f}%)."
                f" {suspects.told(found['suspects'])}" + (f" Over: {ended}." if ended else "")
            ),
            expected=found["before"],
            actual=found["after"],
            unit="bytes" if sample.metric == MetricName.MEMORY else "s",
            deviation_percent=percent,
            evidence={
                "metric": str(sample.metric),
                "change_percent": round(percent, 2),
                "change_percent_low": round(low, 2),
                "change_percent_high": round(high, 2),
                "t": found["t"],
                "likely_first_runs": [{"job_id": job, "probability": p} for job, p in found["likely"]],
                "began_between": [first, last],
                "suspects": found["suspects"],
            },
            series=str(sample.metric),
            closed=ended is not None,
        )


def _undone(finding: Any, level: float) -> bool:
    """Whether a level (a logarithm) lies nearer to what was before a change than to what came."""
    before = math.log(max(finding["before"], 1e-6))
    return bool(abs(level - before) < abs(finding["size"]) / 3)


detector: Detector = Regression()
