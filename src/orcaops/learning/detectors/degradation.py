"""A job that fails more often than it used to, or has stopped to."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.learning import episodes, staleness, suspects, working_out
from orcaops.learning.learner import Detector, Memories, Memory
from orcaops.model.anomaly import Anomaly, Severity
from orcaops.model.metric import MetricName
from orcaops.model.sample import Sample
from orcaops.stats import proportions

_TRACED = 40
_RECOVERED_AFTER = 10
_FEWEST_TO_IMPROVE = 0.1  # share of failures before, for their end to be worth a word
_BETTER_AFTER = (20, 30, 40, 60, 80)  # successes in a row after which it is looked whether it has improved


@dataclass(frozen=True, slots=True, kw_only=True)
class Degradation:
    """Finds a success rate that has dropped, and says since which run.

    Two failure rates, one before and one after, must explain the last 200 outcomes far better than one
    (:mod:`orcaops.stats.proportions`): ``evidence`` is the logarithm of how much better. It is
    critical beyond ``critical_evidence``, or where more than 80% fail. Told with it: a 90% interval of by
    how much, between which two runs it began with 90%, what else changed there, and how the latest failed.
    Failures that follow each other on one known commit count once. The episode ends after ten successes in
    a row, or ``stale_after_days`` without a run, after which comparing begins anew. Twenty successes or more
    in a row of a job that used to fail, by the same evidence, are told once as an improvement, which is
    information.
    Silent with fewer than 13 runs, and for jobs that always failed as often.

    Costs about 30 µs a run and 5 kB a key.

    >>> detector.name
    'anomaly_degradation'
    """

    name: str = "anomaly_degradation"
    version: int = 3
    metrics: Sequence[str] = (MetricName.FAILURE, MetricName.ERROR)
    levels: Sequence[str] = ("key",)
    pooled: bool = True
    evidence: float = 5.25
    critical_evidence: float = 10.0
    stale_after_days: float = 90.0

    def fresh(self) -> Memory:
        """No outcome seen."""
        return {"outcomes": "", "runs": [], "base": None, "context": None, "last": None, "passes": 0,
                "since": None, "episode": None}  # fmt: skip

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        """The drop that this run shows, or continues, or ends."""
        memory = memories["key"]
        if sample.metric == MetricName.ERROR:
            return self._with_signature(memory, sample)[1]
        if sample.value < 0.5 and memory["episode"] is None and memory["passes"] + 1 not in _BETTER_AFTER:
            return ()  # most runs succeed, and few successes are news
        return self._advanced(memories["key"], sample)[1]

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Remember the outcome; after an episode, only what was before and after it."""
        advanced = self._with_signature if sample.metric == MetricName.ERROR else self._advanced
        memories["key"].update(advanced(memories["key"], sample)[0])

    def _with_signature(self, memory: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        """How the run failed that is told already: its signature comes behind its outcome."""
        episode = memory["episode"]
        if episode is None or not sample.detail or sample.job_id != episode["jobs"][-1]:
            return {}, []
        if episode["finding"].get("signature") == sample.detail:
            return {}, []
        episode = {**episode, "finding": {**episode["finding"], "signature": sample.detail}}
        return {"episode": episode}, [self._anomaly(episode, sample)]

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
            self._trace(after, memory, sample, failed)
            if after["passes"] == 1:
                place = len(after["runs"]) - 1
                what = suspects.suspects(after["runs"], after["base"], [place])
                after["since"] = [*after["runs"][place][:2], what]
        episode = memory["episode"]
        if episode is None:
            if not failed and after["passes"] in _BETTER_AFTER:
                return self._improved(after, sample)
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
        _cut(after, _RECOVERED_AFTER)
        return after, [self._anomaly(episode, sample, ended=f"the last {_RECOVERED_AFTER} runs succeeded")]

    @staticmethod
    def _trace(after: Memory, memory: Memory, sample: Sample, failed: bool) -> None:
        context = suspects.circumstances_of(sample)
        changed = suspects.changed(memory["context"], context)
        after["context"] = context
        after["base"] = memory["base"] or list(context)
        after["runs"] = [*memory["runs"], [sample.job_id, round(sample.at_s, 3), changed, failed]]
        _cut(after, _TRACED)

    def _looked(self, after: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        outcomes = [1 if letter == "1" else 0 for letter in after["outcomes"]]
        rise = proportions.scan(outcomes, least_evidence=self.evidence)
        if rise is None:
            return after, []
        runs = after["runs"][-(len(outcomes) - rise.at) :]
        failing = [run for run in runs if run[3]]
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
            **_origin(after, outcomes, began[0]),
        }
        finding.update(_interval(finding))
        episode = {
            "job": began[0],
            "at": began[1],
            "jobs": [run[0] for run in failing][-19:],
            "count": len(failing),
            "last_at": sample.at_s,
            "quiet": 0,
            "finding": finding,
            "before": after["outcomes"][: rise.at],
        }
        after["episode"] = episode
        return after, [self._anomaly(episode, sample)]

    def _improved(self, after: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        """Whether so many successes in a row are too many for a job that fails as often as it did."""
        passes, outcomes = after["passes"], after["outcomes"]
        earlier = outcomes[:-passes]
        failures = earlier.count("1")
        if len(earlier) < _RECOVERED_AFTER or failures < _FEWEST_TO_IMPROVE * len(earlier):
            return after, []
        found = proportions.evidence(failures, len(earlier) - failures, 0, passes)
        if found <= self.evidence:
            return after, []
        job, at, what = after["since"]
        finding = {
            "before": round(failures / len(earlier), 4),
            "after": 0.0,
            "evidence": round(found, 2),
            "runs": passes,
            "failed": 0,
            "failed_before": failures,
            "healthy": len(earlier) - failures,
            "between": [job, job],
            "suspects": what,
        }
        finding.update(_interval(finding))
        episode = {
            "job": job,
            "at": at,
            "jobs": [job, *(run[0] for run in after["runs"][-passes + 1 :][-18:])],
            "count": passes,
            "last_at": sample.at_s,
            "quiet": 0,
            "finding": finding,
        }
        after["outcomes"] = outcomes[-passes:]  # what it was like before is no measure for what comes after
        return after, [self._anomaly(episode, sample, ended="this is told once", better=True)]

    def _anomaly(
        self,
        episode: episodes.Episode,
        sample: Sample,
        *,
        ended: str | None = None,
        better: bool = False,
    ) -> Anomaly:
        found = episode["finding"]
        before, now = found["before"], found["after"]
        severe = found["evidence"] > self.critical_evidence or now > 0.8
        severity = Severity.INFO if better else Severity.CRITICAL if severe else Severity.WARNING
        runs_before = found["failed_before"] + found["healthy"]
        first, last = found["between"]
        when = f" (between {first} and {last} with 90%)" if first != last else ""
        title = f"Fails more often: {now:.0%} of the latest runs, before {before:.0%}"
        if better:
            title = f"Fails no more: none of the last {found['runs']} runs, before {before:.0%}"
        belong = "" if better else f" {episode['count']} failures belong to this episode."
        signature = found.get("signature")
        failed = f" The latest failure: {signature}." if signature else ""
        over = f" It is over: {ended}." if ended and not better else ""
        return episodes.shown(
            episode,
            sample,
            detector=self.name,
            version=self.version,
            kind="improvement" if better else "degradation",
            severity=severity,
            title=title,
            description=(
                f"Since run {episode['job']}{when} {found['failed']} of {found['runs']} runs failed;"
                f" before, {found['failed_before']} of {runs_before} had:"
                f" {100 * (now - before):+.0f} percentage points (90% interval"
                f" {100 * found['rise_low']:+.0f} to {100 * found['rise_high']:+.0f})."
                f" {suspects.told(found['suspects'])}{failed}{belong}{over}"
            ),
            expected=before,
            actual=now,
            unit="failure rate",
            deviation_percent=None if before == 0 else 100 * (now - before) / before,
            evidence={
                "log_bayes_factor": found["evidence"],
                "runs_before": runs_before,
                "failures_before": found["failed_before"],
                "runs_after": found["runs"],
                "failures_after": found["failed"],
                "rise": round(now - before, 4),
                "rise_low": found["rise_low"],
                "rise_high": found["rise_high"],
                "began_between": [first, last],
                "suspects": found["suspects"],
                **({"latest_failure": signature} if signature else {}),
            },
            series="better" if better else "",
            closed=ended is not None,
        )


def _origin(after: Memory, outcomes: Sequence[int], began: str) -> dict[str, Any]:
    """By how much the rate rose, between which two runs that began, and what changed there."""
    runs = after["runs"]
    offset = len(outcomes) - len(runs)  # place of the first run that is traced
    traced = [place - offset for place, _ in proportions.placed(outcomes) if place >= offset]
    return {
        "between": [runs[min(traced)][0], runs[max(traced)][0]] if traced else [began, began],
        "suspects": suspects.suspects(runs, after["base"], traced),
    }


def _cut(after: Memory, most: int) -> None:
    """Keep the latest runs; what the others changed goes into what the first kept one is compared with."""
    for gone in after["runs"][:-most]:
        after["base"] = suspects.after(after["base"], gone[2])
    after["runs"] = after["runs"][-most:]


def _counted(finding: dict[str, Any], failed: bool) -> dict[str, Any]:
    """What was found, with one more run of the episode."""
    runs, failures = finding["runs"] + 1, finding["failed"] + failed
    evidence = proportions.evidence(finding["failed_before"], finding["healthy"], failures, runs - failures)
    counted = {
        **finding,
        "runs": runs,
        "failed": failures,
        "after": round(failures / runs, 4),
        "evidence": round(max(evidence, finding["evidence"]), 2),
    }
    return {**counted, **_interval(counted)}


def _interval(finding: dict[str, Any]) -> dict[str, float]:
    failed_before = finding["failed_before"]
    low, high = proportions.difference(
        failed_before, failed_before + finding["healthy"], finding["failed"], finding["runs"]
    )
    return {"rise_low": round(low, 4), "rise_high": round(high, 4)}


detector: Detector = Degradation()
