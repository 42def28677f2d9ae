"""Many runs of the same job in a short time, one after the other, most of them failing."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.learning import episodes
from orcaops.learning.learner import Detector, Memories, Memory
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.metric import MetricName
from orcaops.model.quantities import show_duration
from orcaops.model.sample import Sample

_GAP_RATE = 0.1
_KNOWN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryStorm:
    """Finds retries that have got out of hand.

    Runs that follow each other at once (submitted within ``pause_s`` after the one before had ended)
    are one burst; runs that were started side by side are none. A burst of ``needed`` runs within
    ``window_s``, of which the share ``failing`` or more failed, is a storm, unless the job is usually run
    as often: once ten runs are known they must come three times as fast as usual. The episode ends with
    the burst, or with three successes in a row. Silent with fewer than ``needed`` runs, and for jobs
    that succeed.

    Costs about 10 µs a run and 1 kB a key.

    >>> detector.name
    'anomaly_retry_storm'
    """

    name: str = "anomaly_retry_storm"
    version: int = 1
    metrics: Sequence[str] = (MetricName.FAILURE,)
    levels: Sequence[str] = ("key",)
    needed: int = 10
    failing: float = 0.8
    window_s: float = 900.0
    pause_s: float = 60.0
    faster: float = 3.0

    def fresh(self) -> Memory:
        """No run seen."""
        return {"burst": [], "at": None, "gap": None, "gaps": 0, "episode": None}

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        """The storm that this run begins, continues or ends."""
        if sample.value < 0.5 and memories["key"]["episode"] is None:
            return ()  # a success begins none, and most runs succeed
        return self._advanced(memories["key"], sample)[1]

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Remember the run; how fast runs usually follow is learned outside of storms."""
        memories["key"].update(self._advanced(memories["key"], sample)[0])

    def _advanced(self, memory: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        failed = sample.value >= 0.5
        at = round(sample.at_s, 3)
        last_at, episode = memory["at"], memory["episode"]
        asked_at = at if sample.submitted_at is None else sample.submitted_at.timestamp()
        follows = last_at is not None and 0 <= asked_at - last_at <= self.pause_s
        burst = [*(memory["burst"] if follows else []), [sample.job_id, at, failed]][-self.needed :]
        after: Memory = {"burst": burst, "at": at if last_at is None else max(at, last_at)}
        if episode is not None:
            if not follows or not any(run[2] for run in burst[-3:]):
                after["episode"] = None
                return after, [self._anomaly(episode, sample, closed=True)]
            if not failed:
                return after, []
            after["episode"] = episodes.continued(episode, sample)
            return after, [self._anomaly(after["episode"], sample)]
        if last_at is not None and not (follows and failed):
            gap = max(at - last_at, 0.0)
            known = memory["gap"]
            after["gaps"] = min(memory["gaps"] + 1, _KNOWN)
            after["gap"] = gap if known is None else round(known + _GAP_RATE * (gap - known), 3)
        if not failed or not self._is_storm(burst, memory):
            return after, []
        after["episode"] = self._begun(burst, memory)
        return after, [self._anomaly(after["episode"], sample)]

    def _is_storm(self, burst: Sequence[Any], memory: Memory) -> bool:
        if len(burst) < self.needed or burst[-1][1] - burst[0][1] > self.window_s:
            return False
        if sum(run[2] for run in burst) < self.failing * len(burst):
            return False
        gap = (burst[-1][1] - burst[0][1]) / (len(burst) - 1)
        return bool(memory["gaps"] < _KNOWN or gap * self.faster <= memory["gap"])

    def _begun(self, burst: Sequence[Any], memory: Memory) -> episodes.Episode:
        failures = [run for run in burst if run[2]]
        return {
            "job": failures[0][0],
            "at": failures[0][1],
            "jobs": [run[0] for run in failures],
            "count": len(failures),
            "last_at": burst[-1][1],
            "quiet": 0,
            "finding": {
                "runs": len(burst),
                "failed": len(failures),
                "seconds": round(burst[-1][1] - burst[0][1], 3),
                "usual": memory["gap"] if memory["gaps"] >= _KNOWN else None,
            },
        }

    def _anomaly(self, episode: episodes.Episode, sample: Sample, *, closed: bool = False) -> Anomaly:
        found, count = episode["finding"], episode["count"]
        seconds = show_duration(found["seconds"])
        usually = ""
        if found["usual"] is not None:
            usually = f" Usually its runs are {show_duration(found['usual'])} apart."
        return episodes.shown(
            episode,
            sample,
            detector=self.name,
            version=self.version,
            kind="retry_storm",
            severity=Severity.CRITICAL if count >= 3 * self.needed else Severity.WARNING,
            title=f"Retry storm: {count} failures, one run right after the other",
            description=(
                f"{found['runs']} runs came within {seconds}, each right after the one before;"
                f" {found['failed']} of them failed. {count} failures belong to this episode.{usually}"
                " Something retries without waiting." + (" It is over." if closed else "")
            ),
            expected=self.pause_s if found["usual"] is None else round(found["usual"], 1),
            actual=round(found["seconds"] / (found["runs"] - 1), 1),
            unit="s",
            deviation_percent=None,
            evidence={"runs": found["runs"], "failures": found["failed"], "seconds": found["seconds"]},
            closed=closed,
        )


detector: Detector = RetryStorm()
