"""The tests inside a job: which fail that used to pass, which are flaky, which became slow."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from orcaops.learning import case_findings as findings
from orcaops.learning import case_history as history
from orcaops.learning import case_telling as telling
from orcaops.learning import episodes, working_out
from orcaops.learning.learner import Detector, Memories, Memory
from orcaops.model.anomaly import Anomaly
from orcaops.model.metric import MetricName
from orcaops.model.run import Status
from orcaops.model.sample import Sample

_MOST_WEIGHED = 200  # tests of one run whose flakiness is worked out: a few milliseconds each at most
_NOISE_RATE = 0.05  # how fast it is learned how many tests fail for the first time in an ordinary run
_LEAST_NOISE, _MOST_NOISE = 0.02, 3
_GONE_S = 30 * 86400.0  # a flaky test that has not failed for so long is flaky no more
_SLOWER = ("regression", "duration")


@dataclass(frozen=True, slots=True, kw_only=True)
class Tests:
    """Learns each test of a job under ``<key>|test:<id>`` and tells what they show as anomalies of the job.

    *Newly failing*: tests that failed in at most the share ``rare`` of their runs, by (failures + ½) /
    (runs + 1). Where the job itself practically always succeeds, its own anomaly says so and names them
    (:meth:`explain`); this one speaks where the job passes all the same, or fails often. It ends when they
    pass. In a suite where now and then some test fails, so many failing for the first time must have a
    probability below ``chance``, or one must fail twice in a row. *Flaky*: tests that fail and pass while
    nothing changes, with probability ``sure`` (:mod:`orcaops.stats.flakiness`); ends when all have been
    clean for 30 runs and 7 days, or for 30 days.
    *Slower*: tests beyond their usual durations by half and 0.2 s, of which over all tests of the run
    together a share ``false_rate`` at most would be false; information only.

    Silent for tests seen fewer than nine (failures) or five times (durations). After ``stale_after_days``
    without a run a test is new.

    Costs about 20 µs a run and 3 kB a key, a test being a key.

    >>> detector.name, detector.levels
    ('anomaly_tests', ('key', 'job'))
    """

    name: str = history.LEARNER
    version: int = history.VERSION
    metrics: Sequence[str] = (MetricName.TEST_FAILURE, MetricName.TEST_DURATION, MetricName.TESTS)
    levels: Sequence[str] = ("key", "job")
    pooled: bool = True
    rare: float = 0.05
    sure: float = 0.95
    chance: float = 0.05
    false_rate: float = 0.05
    stale_after_days: float = 90.0

    def fresh(self) -> Memory:
        """Nothing seen."""
        return {}

    def judge(self, memories: Memories, sample: Sample) -> Sequence[Anomaly]:
        """What all tests of the run showed, once they have come by; nothing for each of them."""
        if sample.metric != MetricName.TESTS:
            return ()
        return self._advanced(memories["job"], sample)[1]

    def learn(self, memories: Memories, sample: Sample) -> None:
        """Remember the outcome or the duration of a test, or that the run's tests are complete."""
        job = memories["job"]
        if sample.metric == MetricName.TESTS:
            job.update(self._advanced(job, sample)[0])
            return
        now = job.get("now")
        if now is None or now["job"] != sample.job_id:
            now = job["now"] = findings.fresh(sample.job_id)
        test = memories["key"]
        history.begun(test, sample, self.stale_after_days)
        if sample.metric == MetricName.TEST_DURATION:
            self._learn_duration(test, sample, now)
        elif sample.value >= 0.5:
            self._learn_failure(test, sample, now, job)
        else:
            now["tested"] += 1
            history.passed(test, sample)
            findings.take_back(now, sample)
            if test["k"] and history.recovered(test):
                test["k"] = 0
                job["flaky"] = {
                    name: each
                    for name, each in job.get("flaky", {}).items()
                    if name != findings.id_of(sample)
                }

    def explain(self, memories: Memories, anomaly: Anomaly, sample: Sample) -> Anomaly:
        """The anomaly of a job with the tests behind it; the same where this run had none that explain it."""
        job = memories["job"]
        now = job.get("now")
        if now is None or now["job"] != sample.job_id or anomaly.key != sample.key:
            return anomaly
        if sample.metric in (MetricName.FAILURE, MetricName.ERROR):
            # The end of an episode still says what failed in it.
            if (last := job.get("last")) is None or last["job"] not in anomaly.job_ids:
                return anomaly
            said, evidence = last["words"], last["tests"]
        elif sample.metric == MetricName.DURATION and anomaly.type in _SLOWER:
            if not anomaly.open:
                return anomaly
            lasting = anomaly.type == "regression"
            said = findings.slower_words(now, lasting=lasting)
            evidence = {"slower": findings.slower_evidence(now["drift" if lasting else "slow"])}
        else:
            return anomaly
        if not said:
            return anomaly
        return anomaly.model_copy(
            update={
                "description": f"{anomaly.description} {said}",
                "evidence": {**anomaly.evidence, "tests": evidence},
            }
        )

    def _learn_duration(self, test: Memory, sample: Sample, now: findings.Findings) -> None:
        if not 0 <= sample.value < float("inf"):
            return
        now["timed"] += history.comparable(test, sample.value)
        if (slow := history.slow(test, sample.value)) is not None:
            findings.add_slower(now, "slow", sample, slow)
        if (slower := history.timed(test, sample.value)) is not None:
            findings.add_slower(now, "drift", sample, slower)

    def _learn_failure(self, test: Memory, sample: Sample, now: findings.Findings, job: Memory) -> None:
        runs, going_on = test["n"], test["r"]
        failures = history.failed(test, sample)
        now["tested"] += 1
        unseen = runs == 0 and job.get("runs", 0) >= 9
        if going_on or unseen or (failures + 0.5) / (runs + 1) <= self.rare:
            test["r"] = going_on + 1
            findings.add_new(now, sample, max(runs - failures, 0), test["r"])
        else:
            findings.add_known(now, sample)
        if now["weighed"] >= _MOST_WEIGHED or (found := history.flake(test)) is None:
            return
        now["weighed"] += 1
        name, flaky = findings.id_of(sample), dict(job.get("flaky", {}))
        if history.is_flaky(found, self.sure) or test["k"]:
            if name not in flaky and len(flaky) >= findings.KEPT:
                return
            flaky[name] = [found.rate, found.failures, found.runs, found.probability, test["t"]]
            job["flaky"], test["k"], test["r"] = flaky, 1, 0

    @working_out.once
    def _advanced(self, job: Memory, sample: Sample) -> tuple[Memory, list[Anomaly]]:
        """The memory of the job when the tests of a run are complete, and what there is to tell."""
        now = job.get("now")
        if now is None or now["job"] != sample.job_id:
            now = findings.fresh(sample.job_id)
        now = {**now, "failed": int(min(max(sample.value, 0.0), 1e9))}
        runs, failures = job.get("runs", 0), job.get("failures", 0)
        bad = sample.status is not Status.SUCCEEDED
        # A test that is gone can neither fail nor recover.
        latest = sample.at_s - _GONE_S
        flaky = {name: each for name, each in job.get("flaky", {}).items() if each[4] >= latest}
        after: Memory = {"now": now, "runs": runs + 1, "failures": failures + bad, "flaky": flaky}
        if words := findings.failing_words(now):
            after["last"] = {"job": now["job"], "words": words, "tests": findings.failing_evidence(now)}
        told: list[Anomaly] = []
        noise = job.get("noise", 0.0)
        after["noise"] = round(noise + _NOISE_RATE * (min(now["first_n"], _MOST_NOISE) - noise), 6)
        own_words = bad and (failures + 0.5) / (runs + 1) <= self.rare  # the job's own anomaly tells it
        chance = _at_least(now["first_n"], noise)
        after["failing"] = self._failing(job.get("failing"), now, chance, sample, told, silent=own_words)
        after["shaky"] = self._shaky(job.get("shaky"), flaky, sample, told)
        slow, p_value = findings.discoveries(now, rate=self.false_rate)
        if p_value is not None:
            said = telling.slow(slow, p_value, now["timed"])
            told.append(self._said(said, episodes.begun(sample, {}), sample, closed=True))
        return after, told

    def _failing(
        self,
        episode: Any,
        now: findings.Findings,
        chance: float,
        sample: Sample,
        told: list[Anomaly],
        *,
        silent: bool,
    ) -> Any:
        if now["new_n"]:
            usual = chance > self.chance and now["first_n"] == now["new_n"]
            if episode is None and (silent or usual):
                return None
            episode = episodes.begun(sample, {}) if episode is None else episodes.continued(episode, sample)
            found = {
                "tests": findings.failing_evidence(now),
                "count": now["new_n"],
                "tested": now["tested"],
                "chance": chance,
            }
            episode["finding"] = {**found, "words": findings.failing_words(now)}
            told.append(self._said(telling.failing(episode, over=False), episode, sample, closed=False))
            return episode
        if episode is None or not now["tested"]:
            return episode
        told.append(self._said(telling.failing(episode, over=True), episode, sample, closed=True))
        return None

    def _shaky(self, episode: Any, flaky: Memory, sample: Sample, told: list[Anomaly]) -> Any:
        if flaky:
            if episode is not None and episode["finding"] == flaky:
                return episode
            episode = (
                episodes.begun(sample, flaky)
                if episode is None
                else episodes.continued(episode, sample, flaky)
            )
            told.append(self._said(telling.flaky(episode, over=False), episode, sample, closed=False))
            return episode
        if episode is not None:
            told.append(self._said(telling.flaky(episode, over=True), episode, sample, closed=True))
        return None

    def _said(
        self, said: telling.Said, episode: episodes.Episode, sample: Sample, *, closed: bool
    ) -> Anomaly:
        return episodes.shown(
            episode,
            sample,
            detector=self.name,
            version=self.version,
            deviation_percent=None,
            closed=closed,
            **said._asdict(),
        )


def _at_least(count: int, mean: float) -> float:
    """The probability of so many, or more, where ``mean`` are usual (Poisson)."""
    mean = max(mean, _LEAST_NOISE)
    term = below = math.exp(-mean) if count else 0.0
    for n in range(1, min(count, 50)):
        term *= mean / n
        below += term
    return float(f"{max(1.0 - below, 0.0):.3g}")


detector: Detector = Tests()
