"""The same failing command again and again, as an agent does that does not read what it is told."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.learning import episodes
from orcaops.learning.learner import Detector, Memories, Memory
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.metric import MetricName
from orcaops.model.quantities import show_duration
from orcaops.model.sample import Sample


@dataclass(frozen=True, slots=True, kw_only=True)
class RepeatFailure:
    """Finds a command that is tried again at once and fails in the same way every time.

    A failure counts if it has the signature of the one before, on the same commit and image, and was
    submitted within ``pause_s`` after that one ended. From ``needed`` in a row on it is a warning, from
    three times as many on it is critical. The episode ends with a success, with another failure, with
    another commit or image, or with a longer pause. Silent with fewer than ``needed`` runs, and for
    jobs that fail all the time by a schedule.

    Costs about 10 µs a run and 1 kB a key.

    >>> detector.name, detector.pooled
    ('anomaly_repeat_failure', True)
    """

    name: str = "anomaly_repeat_failure"
    version: int = 1
    metrics: Sequence[str] = (MetricName.FAILURE, MetricName.ERROR)
    levels: Sequence[str] = ("key",)
    pooled: bool = True
    needed: int = 4
    pause_s: float = 300.0

    def fresh(self) -> Memory:
        """No failure seen."""
        return {"same": None, "at": None, "chain": None}

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        """The episode that this failure begins or continues, or that this run ends."""
        return self._advanced(memories["key"], sample)[1]

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Count the failure, or forget the former ones."""
        memories["key"].update(self._advanced(memories["key"], sample)[0])

    def _advanced(self, memory: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        if sample.metric == MetricName.FAILURE:
            # What it failed of comes with the next sample of the same run.
            return ({}, []) if sample.value >= 0.5 else self._ended(memory, sample)
        same = [sample.detail, sample.commit, sample.image_digest]
        chain = memory["chain"]
        at = round(sample.at_s, 3)
        asked_at = at if sample.submitted_at is None else sample.submitted_at.timestamp()
        again = chain is not None and memory["same"] == same and 0 <= asked_at - memory["at"] <= self.pause_s
        if not again:
            after, told = self._ended(memory, sample)
            return {**after, "same": same, "at": at, "chain": episodes.begun(sample, {})}, told
        chain = episodes.continued(chain, sample)
        after = {"at": max(at, memory["at"]), "chain": chain}
        if chain["count"] < self.needed:
            return after, []
        return after, [self._anomaly(chain, sample, sample.detail)]

    def _ended(self, memory: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        chain = memory["chain"]
        told = []
        if chain is not None and chain["count"] >= self.needed:
            told.append(self._anomaly(chain, sample, memory["same"][0], closed=True))
        return self.fresh(), told

    def _anomaly(
        self, chain: episodes.Episode, sample: Sample, signature: str | None, *, closed: bool = False
    ) -> Anomaly:
        count = chain["count"]
        took = show_duration(max(chain["last_at"] - chain["at"], 0.0))
        return episodes.shown(
            chain,
            sample,
            detector=self.name,
            version=self.version,
            kind="repeat_failure",
            severity=Severity.CRITICAL if count >= 3 * self.needed else Severity.WARNING,
            title=f"Tried {count} times in a row, and failed in the same way every time",
            description=(
                f"Within {took} it failed {count} times with nothing changed in between:"
                f" {signature or 'no reason is known'}. Trying once more will not help;"
                " the cause has to be removed first." + (" It is over." if closed else "")
            ),
            expected=1,
            actual=count,
            unit="runs",
            deviation_percent=None,
            evidence=_evidence(signature, sample, chain),
            closed=closed,
        )


def _evidence(signature: str | None, sample: Sample, chain: episodes.Episode) -> dict[str, Any]:
    seconds = round(max(chain["last_at"] - chain["at"], 0.0), 3)
    return {"command": sample.command[:200], "seconds": seconds, "signature": signature}


detector: Detector = RepeatFailure()
