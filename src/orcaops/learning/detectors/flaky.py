"""A job that sometimes fails although nothing is broken."""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from orcaops.learning import episodes, staleness, working_out
from orcaops.learning.learner import Detector, Memories, Memory
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.metric import MetricName
from orcaops.model.sample import Sample
from orcaops.stats import flakiness

_DAY_S = 86400.0
_CLEAN_RUNS = 30
_CLEAN_DAYS = 7.0
_RECOVERED = 0.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Flaky:
    """Finds jobs whose outcome changes while nothing else does.

    A hidden Markov model weighs whether failures are better explained by a job that was broken and mended
    or by one that fails now and then (:mod:`orcaops.stats.flakiness`). What can break or mend a job
    is a change of commit or image digest; where the commit is unknown, every run may bring one. A job is
    flaky if it fails, while healthy, at least once in a hundred runs with probability ``sure``, and
    has done so twice. A failure with another command, other variables or other limits than the last
    success is not weighed: that may be why. The episode ends when that probability falls below one half,
    or after 30 runs and 7 days without a failure; after ``stale_after_days`` without a run weighing begins
    anew. Silent for a job that always or never fails, and for one that broke and was mended.

    Costs about 150 µs a run and 3 kB a key.

    >>> detector.name
    'flaky'
    """

    name: str = "flaky"
    version: int = 2
    metrics: Sequence[str] = (MetricName.FAILURE,)
    levels: Sequence[str] = ("key",)
    sure: float = 0.9
    rate: float = 0.01
    needed_failures: float = 1.8
    stale_after_days: float = 90.0

    def fresh(self) -> Memory:
        """No outcome seen."""
        return {"hidden": None, "runs": 0, "failures": 0, "healthy_failures": 0.0,
                "change": None, "first": None, "clean": 0, "failed_at": None, "episode": None,
                "last_at": None, "passed_as": None}  # fmt: skip

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        """The flakiness that this run shows, or continues, or ends."""
        if sample.value < 0.5 and memories["key"]["episode"] is None:
            return ()  # a success begins nothing, and most runs succeed
        return self._advanced(memories["key"], sample)[1]

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Weigh the outcome."""
        memories["key"].update(self._advanced(memories["key"], sample)[0])

    @working_out.once
    def _advanced(self, memory: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        failed = sample.value >= 0.5
        if staleness.stale(memory["last_at"], sample, self.stale_after_days):
            after, told = self._advanced(self.fresh(), sample)
            if memory["episode"] is not None:
                told = [self._anomaly(memory["episode"], sample, ended=staleness.TOLD), *told]
            return after, told
        change = [sample.commit, sample.image_digest]
        changed = memory["runs"] > 0 and (sample.commit is None or memory["change"] != change)
        asked = _asked(sample)
        at = round(sample.at_s, 3)
        if failed and memory["passed_as"] not in (None, asked):
            return {**memory, "last_at": at}, []
        hidden = dict(memory["hidden"] or flakiness.fresh(flakiness.FLAKY))
        healthy = flakiness.learn(hidden, flakiness.FLAKY, failed=failed, changed=changed)
        after = {
            "hidden": hidden,
            "runs": memory["runs"] + 1,
            "failures": memory["failures"] + failed,
            "healthy_failures": round(memory["healthy_failures"] + (healthy if failed else 0.0), 6),
            "change": change,
            "first": memory["first"] or ([sample.job_id, at] if failed else None),
            "clean": 0 if failed else memory["clean"] + 1,
            "failed_at": at if failed else memory["failed_at"],
            "episode": memory["episode"],
            "last_at": at,
            "passed_as": memory["passed_as"] if failed else asked,
        }
        episode = memory["episode"]
        if after["failures"] < 2 or (episode is None and not failed):
            return after, []
        probability = flakiness.rate_above(hidden, flakiness.FLAKY, self.rate)
        if episode is None:
            if probability <= self.sure or after["healthy_failures"] < self.needed_failures:
                return after, []
            episode = episodes.begun(sample, self._finding(after, probability))
        elif failed:
            episode = episodes.continued(episode, sample, self._finding(after, probability))
        else:
            rested_days = (at - (memory["failed_at"] or at)) / _DAY_S
            clean = after["clean"] >= _CLEAN_RUNS and rested_days >= _CLEAN_DAYS
            if probability >= _RECOVERED and not clean:
                return after, []
            after.update(hidden=None, failures=0, healthy_failures=0.0, first=None, episode=None)
            return after, [self._anomaly(episode, sample, ended="it has not failed since")]
        after["episode"] = episode
        return after, [self._anomaly(episode, sample)]

    @staticmethod
    def _finding(after: Memory, probability: float) -> dict[str, float | int]:
        mean, low, high = flakiness.rate_interval(after["hidden"], flakiness.FLAKY)
        return {
            "rate": round(mean, 4),
            "low": low,
            "high": high,
            "probability": round(min(probability, 1.0), 4),
            "failures": after["failures"],
            "runs": after["runs"],
        }

    def _anomaly(self, episode: episodes.Episode, sample: Sample, *, ended: str | None = None) -> Anomaly:
        found = episode["finding"]
        return episodes.shown(
            episode,
            sample,
            detector=self.name,
            version=self.version,
            kind="flaky",
            severity=Severity.WARNING,
            title=f"Flaky: fails about {found['rate']:.0%} of the time although nothing is broken",
            description=(
                f"{found['failures']} of {found['runs']} runs failed, and passed again without a cause in"
                f" what changed. It is flaky with a probability of {found['probability']:.0%}; while healthy"
                f" it fails in {found['low']:.1%} to {found['high']:.1%} of its runs (90% interval)."
                + (f" It seems to be over: {ended}." if ended else "")
            ),
            expected=0.0,
            actual=found["rate"],
            unit="failure rate",
            deviation_percent=None,
            evidence={
                "flake_rate": found["rate"],
                "flake_rate_low": found["low"],
                "flake_rate_high": found["high"],
                "probability": found["probability"],
                "failures": found["failures"],
                "runs": found["runs"],
            },
            closed=ended is not None,
        )


def _asked(sample: Sample) -> str:
    """What a run was asked to be, as a few letters: its command, its variables' names, its limits."""
    asked = (
        sample.command,
        sorted(sample.env_names),
        sample.memory_limit_bytes,
        sample.cpus,
        sample.timeout_s,
    )
    return blake2b(repr(asked).encode(), digest_size=6).hexdigest()


detector: Detector = Flaky()
