"""One run unlike the others: what the detectors of a single metric have in common.

A detector is this with a metric, a unit, and words; see ``detectors/duration.py``. The method is
:mod:`orcaops.stats.outlier`. What a value must exceed is worked out for those alone that nothing like it
was seen before: of most runs a glance at the values before them says that they are as usual.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from orcaops.learning import episodes, staleness, working_out
from orcaops.learning.learner import Memories, Memory
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.sample import Sample
from orcaops.stats import changes, outlier

_LARGEST = 1e300  # above, arithmetic runs out of numbers


@dataclass(frozen=True, slots=True, kw_only=True)
class OutlierDetector:
    """Finds values far above or far below the usual ones of their key.

    ``least_ratio`` and ``least_amount`` (in the metric's unit) are what must be exceeded beside the
    statistics; ``alpha`` the false-alarm rate aimed at; ``window`` how many runs are compared with;
    ``patience`` after how many usual runs an episode ends. After a lasting change by as much
    (:mod:`orcaops.stats.changes`) only the runs since are compared with, and after
    ``stale_after_days`` without a run comparing begins anew. High values are warnings, or critical if
    they are at least twice the usual and beyond ``alpha_extreme``; low values are information.
    """

    name: str
    version: int = 1
    metrics: Sequence[str]
    levels: Sequence[str] = ("key",)
    least_amount: float
    least_ratio: float = 1.2
    alpha: float = 0.003
    alpha_extreme: float = 0.0003
    window: int = 100
    patience: int = 3
    stale_after_days: float = 90.0

    unit: ClassVar[str] = ""
    floor: ClassVar[float] = 1e-3
    kind: ClassVar[str] = ""
    low_side: ClassVar[bool] = True

    def fresh(self) -> Memory:
        """Nothing to compare with."""
        return {"values": [], "episode": None, "last_at": None}

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        """The episode this run begins, continues or ends; nothing with fewer than five runs before."""
        return self._judged(memories["key"], sample)[1]

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Remember the value; after a lasting change only what came since."""
        if not self.wants(sample):
            return
        memory = memories["key"]
        episode = self._judged(memory, sample)[0]
        former = [] if self._stale(memory, sample) else memory["values"]
        values = [*former, round(self._log(sample.value), 5)][-self.window :]
        latest = values[-changes.LONGEST :]
        start = changes.began(latest, least_ratio=self.least_ratio, least_amount=self.least_amount)
        at = sample.at_s
        memory.update(
            values=values if start is None else latest[start:],
            episode=episode,
            last_at=at if memory["last_at"] is None else max(at, memory["last_at"]),
        )

    def wants(self, sample: Sample) -> bool:
        """Whether a sample is one to compare: left alone, and a number."""
        return not sample.censored and math.isfinite(sample.value) and sample.value >= 0

    def show(self, value: float) -> str:
        """A value with its unit, for people."""
        raise NotImplementedError

    def title(self, actual: float, usual: float) -> str:
        """One line: what happened."""
        raise NotImplementedError

    def _log(self, value: float) -> float:
        return math.log(min(max(value, self.floor), _LARGEST))

    def _stale(self, memory: Memory, sample: Sample) -> bool:
        return staleness.stale(memory["last_at"], sample, self.stale_after_days)

    @working_out.once
    def _judged(self, memory: Memory, sample: Sample) -> tuple[episodes.Episode | None, list[Anomaly]]:
        """The episode after this run, and what there is to tell."""
        episode = memory["episode"]
        if not self.wants(sample):
            return episode, []
        value = self._log(sample.value)
        band = self._exceeded(memory, sample, value)
        if band is None:
            if episode is None:
                return None, []
            episode = episodes.rested(episode)
            if episode["quiet"] < self.patience and not self._stale(memory, sample):
                return episode, []
            return None, [self._anomaly(episode, sample, closed=True)]

        side = band.side(value)
        told: list[Anomaly] = []
        if episode is not None and episode["finding"]["side"] != side:
            told.append(self._anomaly(episode, sample, closed=True))
            episode = None
        finding = self._finding(band, value, side, sample)
        if episode is None:
            episode = episodes.begun(sample, finding)
        else:
            former = episode["finding"]
            worse = side * (sample.value - former["actual"]) > 0
            best = finding if worse else former
            best["extreme"] = bool(finding["extreme"] or former["extreme"])
            episode = episodes.continued(episode, sample, best)
        told.append(self._anomaly(episode, sample))
        return episode, told

    def _exceeded(self, memory: Memory, sample: Sample, value: float) -> outlier.Band | None:
        """What is usual, if this value (a logarithm) is not; None where it passes."""
        ordered = sorted(memory["values"])
        if outlier.seen_before(ordered, value) or self._stale(memory, sample):
            return None
        band = outlier.band(
            ordered, least_amount=self.least_amount, least_ratio=self.least_ratio, alpha=self.alpha
        )
        side = 0 if band is None else band.side(value)
        return band if side > 0 or (side < 0 and self.low_side) else None

    def _finding(self, band: outlier.Band, value: float, side: int, sample: Sample) -> dict[str, Any]:
        t = band.t(value)
        return {
            "side": side,
            "extreme": outlier.extreme(band, value, self.alpha_extreme),
            "actual": sample.value,
            "usual": math.exp(band.centre),
            "low": None if band.low is None else math.exp(band.low),
            "high": math.exp(min(band.high, 700.0)),
            "t": round(t, 3),
            "p": outlier.p_value(band, value),
            "n": band.n,
            "job": sample.job_id,
        }

    def _anomaly(self, episode: episodes.Episode, sample: Sample, *, closed: bool = False) -> Anomaly:
        finding = episode["finding"]
        usual, actual, n = finding["usual"], finding["actual"], finding["n"]
        severity = Severity.INFO
        if finding["side"] > 0:
            severity = Severity.CRITICAL if finding["extreme"] else Severity.WARNING
        count = episode["count"]
        runs = ""
        if count > 1:
            runs = f" {count} runs belong to this episode; {finding['job']} was the furthest out."
        over = "the runs since were as usual"
        if self._stale({"last_at": episode["last_at"]}, sample):
            over = staleness.TOLD
        usually = f"up to {self.show(finding['high'])}"
        if finding["low"] is not None:
            usually = f"between {self.show(finding['low'])} and {self.show(finding['high'])}"
        return episodes.shown(
            episode,
            sample,
            detector=self.name,
            version=self.version,
            kind=self.kind,
            severity=severity,
            title=self.title(actual, usual),
            description=(
                f"{self.show(actual)}, while the last {n} runs of the same job had a median of"
                f" {self.show(usual)}. Anything {usually} would have passed as usual.{runs}"
                + (f" It is over: {over}." if closed else "")
            ),
            expected=usual,
            actual=actual,
            unit=self.unit,
            deviation_percent=100 * (min(actual, _LARGEST / 1e9) / usual - 1),
            evidence={
                "usual_low": finding["low"],
                "usual_high": finding["high"],
                "compared_runs": n,
                "t": finding["t"],
                "p_value": finding["p"],
                "detectable_ratio": round(finding["high"] / usual, 3),
                "furthest_job_id": finding["job"],
            },
            closed=closed,
        )
