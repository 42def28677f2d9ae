"""A job that fails more often than it used to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.learning import episodes, staleness, working_out
from orcaops.learning.learner import Detector, Memories, Memory
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.metric import MetricName
from orcaops.model.sample import Sample
from orcaops.stats import proportions

_TRACED = 40
_RECOVERED_AFTER = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Degradation:
    """Finds a success rate that has dropped.

    Two failure rates, one before and one after, must explain the last 200 outcomes far better than one
    (:mod:`orcaops.stats.proportions`): ``evidence`` is the logarithm of how much better. It is
    critical beyond ``critical_evidence``, or where more than 80 % fail. Failures that follow each other
    on one known commit count once. The episode ends after ten successes in a row, or ``stale_after_days``
    without a run, after which comparing begins anew. Silent with fewer than 13 runs, and for jobs that
    always failed as often.

    Costs about 20 µs a run and 3 kB a key.

    >>> detector.name
    'degradation'
    """

    name: str = "degradation"
    version: int = 1
    metrics: Sequence[str] = (MetricName.FAILURE,)
    levels: Sequence[str] = ("key",)
    evidence: float = 5.25
    critical_evidence: float = 10.0
    stale_after_days: float = 90.0

    def fresh(self) -> Memory:
        """No outcome seen."""
        return {"outcomes": "", "runs": [], "last": None, "passes": 0, "episode": None}

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        """The drop that this run shows, or continues, or ends."""
        if sample.value < 0.5 and memories["key"]["episode"] is None:
            return ()  # a success begins nothing, and most runs succeed
        return self._advanced(memories["key"], sample)[1]

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Remember the outcome; after an episode, only what was before and after it."""
        memories["key"].update(self._advanced(memories["key"], sample)[0])

    @working_out.once
    def _advanced(self, memory: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        failed = sample.value >= 0.5
        if memory["runs"] and staleness.stale(memory["runs"][-1][1], sample, self.stale_after_days):
            after, told = self._advanced(self.fresh(), sample)
            if memory["episode"] is not None:
                told = [self._anomaly(memory["episode"], sample, ended=staleness.TOLD), *told]
            return after, told
        after = dict(memory)
        again = failed and sample.commit is not None and memory["last"] == sample.commit
        after["last"] = sample.commit if failed else None
        after["passes"] = 0 if failed else memory["passes"] + 1
        if not again:
            after["outcomes"] = (memory["outcomes"] + ("1" if failed else "0"))[-proportions.LONGEST :]
            at = round(sample.at.timestamp(), 3)
            after["runs"] = [*memory["runs"], [sample.job_id, at, failed]][-_TRACED:]
        episode = memory["episode"]
        if episode is None:
            return self._looked(after, sample) if failed and not again else (after, [])
        if not again:
            episode = {**episode, "finding": _counted(episode["finding"], failed)}
        if failed:
            after["episode"] = episodes.continued(episode, sample)
            return after, [self._anomaly(after["episode"], sample)]
        after["episode"] = episode
        if after["passes"] < _RECOVERED_AFTER:
            return after, []
        after["episode"] = None
        # What it was like during the incident is no measure for what comes after.
        after["outcomes"] = (episode["before"] + "0" * after["passes"])[-proportions.LONGEST :]
        after["runs"] = after["runs"][-_RECOVERED_AFTER:]
        return after, [self._anomaly(episode, sample, ended=f"the last {_RECOVERED_AFTER} runs succeeded")]

    def _looked(self, after: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        outcomes = [1 if letter == "1" else 0 for letter in after["outcomes"]]
        rise = proportions.scan(outcomes, least_evidence=self.evidence)
        if rise is None:
            return after, []
        runs = after["runs"][-(len(outcomes) - rise.at) :]
        failing = [run for run in runs if run[2]]
        began = failing[0]
        failed_before = sum(outcomes[: rise.at])
        finding: dict[str, Any] = {
            "before": round(rise.before, 4),
            "after": round(rise.after, 4),
            "evidence": round(rise.evidence, 2),
            "runs": len(outcomes) - rise.at,
            "failed": len(failing),
            "failed_before": failed_before,
            "healthy": rise.at - failed_before,
        }
        episode = {
            "job": began[0],
            "at": began[1],
            "jobs": [run[0] for run in failing][-19:],
            "count": len(failing),
            "last_at": sample.at.timestamp(),
            "quiet": 0,
            "finding": finding,
            "before": after["outcomes"][: rise.at],
        }
        after["episode"] = episode
        return after, [self._anomaly(episode, sample)]

    def _anomaly(self, episode: episodes.Episode, sample: Sample, *, ended: str | None = None) -> Anomaly:
        found = episode["finding"]
        before, now = found["before"], found["after"]
        severe = found["evidence"] > self.critical_evidence or now > 0.8
        return episodes.shown(
            episode,
            sample,
            detector=self.name,
            version=self.version,
            kind="degradation",
            severity=Severity.CRITICAL if severe else Severity.WARNING,
            title=f"Fails more often: {now:.0%} of the latest runs, before {before:.0%}",
            description=(
                f"Since run {episode['job']} {found['failed']} of {found['runs']} runs failed;"
                f" before, {found['failed_before']} of {found['failed_before'] + found['healthy']} had."
                f" {episode['count']} failures belong to this episode."
                + (f" It is over: {ended}." if ended else "")
            ),
            expected=before,
            actual=now,
            unit="failure rate",
            deviation_percent=None if before == 0 else 100 * (now - before) / before,
            evidence={
                "log_bayes_factor": found["evidence"],
                "runs_before": found["failed_before"] + found["healthy"],
                "failures_before": found["failed_before"],
                "runs_after": found["runs"],
                "failures_after": found["failed"],
            },
            closed=ended is not None,
        )


def _counted(finding: dict[str, Any], failed: bool) -> dict[str, Any]:
    """What was found, with one more run of the episode."""
    runs, failures = finding["runs"] + 1, finding["failed"] + failed
    evidence = proportions.evidence(finding["failed_before"], finding["healthy"], failures, runs - failures)
    return {
        **finding,
        "runs": runs,
        "failed": failures,
        "after": round(failures / runs, 4),
        "evidence": round(max(evidence, finding["evidence"]), 2),
    }


detector: Detector = Degradation()
