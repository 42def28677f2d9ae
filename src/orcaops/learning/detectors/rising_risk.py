"""A job whose probability to fail creeps up."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.learning import episodes, staleness, working_out
from orcaops.learning.learner import Detector, Memories, Memory
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.metric import MetricName
from orcaops.model.sample import Sample
from orcaops.stats import rising

_LONGEST = 200
_FEWEST = 60
_FEWEST_FAILURES = 5
_TRACED = 19
_RECOVERED_AFTER = 25
_LEAST_RISE = 0.06
_LEAST_RATIO = 1.8
_NO_MORE = 0.5  # standard deviations: an episode is over when the rate has settled, at whatever level


@dataclass(frozen=True, slots=True, kw_only=True)
class RisingRisk:
    """Finds a failure probability that increases slowly, before the success rate has visibly dropped.

    A test for a trend over the last 200 outcomes (:mod:`orcaops.stats.rising`): the rate must rise by more
    than ``least_z`` standard deviations, by .06 at least, and nearly double. Failures in a row count once:
    a job that breaks and stays broken is a drop, not a trend. It is critical where more than every second
    run fails by now. The episode ends after 25 successes in a row, when the rate rises no more, or after
    ``stale_after_days`` without a run, and comparing begins anew. Silent with fewer than 60 outcomes or 5
    failures, on a constant, and on a job that fails as often as ever: at failure rates from .5 to 25 %
    fewer than .5 false episodes per 1000 runs, as ``python -m benchmarks learning`` measures.

    Costs about 10 µs a run and 2 kB a key.

    >>> detector.name
    'failure_rising'
    """

    name: str = "failure_rising"
    version: int = 1
    metrics: Sequence[str] = (MetricName.FAILURE,)
    levels: Sequence[str] = ("key",)
    least_z: float = 2.4
    stale_after_days: float = 90.0

    def fresh(self) -> Memory:
        """No outcome seen."""
        return {"outcomes": "", "failed": [], "last_at": None, "last": False, "passes": 0, "episode": None}

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        """The rise that this failure shows or continues, or that this success ends."""
        if sample.value < 0.5 and memories["key"]["episode"] is None:
            return ()
        return self._advanced(memories["key"], sample)[1]

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Remember the outcome; after an episode only the successes that ended it."""
        memories["key"].update(self._advanced(memories["key"], sample)[0])

    @working_out.once
    def _advanced(self, memory: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        failed = sample.value >= 0.5
        if staleness.stale(memory["last_at"], sample, self.stale_after_days):
            after, told = self._advanced(self.fresh(), sample)
            if memory["episode"] is not None:
                told = [self._anomaly(memory["episode"], sample, ended=staleness.TOLD), *told]
            return after, told
        at = round(sample.at_s, 3)
        after = {
            **memory,
            "last_at": at if memory["last_at"] is None else max(at, memory["last_at"]),
            "last": failed,
            "passes": 0 if failed else memory["passes"] + 1,
        }
        again = failed and memory["last"]
        if not again:
            after["outcomes"] = (memory["outcomes"] + "01"[failed])[-_LONGEST:]
        if failed:
            after["failed"] = [*memory["failed"], [sample.job_id, at]][-_TRACED:]
        episode = memory["episode"]
        if episode is None:
            return self._looked(after, sample) if failed and not again else (after, [])
        if failed:
            if _trend(after["outcomes"]).z < _NO_MORE:
                after["episode"] = None
                return after, [self._anomaly(episode, sample, ended="it rises no more")]
            after["episode"] = episodes.continued(episode, sample, self._found(after) or episode["finding"])
            return after, [self._anomaly(after["episode"], sample)]
        if after["passes"] < _RECOVERED_AFTER:
            return after, []
        after.update(episode=None, outcomes="0" * _RECOVERED_AFTER, failed=[])
        return after, [self._anomaly(episode, sample, ended=f"the last {_RECOVERED_AFTER} runs succeeded")]

    def _found(self, after: Memory) -> dict[str, Any] | None:
        outcomes = after["outcomes"]
        if len(outcomes) < _FEWEST or outcomes.count("1") < _FEWEST_FAILURES:
            return None
        seen = _trend(outcomes)
        if seen.z < self.least_z or seen.last < max(seen.first + _LEAST_RISE, _LEAST_RATIO * seen.first):
            return None
        half = len(outcomes) // 2
        return {
            "z": round(seen.z, 2),
            "first": round(seen.first, 4),
            "last": round(seen.last, 4),
            "runs": len(outcomes),
            "earlier": outcomes[:half].count("1"),
            "later": outcomes[half:].count("1"),
        }

    def _looked(self, after: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        found = self._found(after)
        if found is None:
            return after, []
        episode = episodes.begun(sample, found)
        after["episode"] = {**episode, "jobs": [job for job, _ in after["failed"]]}
        return after, [self._anomaly(after["episode"], sample)]

    def _anomaly(self, episode: episodes.Episode, sample: Sample, *, ended: str | None = None) -> Anomaly:
        found = episode["finding"]
        first, last, half = found["first"], found["last"], found["runs"] // 2
        return episodes.shown(
            episode,
            sample,
            detector=self.name,
            version=self.version,
            kind="rising_risk",
            severity=Severity.CRITICAL if last > 0.5 else Severity.WARNING,
            title=f"Fails more and more often: {last:.0%} by now, {first:.0%} at first",
            description=(
                f"Over the last {found['runs']} runs the failure rate rises from {first:.0%} to {last:.0%}:"
                f" {found['earlier']} failures in the first {half}, {found['later']} in those after."
                " Failures in a row count once." + (f" It is over: {ended}." if ended else "")
            ),
            expected=first,
            actual=last,
            unit="failure rate",
            deviation_percent=None if first == 0 else 100 * (last - first) / first,
            evidence={
                "z": found["z"],
                "runs": found["runs"],
                "failures_first_half": found["earlier"],
                "failures_second_half": found["later"],
            },
            closed=ended is not None,
        )


def _trend(outcomes: str) -> rising.Trend:
    return rising.trend([place for place, one in enumerate(outcomes) if one == "1"], len(outcomes))


detector: Detector = RisingRisk()
