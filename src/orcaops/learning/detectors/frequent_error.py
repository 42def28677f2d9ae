"""A failure that was known as rare, and has become frequent."""

import math
import string
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.learning import episodes, staleness
from orcaops.learning.learner import Detector, Memories, Memory
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.metric import MetricName
from orcaops.model.sample import Sample
from orcaops.stats import proportions

_LETTERS = string.ascii_letters  # each stands for a way to fail
_PASSED, _FORGOTTEN = ".", "?"
_TRACED = 40
_OVER_AFTER = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class FrequentError:
    """Finds a way to fail that a job has shown before, now and then, and now shows often.

    Of the last 200 runs of a job those are marked that failed with the same signature; two rates, one before
    and one after, must explain the marks far better than one (:mod:`orcaops.stats.proportions`). ``evidence``
    is the logarithm of how much better, and more is asked where a job can fail in many ways. Failures that
    follow each other on one known commit count once. The episode ends after ten runs without that failure,
    or ``stale_after_days`` without a run, after which comparing begins anew. Silent with fewer than 13 runs,
    for a signature never seen before, and for failures that always came as often.

    Costs about 10 µs a run and 3 kB a key; with a failure 50 µs.

    >>> detector.name, detector.pooled
    ('anomaly_error_frequent', True)
    """

    name: str = "anomaly_error_frequent"
    version: int = 1
    metrics: Sequence[str] = (MetricName.FAILURE, MetricName.ERROR)
    levels: Sequence[str] = ("key",)
    pooled: bool = True
    evidence: float = 5.25
    stale_after_days: float = 90.0

    def fresh(self) -> Memory:
        """No run seen."""
        return {"marks": "", "ways": {}, "runs": [], "last": None, "episode": None, "last_at": None}

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        """The rise that this failure shows or continues, or that this run ends."""
        if sample.metric == MetricName.FAILURE and memories["key"]["episode"] is None:
            return ()  # a failure is told apart by its signature, which comes next
        return self._advanced(memories["key"], sample)[1]

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Mark the run with the way it failed, or as passed."""
        memories["key"].update(self._advanced(memories["key"], sample)[0])

    def _advanced(self, memory: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        told: list[Anomaly] = []
        if staleness.stale(memory["last_at"], sample, self.stale_after_days):
            if memory["episode"] is not None:
                told.append(self._anomaly(memory["episode"], sample, ended=staleness.TOLD))
            memory = self.fresh()
        passed = sample.metric == MetricName.FAILURE and sample.value < 0.5
        if not passed and (sample.metric == MetricName.FAILURE or not sample.detail):
            return (memory, told) if told else ({}, [])
        after = {**memory, "last_at": round(sample.at_s, 3)}
        again = False
        if passed:
            self._mark(after, _PASSED)
            after["last"] = None
            letter = _PASSED
        else:
            letter = self._letter(after, str(sample.detail))
            again = sample.commit is not None and memory["last"] == [sample.commit, letter]
            after["last"] = [sample.commit, letter]
            if not again:
                self._mark(after, letter)
                run = [sample.job_id, after["last_at"], letter]
                after["runs"] = [*memory["runs"], run][-_TRACED:]
            elif after["episode"] is None:
                return after, told
        episode = after["episode"]
        if episode is not None and not again:
            episode = {**episode, "finding": _counted(episode["finding"], letter)}
        if episode is None:
            if not passed:
                self._look(after, letter, sample, told)
        elif letter == episode["finding"]["letter"]:
            after["episode"] = episodes.continued(episode, sample)
            told.append(self._anomaly(after["episode"], sample))
        elif (quiet := episode["quiet"] + (not again)) < _OVER_AFTER:
            after["episode"] = {**episode, "quiet": quiet}
        else:
            # What it was like during the episode is no measure for what comes after.
            after["marks"] = episode["finding"]["marks"] + after["marks"][-_OVER_AFTER:]
            after["runs"], after["episode"] = [], None
            told.append(self._anomaly(episode, sample, ended=f"the last {_OVER_AFTER} runs did not show it"))
        return after, told

    @staticmethod
    def _mark(after: Memory, letter: str) -> None:
        after["marks"] = (after["marks"] + letter)[-proportions.LONGEST :]

    @staticmethod
    def _letter(after: Memory, signature: str) -> str:
        """What stands for a signature; where there are too many, the one not seen for longest is given up."""
        ways: dict[str, str] = after["ways"]
        if signature in ways:
            return ways[signature]
        free = next((letter for letter in _LETTERS if letter not in ways.values()), None)
        ways = dict(ways)
        if free is None:
            gone = min(ways, key=lambda name: (after["marks"].rfind(ways[name]), name))
            free = ways.pop(gone)
            after["marks"] = after["marks"].replace(free, _FORGOTTEN)
        after["ways"] = {**ways, signature: free}
        return free

    def _look(self, after: Memory, letter: str, sample: Sample, told: list[Anomaly]) -> None:
        marks = [int(mark == letter) for mark in after["marks"]]
        least = self.evidence + math.log(len(after["ways"]))
        rise = proportions.scan(marks, least_evidence=least)
        if rise is None or not sum(marks[: rise.at]):
            return
        since = len(marks) - rise.at
        failing = [run for run in after["runs"] if run[2] == letter][-sum(marks[rise.at :]) :]
        finding: dict[str, Any] = {
            "letter": letter,
            "signature": sample.detail,
            "before": round(rise.before, 4),
            "after": round(rise.after, 4),
            "evidence": round(rise.evidence, 2),
            "runs": since,
            "failed": sum(marks[rise.at :]),
            "runs_before": rise.at,
            "failed_before": sum(marks[: rise.at]),
            "marks": after["marks"][: rise.at],
        }
        after["episode"] = {
            "job": failing[0][0],
            "at": failing[0][1],
            "jobs": [run[0] for run in failing][-19:],
            "count": len(failing),
            "last_at": after["last_at"],
            "quiet": 0,
            "finding": finding,
        }
        told.append(self._anomaly(after["episode"], sample))

    def _anomaly(self, episode: episodes.Episode, sample: Sample, *, ended: str | None = None) -> Anomaly:
        found = episode["finding"]
        before, now, signature = found["before"], found["after"], found["signature"]
        low, high = proportions.difference(
            found["failed_before"], found["runs_before"], found["failed"], found["runs"]
        )
        return episodes.shown(
            episode,
            sample,
            detector=self.name,
            version=self.version,
            kind="error",
            severity=Severity.WARNING,
            title=f"A known failure has become frequent: {now:.0%} of the latest runs, before {before:.0%}",
            description=(
                f"The failure: {signature}. {found['failed']} of the {found['runs']} runs since"
                f" {episode['job']} showed it; before,"
                f" {found['failed_before']} of {found['runs_before']} had:"
                f" {100 * (now - before):+.0f} percentage points (90% interval {100 * low:+.0f} to"
                f" {100 * high:+.0f}). {episode['count']} failures belong to this episode."
                + (f" It is over: {ended}." if ended else "")
            ),
            expected=before,
            actual=now,
            unit="failure rate",
            deviation_percent=100 * (now - before) / before,
            evidence={
                "signature": signature,
                "log_bayes_factor": found["evidence"],
                "runs_before": found["runs_before"],
                "failures_before": found["failed_before"],
                "runs_after": found["runs"],
                "failures_after": found["failed"],
                "rise_low": round(low, 4),
                "rise_high": round(high, 4),
            },
            closed=ended is not None,
        )


def _counted(finding: dict[str, Any], letter: str) -> dict[str, Any]:
    """What was found, with one more run of the episode."""
    runs, failed = finding["runs"] + 1, finding["failed"] + (letter == finding["letter"])
    return {**finding, "runs": runs, "failed": failed, "after": round(failed / runs, 4)}


detector: Detector = FrequentError()
