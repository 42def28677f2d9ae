"""A failure that is news: of a job that practically never fails, or in a way it never failed before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.learning import episodes, staleness
from orcaops.learning.learner import Detector, Memories, Memory
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.metric import MetricName
from orcaops.model.run import Cause
from orcaops.model.sample import Sample

_KEPT_SIGNATURES = 64
_WHY = {
    Cause.OOM_KILLED: "It was killed for lack of memory.",
    Cause.TIMEOUT_TOTAL: "It ran into its timeout.",
    Cause.TIMEOUT_IDLE: "It was silent for too long.",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewFailure:
    """Finds failures that are news.

    *The job practically always succeeds*: at most ``rare`` of its runs failed, by (failures + ½) /
    (runs + 1), which takes at least ten runs without a failure. The episode lasts until it succeeds.
    *A signature never seen for this job*, which did fail before in ways known by now: after ``known``
    failures, if no more than ``novelty`` of them were of a kind seen only once (the Good-Turing
    estimate of how often something new is to be expected). That is one event and over at once.

    After ``stale_after_days`` without a run counting begins anew. Silent otherwise: jobs that fail
    often are the success-rate detector's.

    Costs about 20 µs a run and 4 kB a key.

    >>> detector.name, detector.pooled
    ('anomaly_error', True)
    """

    name: str = "anomaly_error"
    version: int = 1
    metrics: Sequence[str] = (MetricName.FAILURE, MetricName.ERROR)
    levels: Sequence[str] = ("key",)
    pooled: bool = True
    rare: float = 0.05
    known: int = 3
    novelty: float = 0.15
    stale_after_days: float = 90.0

    def fresh(self) -> Memory:
        """No run seen."""
        return {"runs": 0, "failures": 0, "signatures": {}, "errors": 0, "episode": None, "last_at": None}

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        """The failure if it is news, and the end of an episode that a success ends."""
        return self._judged(memories["key"], sample)[1]

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Count the run, or the signature of its failure."""
        memory = memories["key"]
        memory["episode"] = self._judged(memory, sample)[0]
        if self._stale(memory, sample):
            memory.update(self.fresh())
        at = sample.at_s
        memory["last_at"] = at if memory["last_at"] is None else max(at, memory["last_at"])
        if sample.metric == MetricName.FAILURE:
            memory["runs"] += 1
            memory["failures"] += sample.value >= 0.5
        elif sample.detail:
            signatures = memory["signatures"]
            memory["errors"] += 1
            count = signatures.pop(sample.detail, 0)
            signatures[sample.detail] = count + 1
            if len(signatures) > _KEPT_SIGNATURES:
                rarest = min(signatures, key=lambda name: (signatures[name], name))
                del signatures[rarest]

    def _stale(self, memory: Memory, sample: Sample) -> bool:
        return staleness.stale(memory["last_at"], sample, self.stale_after_days)

    def _judged(self, memory: Memory, sample: Sample) -> tuple[episodes.Episode | None, list[Anomaly]]:
        episode = memory["episode"]
        if self._stale(memory, sample):
            over = [] if episode is None else [self._anomaly(episode, sample, ended=staleness.TOLD)]
            return None, over
        if sample.metric == MetricName.ERROR:
            return self._judged_signature(memory, sample, episode)
        if sample.value < 0.5:
            if episode is None:
                return None, []
            return None, [self._anomaly(episode, sample, ended="the job has succeeded again")]
        if episode is not None:
            episode = episodes.continued(episode, sample)
            return episode, [self._anomaly(episode, sample)]
        runs, failures = memory["runs"], memory["failures"]
        if (failures + 0.5) / (runs + 1) > self.rare:
            return None, []
        episode = episodes.begun(sample, self._finding(memory, sample, "rare", None))
        return episode, [self._anomaly(episode, sample)]

    def _judged_signature(
        self, memory: Memory, sample: Sample, episode: episodes.Episode | None
    ) -> tuple[episodes.Episode | None, list[Anomaly]]:
        signatures, errors = memory["signatures"], memory["errors"]
        if not sample.detail or sample.detail in signatures:
            return episode, []
        if episode is not None:
            # The same run is already told; now it is known in which way it failed.
            if sample.job_id not in episode["jobs"]:
                return episode, []
            episode = {**episode, "finding": {**episode["finding"], "signature": sample.detail}}
            return episode, [self._anomaly(episode, sample)]
        once = sum(count == 1 for count in signatures.values())
        if errors < self.known or (once + 0.5) / (errors + 1) > self.novelty:
            return None, []
        event = episodes.begun(sample, self._finding(memory, sample, "signature", sample.detail))
        return None, [self._anomaly(event, sample, ended="it is one event")]

    @staticmethod
    def _finding(memory: Memory, sample: Sample, news: str, signature: str | None) -> dict[str, Any]:
        return {
            "runs": memory["runs"],
            "failures": memory["failures"],
            "news": news,
            "signature": signature,
            "cause": None if sample.cause is None else str(sample.cause),
        }

    def _anomaly(self, episode: episodes.Episode, sample: Sample, *, ended: str | None = None) -> Anomaly:
        finding = episode["finding"]
        runs, failures, count = finding["runs"], finding["failures"], episode["count"]
        rate = failures / runs if runs else 0.0
        why = _WHY.get(Cause(finding["cause"]), "") if finding["cause"] else ""
        why = f" {why}" if why else ""
        signature = f" The failure: {finding['signature']}." if finding["signature"] else ""
        if finding["news"] == "rare":
            again = "" if count == 1 else f", {count} times in a row"
            title = f"Failed{again}, although it practically always succeeds"
            before = f"none of the {runs} runs" if not failures else f"{failures} of the {runs} runs"
            description = f"Before this, {before} of this job had failed.{why}{signature}"
            severity = Severity.WARNING if count < 3 else Severity.CRITICAL
            if ended:
                description += f" It is over: {ended}."
        else:
            title = "Failed in a way never seen for this job"
            description = f"It has failed {failures} times before, but never like this.{why}{signature}"
            severity = Severity.WARNING
        return episodes.shown(
            episode,
            sample,
            detector=self.name,
            version=self.version,
            kind="error",
            severity=severity,
            title=title,
            description=description,
            expected=round(rate, 4),
            actual=1.0,
            unit="failure rate",
            deviation_percent=None,
            evidence={"runs_before": runs, "failures_before": failures, "signature": finding["signature"]},
            closed=ended is not None,
        )


detector: Detector = NewFailure()
